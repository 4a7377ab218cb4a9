"""
Makes laws/methods/chemistry/correlation/reference: Hamiltonians of small molecules over their canonical Hartree-Fock
orbitals, with the energies, natural occupations and density matrices that PySCF computes for them, as the truth for the
library's own correlation methods.

    venv/bin/python scripts/make-correlation-reference.py laws/methods/chemistry/correlation/reference

A case is NAME.json and NAME.integrals.gz. The latter is gzipped little-endian float64: the one-body integrals h(p, q),
p >= q, then the two-body integrals (pq|rs) in chemists' notation with 8-fold symmetry, pq = p (p + 1) / 2 + q, p >= q,
pq >= rs. Energies are in hartree and include the nuclear repulsion; `triples` is the (T) correction alone. Density
matrices are spin-summed: gamma(p, q) = <p+ q>, row-major. Geometries are in angstrom, all electrons are correlated.
"""
import gzip
import json
import pathlib
import sys

import numpy
import pyscf
from pyscf import ao2mo, cc, fci, gto, mp, scf

WATER = "O 0 0 0.1173; H 0 0.7572 -0.4692; H 0 -0.7572 -0.4692"
AMMONIA = "N 0 0 0.1162; H 0 0.9397 -0.2711; H 0.8138 -0.4699 -0.2711; H -0.8138 -0.4699 -0.2711"
METHANE = "C 0 0 0; H .629 .629 .629; H -.629 -.629 .629; H -.629 .629 -.629; H .629 -.629 -.629"
ETHENE = ("C 0 0 0.6695; C 0 0 -0.6695; H 0 0.9289 1.2321; H 0 -0.9289 1.2321; "
          "H 0 0.9289 -1.2321; H 0 -0.9289 -1.2321")


def chain(count, distance):
    return "; ".join(f"H 0 0 {index * distance}" for index in range(count))


# name: (geometry, basis, whether FCI is made)
CASES = {
    "h2-sto-3g": (chain(2, 0.74), "sto-3g", True),
    "h2-6-31g": (chain(2, 0.74), "6-31g", True),
    "h2-cc-pvdz": (chain(2, 0.74), "cc-pvdz", True),
    "h2-stretched-6-31g": (chain(2, 2.0), "6-31g", True),
    "h4-sto-3g": (chain(4, 1.0), "sto-3g", True),
    "h6-sto-3g": (chain(6, 1.0), "sto-3g", True),
    "h6-6-31g": (chain(6, 1.0), "6-31g", True),
    "h8-sto-3g": (chain(8, 1.0), "sto-3g", True),
    "lih-sto-3g": ("Li 0 0 0; H 0 0 1.595", "sto-3g", True),
    "lih-6-31g": ("Li 0 0 0; H 0 0 1.595", "6-31g", True),
    "hf-sto-3g": ("H 0 0 0; F 0 0 0.917", "sto-3g", True),
    "hf-6-31g": ("H 0 0 0; F 0 0 0.917", "6-31g", True),
    "beh2-sto-3g": ("Be 0 0 0; H 0 0 1.334; H 0 0 -1.334", "sto-3g", True),
    "water-sto-3g": (WATER, "sto-3g", True),
    "water-6-31g": (WATER, "6-31g", True),
    "water-cc-pvdz": (WATER, "cc-pvdz", False),
    "ammonia-sto-3g": (AMMONIA, "sto-3g", True),
    "ammonia-6-31g": (AMMONIA, "6-31g", False),
    "methane-sto-3g": (METHANE, "sto-3g", True),
    "nitrogen-sto-3g": ("N 0 0 0; N 0 0 1.098", "sto-3g", True),
    "nitrogen-stretched-sto-3g": ("N 0 0 0; N 0 0 1.5", "sto-3g", True),
    "nitrogen-6-31g": ("N 0 0 0; N 0 0 1.098", "6-31g", False),
    "carbon-monoxide-sto-3g": ("C 0 0 0; O 0 0 1.128", "sto-3g", True),
    "ethene-sto-3g": (ETHENE, "sto-3g", False),
    "h12-sto-3g": (chain(12, 1.0), "sto-3g", True),
}

STATES = 3


def lower(matrix):
    return matrix[numpy.tril_indices(matrix.shape[0])]


def states(one, two, orbitals, electrons, core):
    """The lowest states that are even under exchange of the spins: singlets (and quintets)."""
    solver = fci.direct_spin0.FCI()
    solver.conv_tol, solver.max_cycle, solver.max_space = 1e-13, 400, 30
    count = STATES if orbitals <= 8 and orbitals > 2 else 1
    energies, vectors = solver.kernel(one, two, orbitals, electrons, ecore=core, nroots=count)
    energies, vectors = (energies, vectors) if count > 1 else ([energies], [vectors])
    gamma = solver.make_rdm1(vectors[0], orbitals, electrons)
    # the exact energy of the vector is that of its second-order error
    return [float(energy) for energy in energies], gamma, float(vectors[0][0, 0] ** 2)


def make(folder, name, geometry, basis, exact):
    molecule = gto.M(atom=geometry, basis=basis, verbose=0)
    field = scf.RHF(molecule)
    field.conv_tol, field.conv_tol_grad, field.max_cycle = 1e-13, 1e-9, 300
    field.kernel()
    assert field.converged, name
    orbitals, electrons = field.mo_coeff.shape[1], molecule.nelectron
    one = field.mo_coeff.T @ field.get_hcore() @ field.mo_coeff
    one = (one + one.T) / 2
    two = ao2mo.kernel(molecule, field.mo_coeff, compact=True)
    two = lower((two + two.T) / 2)
    case = {
        "geometry": geometry, "basis": basis, "program": f"PySCF {pyscf.__version__}",
        "orbitals": orbitals, "electrons": electrons, "core": float(molecule.energy_nuc()),
        "orbitalEnergies": field.mo_energy.tolist(), "hartreeFock": float(field.e_tot),
    }
    full = ao2mo.restore(1, two, orbitals)
    second = mp.MP2(field)
    second.kernel()
    cluster = cc.RCCSD(field)
    cluster.conv_tol, cluster.conv_tol_normt, cluster.max_cycle = 1e-12, 1e-10, 300
    cluster.kernel()
    assert cluster.converged, name
    triples = cluster.ccsd_t() if electrons > 2 else 0.0
    cluster.solve_lambda()
    case |= {
        "mp2": float(second.e_tot), "ccsd": float(cluster.e_tot), "triples": float(triples),
        "mp2Density": second.make_rdm1().ravel().tolist(),
        "ccsdDensity": cluster.make_rdm1().ravel().tolist() if cluster.converged_lambda else None,
    }
    if exact:
        energies, gamma, weight = states(one, full, orbitals, electrons, case["core"])
        case |= {
            "fci": energies, "fciDensity": gamma.ravel().tolist(), "referenceWeight": weight,
            "naturalOccupations": sorted(numpy.linalg.eigvalsh(gamma).tolist(), reverse=True),
        }
    (folder / f"{name}.json").write_text(json.dumps(case) + "\n")
    data = numpy.concatenate([lower(one), two]).astype("<f8").tobytes()
    (folder / f"{name}.integrals.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    print(name, orbitals, electrons, case["hartreeFock"], case["ccsd"], case.get("fci"), flush=True)


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for case, (geometry, basis, exact) in CASES.items():
        if len(sys.argv) < 3 or case in sys.argv[2:]:
            make(target, case, geometry, basis, exact)
