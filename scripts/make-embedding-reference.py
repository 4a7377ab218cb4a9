"""Makes laws/methods/chemistry/bootstrap-embedding/reference/quemb.json: what quemb (Apache-2.0,
https://github.com/troyvvgroup/quemb, commit 9745be9fc6a3) on PySCF 2.14.0 says of fragments and energies.

    python scripts/make-embedding-reference.py OUT.json

Mean fields, coupled cluster and matching are converged far beyond quemb's defaults, which leave up to some 1e-7 Ha: the
cumulant energy is of first order in the mean field of a fragment. Energies are in Ha, geometries in angstrom.
"""
import json
import math
import sys

import pyscf.cc.ccsd
import pyscf.cc.rccsd
import pyscf.scf.hf
from pyscf import gto, scf
from quemb.molbe import BE, fragmentate
from quemb.molbe.chemfrag import ChemGenArgs


def tight(cls, **settings):
    """Instances of a class start with these settings."""
    made = cls.__init__

    def init(self, *args, **named):
        made(self, *args, **named)
        for name, value in settings.items():
            setattr(self, name, value)

    cls.__init__ = init


tight(pyscf.scf.hf.RHF, conv_tol=1e-13, conv_tol_grad=1e-9)
tight(pyscf.cc.ccsd.CCSDBase, conv_tol=1e-11, conv_tol_normt=1e-9, max_cycle=200)


def chain(*places):
    return [["H", [0.0, 0.0, float(z)]] for z in places]


def ring(count):
    radius = 0.5 / math.sin(math.pi / count)
    return [["H", [radius * math.cos(2 * math.pi * i / count), radius * math.sin(2 * math.pi * i / count), 0.0]]
            for i in range(count)]


def atoms(*rows):
    return [[row.split()[0], [float(x) for x in row.split()[1:]]] for row in rows]


def alkane(count):
    """All-trans: C-C 1.53 angstrom, C-H 1.09, angles of 112 and 109.47 degrees."""
    half = math.radians(112 / 2)
    along, up = 1.53 * math.sin(half), 1.53 * math.cos(half)
    carbons = [(i * along, 0.0, up * (i % 2)) for i in range(count)]
    out, rise = 1.09 * math.sin(math.radians(109.47 / 2)), 1.09 * math.cos(math.radians(109.47 / 2))
    hydrogens = []
    for i, (x, _, z) in enumerate(carbons):
        side = 1 if i % 2 else -1
        hydrogens += [(x, out, z + side * rise), (x, -out, z + side * rise)]
    for end, sign in ((0, -1), (count - 1, 1)):
        x, _, z = carbons[end]
        side = 1 if end % 2 else -1
        hydrogens.append((x + sign * 1.09 * math.sin(half), 0.0, z - side * 1.09 * math.cos(half)))
    return [["C", [round(v, 6) for v in p]] for p in carbons] + [["H", [round(v, 6) for v in p]] for p in hydrogens]


GEOMETRIES = {
    "H4 chain": chain(*range(4)),
    "H6 chain": chain(*range(6)),
    "H8 chain": chain(*range(8)),
    "H8 chain, last atom apart": chain(0, 1, 2, 3, 4, 5, 6, 4.2),
    "H10 chain": chain(*range(10)),
    "H10 ring": ring(10),
    "propane": alkane(3),
    "butane": alkane(4),
    "propene": atoms(
        "C -1.2812 0.1635 0.0", "C 0.0 -0.4692 0.0", "C 1.1361 0.2239 0.0", "H -1.8605 -0.1292 0.8813",
        "H -1.8605 -0.1292 -0.8813", "H -1.1873 1.2545 0.0", "H 0.0279 -1.5563 0.0", "H 1.1535 1.3102 0.0",
        "H 2.0931 -0.2868 0.0"),
    # a carbon with four neighbours, so that fragments branch
    "neopentane": atoms(
        "C 0.0 0.0 0.0", "C 0.8834 0.8834 0.8834", "C -0.8834 -0.8834 0.8834", "C -0.8834 0.8834 -0.8834",
        "C 0.8834 -0.8834 -0.8834", "H 1.5180 1.5180 0.2546", "H 1.5180 0.2546 1.5180", "H 0.2546 1.5180 1.5180",
        "H -1.5180 -1.5180 0.2546", "H -1.5180 -0.2546 1.5180", "H -0.2546 -1.5180 1.5180", "H -1.5180 1.5180 -0.2546",
        "H -1.5180 0.2546 -1.5180", "H -0.2546 1.5180 -1.5180", "H 1.5180 -1.5180 -0.2546", "H 1.5180 -0.2546 -1.5180",
        "H 0.2546 -1.5180 -1.5180"),
}

MODES = {"one-shot": None, "chemical-potential": True, "full": False}


