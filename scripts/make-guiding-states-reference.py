"""
Makes laws/methods/chemistry/guiding-states/reference/pyscf.json: overlaps of determinants and of active spaces with the
exact ground state, natural occupations and entropies, impurity models, fragments with their Schmidt bath, a core
projected out of a chain, and the qubit Hamiltonian and the phase estimation of hydrogen, as PySCF's full configuration
interaction has them.

    venv/bin/python scripts/make-guiding-states-reference.py laws/methods/chemistry/guiding-states/reference/pyscf.json

Geometries are in angstrom, energies in hartree with the nuclear repulsion; natural occupations are spin-summed, the
correlation spectrum is per spin. Windows are `pairs` natural orbitals on either side of the Fermi level.
"""
import itertools
import json
import sys

import numpy
import pyscf
from pyscf import ao2mo, fci, gto, mcscf, scf
from pyscf.fci import addons, cistring


def chain(count, spacing):
    return "; ".join(f"H 0 0 {index * spacing}" for index in range(count))


MOLECULES = [
    ("H2_R2.0", "6-31g", chain(2, 2.0)),
    ("H2_R3.0", "6-31g", chain(2, 3.0)),
    ("LiH", "sto-3g", "Li 0 0 0; H 0 0 1.595"),
    ("H2O", "sto-3g", "O 0 0 0; H 0 -0.757 0.587; H 0 0.757 0.587"),
    ("H4_chain_R1.0", "sto-3g", chain(4, 1.0)),
    ("H8_chain_R1.0", "sto-3g", chain(8, 1.0)),
    ("H4_chain_R1.8", "sto-3g", chain(4, 1.8)),
    ("H8_chain_R1.8", "sto-3g", chain(8, 1.8)),
]


def mean_field(atoms, basis):
    molecule = gto.M(atom=atoms, basis=basis, verbose=0)
    field = scf.RHF(molecule)
    field.conv_tol = 1e-13
    field.conv_tol_grad = 1e-9
    field.kernel()
    return molecule, field


def ground(h, eri, orbitals, electrons, core=0.0):
    solver = fci.direct_spin0.FCI()
    solver.conv_tol = 1e-13
    solver.max_cycle = 1000
    energy, vector = solver.kernel(h, eri, orbitals, electrons)
    return energy + core, vector / numpy.linalg.norm(vector)