def hydrogens(name):
    return all(symbol == "H" for symbol, _ in GEOMETRIES[name])


def cases():
    for kind in (1, 2):
        yield dict(molecule="H4 chain", kind=kind, solver="FCI", matching="chemical-potential")
    yield dict(molecule="H8 chain", kind=1, solver="FCI", matching="chemical-potential")
    yield dict(molecule="H8 chain", kind=1, solver="CCSD", matching="one-shot")
    yield dict(molecule="H8 chain", kind=2, solver="FCI", matching="full")
    yield dict(molecule="H8 chain", kind=2, solver="CCSD", matching="full")
    yield dict(molecule="H8 chain", kind=3, solver="CCSD", matching="one-shot")
    yield dict(molecule="H8 chain", kind=1, solver="FCI", matching="chemical-potential", energy="density-matrices")
    yield dict(molecule="H10 ring", kind=2, solver="FCI", matching="full")
    yield dict(molecule="propene", kind=1, solver="CCSD", matching="one-shot")
    yield dict(molecule="propane", kind=1, solver="CCSD", matching="chemical-potential", frozenCore=True)
    # edges of several sites
    yield dict(molecule="H6 chain", kind=2, solver="CCSD", matching="full", basis="6-31g")
    # with a frozen core quemb makes intrinsic orbitals from fewer occupied orbitals than there are: not compared
    yield dict(molecule="propane", kind=1, solver="CCSD", matching="one-shot", basis="6-31g", localisation="iao")


def field_of(name, basis):
    molecule = gto.M(atom=GEOMETRIES[name], basis=basis, verbose=0)
    field = scf.RHF(molecule)
    field.kernel()
    return molecule, field


def cut(molecule, name, kind, frozen=False, swallowed="centres", **more):
    arguments = ChemGenArgs(
        h_treatment="treat_H_like_heavy_atom" if hydrogens(name) else "treat_H_diff",
        swallow_replace=swallowed == "apart")
    return fragmentate(mol=molecule, n_BE=kind, frag_type="chemgen", frozen_core=frozen, print_frags=False,
                       additional_args=arguments, **more)


def energy(molecule, kind, solver, matching, basis="sto-3g", frozenCore=False, energy="cumulant",
           localisation="lowdin", swallowed="centres"):
    made, field = field_of(molecule, basis)
    intrinsic = localisation == "iao"
    fragments = cut(made, molecule, kind, frozenCore, swallowed,
                    **(dict(iao_valence_basis="minao") if intrinsic else {}))
    be = BE(field, fragments, **(dict(lo_method="IAO", iao_loc_method="lowdin") if intrinsic else {}))
    if matching == "one-shot":
        be.oneshot(solver=solver, use_cumulant=energy == "cumulant")
    else:
        be.optimize(solver=solver, only_chem=MODES[matching], use_cumulant=energy == "cumulant", conv_tol=1e-8)
    return dict(
        molecule=molecule, basis=basis, fragments=f"be{kind}", solver=solver.lower(), matching=matching,
        frozenCore=frozenCore, energy=energy, localisation=localisation, swallowed=swallowed,
        meanField=field.e_tot, byFragments=be.ebe_hf, correlation=be.ebe_tot - be.ebe_hf, count=len(be.Fobjs),
        orbitals=[fragment.nao for fragment in be.Fobjs])


def fragments_of(name, kind, swallowed):
    """Atoms of motifs, from 0: of each fragment its origin, its centres and its edges with their fragments."""
    from quemb.molbe.chemfrag import PurelyStructureFragmented
    molecule = gto.M(atom=GEOMETRIES[name], basis="sto-3g", verbose=0)
    found = PurelyStructureFragmented.from_mole(
        molecule, n_BE=kind, swallow_replace=swallowed == "apart", autocratic_matching=True,
        h_treatment="treat_H_like_heavy_atom" if hydrogens(name) else "treat_H_diff")
    return dict(molecule=name, fragments=f"be{kind}", swallowed=swallowed, cut=[
        dict(origin=int(list(origin)[0]), centres=sorted(int(c) for c in centres),
             edges={str(int(e)): int(reference[e]) for e in edges})
        for origin, centres, edges, reference in zip(
            found.origin_per_frag, found.centers_per_frag, found.edges_per_frag, found.ref_frag_idx_per_edge)])


def main(out):
    found = [energy(**case) for case in cases()]
    cuts = [fragments_of(name, kind, "centres") for name in GEOMETRIES for kind in (1, 2, 3, 4)]
    with open(out, "w") as file:
        json.dump(dict(
            source="quemb 9745be9fc6a3 on PySCF 2.14.0, by scripts/make-embedding-reference.py",
            geometries=GEOMETRIES, cases=found, cuts=cuts), file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