def natural(vector, orbitals, electrons):
    density = fci.direct_spin1.make_rdm1(vector, orbitals, (electrons // 2, electrons // 2))
    values, vectors = numpy.linalg.eigh(density)
    return density, values[::-1], vectors[:, ::-1]


def entropies(vector, orbitals, electrons):
    (up, down), two = fci.direct_spin1.make_rdm12s(vector, orbitals, (electrons // 2, electrons // 2))
    found = []
    for p in range(orbitals):
        both = two[1][p, p, p, p]
        chances = [1 - up[p, p] - down[p, p] + both, up[p, p] - both, down[p, p] - both, both]
        found.append(-sum(w * numpy.log(w) for w in chances if w > 1e-15))
    return found


def inside(vector, orbitals, electrons, frozen, active):
    strings = cistring.make_strings(range(orbitals), electrons // 2)
    full = (1 << frozen) - 1
    allowed = [at for at, mask in enumerate(strings) if mask < 1 << (frozen + active) and mask & full == full]
    return allowed, float((vector[numpy.ix_(allowed, allowed)] ** 2).sum())


def overlaps(name, basis, atoms):
    molecule, field = mean_field(atoms, basis)
    n, electrons = field.mo_coeff.shape[1], molecule.nelectron
    pairs = electrons // 2
    h = field.mo_coeff.T @ field.get_hcore() @ field.mo_coeff
    energy, vector = ground(h, ao2mo.kernel(molecule, field.mo_coeff), n, electrons, molecule.energy_nuc())
    density, occupations, orbitals = natural(vector, n, electrons)
    turned = addons.transform_ci(vector, (pairs, pairs), orbitals)
    windows = []
    for k in range(min(pairs, n - pairs) + 1):
        frozen, active = pairs - k, 2 * k
        allowed, weight = inside(turned, n, electrons, frozen, active)
        bound = 1 - sum(2 - occupations[:frozen]) - sum(occupations[frozen + active:])
        window = {"pairs": k, "active": active, "weight": weight, "bound": float(bound)}
        if k > 0:
            cas = mcscf.CASCI(field, active, 2 * k)
            cas.fcisolver = fci.direct_spin0.FCI()
            cas.fcisolver.conv_tol = 1e-13
            cas.fcisolver.max_cycle = 1000
            total, _, state, _, _ = cas.kernel(field.mo_coeff @ orbitals)
            # strings come by ascending mask, inside as outside
            part = float((state * turned[numpy.ix_(allowed, allowed)]).sum()) ** 2
            window |= {"energy": float(total), "overlap": part}
        windows.append(window)
    heavy = [numpy.sort((each ** 2).ravel())[::-1].cumsum() for each in (vector, turned)]
    return {
        "name": name, "basis": basis, "geometry": atoms, "meanField": field.e_tot, "exact": energy,
        "meanFieldOverlap": vector[0, 0] ** 2, "naturalOverlap": turned[0, 0] ** 2, "occupations": list(occupations),
        "delta": float(sum(2 - occupations[:pairs])), "meanFieldBound": float(1 - sum(2 - density.diagonal()[:pairs])),
        "entropies": entropies(turned, n, electrons), "canonicalEntropies": entropies(vector, n, electrons),
        "windows": windows,
        "heaviest": {str(k): [float(each[k - 1]) for each in heavy] for k in (1, 2, 5, 10, 50) if k <= heavy[0].size},
    }


def impurity(sites, repulsion, coupling=0.5):
    n = sites + 1
    h = numpy.diag([-1.0] * (n - 1), 1) + numpy.diag([-1.0] * (n - 1), -1)
    h[0, 1] = h[1, 0] = -coupling
    h[0, 0] = -repulsion / 2
    eri = numpy.zeros((n,) * 4)
    eri[0, 0, 0, 0] = repulsion
    # at half filling the mean field is the free sea
    free = h.copy()
    free[0, 0] = 0
    levels, sea = numpy.linalg.eigh(free)
    turned = sea.T @ h @ sea
    repelled = numpy.einsum("pqrs,pi,qj,rk,sl->ijkl", eri, sea, sea, sea, sea, optimize=True)
    energy, vector = ground(turned, repelled, n, n)
    _, occupations, orbitals = natural(vector, n, n)
    best = addons.transform_ci(vector, (n // 2, n // 2), orbitals)
    spectrum = sorted((max(0.0, min(x, 2 - x) / 2) for x in occupations), reverse=True)
    return {"bath": sites, "repulsion": repulsion, "meanField": float(2 * levels[: n // 2].sum() - repulsion / 4),
            "exact": energy, "meanFieldOverlap": vector[0, 0] ** 2, "naturalOverlap": best[0, 0] ** 2,
            "spectrum": spectrum}


def core(molecule, field, columns, electrons, environment):
    """The Hamiltonian over `columns` in the field of an environment's density, canonical, and its ground state."""
    h = field.get_hcore() + field.get_veff(dm=environment)
    constant = molecule.energy_nuc() + numpy.einsum("ij,ij", environment, field.get_hcore() + h) / 2
    one = columns.T @ h @ columns
    eri = ao2mo.restore(1, ao2mo.kernel(molecule, columns), columns.shape[1])
    occupied = electrons // 2
    filled = slice(0, occupied)
    fock = one + 2 * numpy.einsum("pqii->pq", eri[:, :, filled, filled]) \
        - numpy.einsum("piiq->pq", eri[:, filled, filled, :])
    assert abs(fock[:occupied, occupied:]).max() < 1e-5
    energy, vector = ground(one, eri, columns.shape[1], electrons, constant)
    return energy, vector


def root(overlap, power):
    values, vectors = numpy.linalg.eigh(overlap)
    return (vectors * values ** power) @ vectors.T


def fragments(count, spacing, reach):
    molecule, field = mean_field(chain(count, spacing), "sto-3g")
    overlap = field.get_ovlp()
    loewdin = root(overlap, -0.5)
    occupied = field.mo_coeff[:, : count // 2]
    sites = root(overlap, 0.5) @ occupied
    density = sites @ sites.T
    found = {"chain": count, "spacing": spacing, "reach": reach, "overlaps": [], "orbitals": [], "delta": []}
    for first in range(count - 2 * reach + 2):
        fragment = list(range(first, first + 2 * reach - 1))
        rest = [site for site in range(count) if site not in fragment]
        values, vectors = numpy.linalg.eigh(density[numpy.ix_(rest, rest)])
        bath = [k for k, value in enumerate(values) if 1e-10 < value < 1 - 1e-10]
        space = numpy.zeros((count, len(fragment) + len(bath)))
        space[fragment, range(len(fragment))] = 1
        space[numpy.ix_(rest, range(len(fragment), space.shape[1]))] = vectors[:, bath]
        held, turn = numpy.linalg.eigh(-(space.T @ density @ space))
        electrons = 2 * round(-held.sum())
        columns = loewdin @ space @ turn
        inner = 2 * columns[:, : electrons // 2] @ columns[:, : electrons // 2].T
        _, vector = core(molecule, field, columns, electrons, field.make_rdm1() - inner)
        _, occupations, _ = natural(vector, columns.shape[1], electrons)
        found["overlaps"].append(vector[0, 0] ** 2)
        found["orbitals"].append(columns.shape[1])
        found["delta"].append(float(sum(2 - occupations[: electrons // 2])))
    return found


def projection(count, atoms):
    molecule, field = mean_field(chain(count, 1.0), "sto-3g")
    overlap, pairs = field.get_ovlp(), count // 2
    occupied = field.mo_coeff[:, :pairs]
    _, values, right = numpy.linalg.svd((root(overlap, 0.5) @ occupied)[:atoms])
    turned = occupied @ right.T
    inside_pairs = 1 + int(numpy.argmax(values[:-1] - values[1:]))
    inner, outer = turned[:, :inside_pairs], turned[:, inside_pairs:]
    held = outer @ outer.T
    fock = field.get_fock()
    shifted = fock - fock @ held @ overlap - overlap @ held @ fock
    x = root(overlap, -0.5)
    _, vectors = numpy.linalg.eigh(x @ shifted @ x)
    columns = x @ vectors
    own = [k for k in range(count) if columns[:, k] @ overlap @ held @ overlap @ columns[:, k] < 0.5]
    columns = columns[:, own]
    assert abs(columns[:, :inside_pairs] @ columns[:, :inside_pairs].T - inner @ inner.T).max() < 1e-6
    electrons = 2 * inside_pairs
    energy, vector = core(molecule, field, columns, electrons, 2 * held)
    _, occupations, _ = natural(vector, columns.shape[1], electrons)
    return {"singularValues": list(values), "meanField": field.e_tot, "orbitals": columns.shape[1], "exact": energy,
            "overlap": vector[0, 0] ** 2, "occupations": list(occupations),
            "delta": float(sum(2 - occupations[:inside_pairs]))}


def outcomes(atoms):
    molecule, field = mean_field(atoms, "sto-3g")
    n, electrons = field.mo_coeff.shape[1], molecule.nelectron
    h = field.mo_coeff.T @ field.get_hcore() @ field.mo_coeff
    matrix = fci.direct_spin1.pspace(h, ao2mo.kernel(molecule, field.mo_coeff), n, electrons, np=10_000)[1]
    addresses = fci.direct_spin1.pspace(h, ao2mo.kernel(molecule, field.mo_coeff), n, electrons, np=10_000)[0]
    values, vectors = numpy.linalg.eigh(matrix)
    weights = vectors[list(addresses).index(0)] ** 2
    lines = []
    for energy, weight in zip(values + molecule.energy_nuc(), weights):
        if lines and abs(lines[-1][0] - energy) < 1e-8:
            lines[-1][1] += weight
        else:
            lines.append([float(energy), float(weight)])
    lines = [line for line in lines if line[1] > 1e-9]
    low, high = lines[0][0] - 0.1, lines[-1][0] + 0.1
    found = {}
    for bits in (4, 6, 8, 10):
        size = 2 ** bits
        chances = numpy.zeros(size)
        for energy, weight in lines:
            away = (energy - low) / (high - low) - numpy.arange(size) / size
            chances += weight * (numpy.sin(numpy.pi * size * away) / (size * numpy.sin(numpy.pi * away))) ** 2
        found[str(bits)] = {"outcome": int(chances.argmax()), "probability": float(chances.max())}
    return {"lines": lines, "window": [low, high], "outcomes": found}


def qubits(atoms):
    """The Hamiltonian as a matrix of ladder operators in the order up 0, down 0, up 1, ..., and its Pauli words."""
    molecule, field = mean_field(atoms, "sto-3g")
    n = field.mo_coeff.shape[1]
    h = field.mo_coeff.T @ field.get_hcore() @ field.mo_coeff
    eri = ao2mo.restore(1, ao2mo.kernel(molecule, field.mo_coeff), n)
    pauli = {"I": numpy.eye(2), "X": numpy.array([[0, 1], [1, 0]]), "Y": numpy.array([[0, -1j], [1j, 0]]),
             "Z": numpy.diag([1, -1])}

    def tensor(factors):
        out = numpy.eye(1)
        for factor in factors:
            out = numpy.kron(out, factor)
        return out

    lower = [tensor([pauli["Z"]] * k + [numpy.array([[0, 1], [0, 0]])] + [pauli["I"]] * (2 * n - k - 1))
             for k in range(2 * n)]
    total = molecule.energy_nuc() * numpy.eye(4 ** n, dtype=complex)
    for p, q in itertools.product(range(n), repeat=2):
        for s in range(2):
            total += h[p, q] * lower[2 * p + s].T @ lower[2 * q + s]
        for r, t in itertools.product(range(n), repeat=2):
            for s, u in itertools.product(range(2), repeat=2):
                total += 0.5 * eri[p, q, r, t] * (lower[2 * p + s].T @ lower[2 * r + u].T
                                                  @ lower[2 * t + u] @ lower[2 * q + s])
    words = {}
    for letters in itertools.product("IXYZ", repeat=2 * n):
        value = numpy.trace(tensor([pauli[letter] for letter in letters]) @ total).real / 4 ** n
        if abs(value) > 1e-10:
            words["".join(letters)] = float(value)
    return {"molecule": "H2 0.74 angstrom, STO-3G, canonical orbitals; nuclear repulsion in the identity",
            "words": words, "eigenvalues": list(numpy.linalg.eigvalsh(total)),
            "oneNorm": sum(abs(value) for word, value in words.items() if set(word) != {"I"})}


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(each) for each in value]
    return float(f"{value:.12g}") if isinstance(value, float) else value


made = {
    "source": f"PySCF {pyscf.__version__}, full configuration interaction; scripts/make-guiding-states-reference.py",
    "molecules": [overlaps(*each) for each in MOLECULES],
    "impurities": [impurity(sites, float(repulsion)) for sites in (3, 5, 7) for repulsion in (1, 4, 8)],
    "fragments": [fragments(count, spacing, reach)
                  for count, spacing, reach in [(6, 1.0, 1), (6, 1.0, 2), (8, 1.0, 1), (8, 1.0, 2), (6, 1.8, 1),
                                                (6, 1.8, 2), (8, 1.8, 1)]],
    "projection": projection(8, 4),
    "phaseEstimation": {"H2": outcomes(chain(2, 0.74)), "H4_chain_1A": outcomes(chain(4, 1.0))},
    "jordanWigner": qubits(chain(2, 0.74)),
}
with open(sys.argv[1], "w") as file:
    json.dump(rounded(made), file, separators=(",", ":"), default=float)
    file.write("\n")
