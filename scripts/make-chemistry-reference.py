"""Writes laws/methods/chemistry/reference/{pyscf,boys,gradients}.json: what PySCF says of small molecules in the packaged basis sets.

PySCF is given the very functions of data/basis and coordinates in bohr. Energies are converged to 1e-13 Ha. Correlation
energies are of all electrons; FCI where its dimension is at most 1e5.
"""
import json
import sys
from math import comb
from pathlib import Path

import numpy as np
import pyscf
from pyscf import cc, fci, gto, mp, scf

root = Path(__file__).resolve().parent.parent
out = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "laws/methods/chemistry/reference/pyscf.json"
bohr = 0.529177210903
files = {"6-31g*": "6-31g-d", "6-31g**": "6-31g-dp", "6-311g**": "6-311g-dp"}

geometries = {  # angstrom
    "H2": "H 0 0 0; H 0 0 0.74",
    "He": "He 0 0 0",
    "LiH": "Li 0 0 0; H 0 0 1.595",
    "BeH2": "Be 0 0 0; H 0 0 1.33; H 0 0 -1.33",
    "BH3": "B 0 0 0; H 1.19 0 0; H -0.595 1.03057023 0; H -0.595 -1.03057023 0",
    "HF": "F 0 0 0; H 0 0 0.917",
    "H2O": "O 0 0 0; H 0 -0.757 0.587; H 0 0.757 0.587",
    "NH3": "N 0 0 0.1; H 0 0.9377 -0.2816; H 0.8121 -0.4689 -0.2816; H -0.8121 -0.4689 -0.2816",
    "CH4": "C 0 0 0; H 0.629 0.629 0.629; H -0.629 -0.629 0.629; H -0.629 0.629 -0.629; H 0.629 -0.629 -0.629",
    "Ne": "Ne 0 0 0",
    "N2": "N 0 0 0; N 0 0 1.098",
    "CO": "C 0 0 0; O 0 0 1.128",
    "F2": "F 0 0 0; F 0 0 1.412",
    "LiF": "Li 0 0 0; F 0 0 1.564",
    "HCN": "H 0 0 -1.066; C 0 0 0; N 0 0 1.156",
    "H2CO": "C 0 0 0; O 0 0 1.203; H 0 0.934 -0.579; H 0 -0.934 -0.579",
    "C2H2": "C 0 0 0.6; C 0 0 -0.6; H 0 0 1.66; H 0 0 -1.66",
    "C2H4": "C 0.6695 0 0; C -0.6695 0 0; H 1.2342 0.9288 0; H 1.2342 -0.9288 0; H -1.2342 0.9288 0; H -1.2342 -0.9288 0",
    "HOOH": "O 0 0.7 0; O 0 -0.7 0; H 0.8 0.9 0.5; H -0.8 -0.9 0.5",
    "NaH": "Na 0 0 0; H 0 0 1.887",
    "HCl": "Cl 0 0 0; H 0 0 1.275",
    "H2S": "S 0 0 0; H 0.96 0 0.92; H -0.96 0 0.92",
    "H4 chain": "H 0 0 0; H 0 0 1; H 0 0 2; H 0 0 3",
    "H6 ring": "H 1 0 0; H 0.5 0.8660254 0; H -0.5 0.8660254 0; H -1 0 0; H -0.5 -0.8660254 0; H 0.5 -0.8660254 0",
}
pairs = [(m, b) for m in geometries for b in ("sto-3g", "6-31g")] + [
    (m, "cc-pvdz") for m in ("H2", "He", "LiH", "HF", "H2O", "NH3", "CH4", "Ne", "N2", "CO", "H4 chain", "HCN")
] + [("H2O", "3-21g"), ("H2O", "6-31g*"), ("H2O", "6-31g**"), ("H2O", "6-311g**"), ("H2O", "def2-svp"),
     ("NH3", "6-31g**"), ("CO", "def2-svp"), ("He", "cc-pvtz"), ("H2", "cc-pvtz"), ("HF", "cc-pvtz")]
elementwise = [("LiH", "sto-3g", False), ("H2O", "sto-3g", False), ("HF", "6-31g*", False), ("HF", "6-31g*", True)]


def functions(name, symbols):
    data = json.loads((root / "data/basis" / (files.get(name, name) + ".json")).read_text())
    basis = {}
    for symbol in symbols:
        shells = []
        for shell in data["elements"][str(gto.charge(symbol))]["electron_shells"]:
            exponents = [float(e) for e in shell["exponents"]]
            momenta, rows = shell["angular_momentum"], shell["coefficients"]
            for l in sorted(set(momenta)):
                kept = [r for at, r in enumerate(rows) if (momenta[0] if len(momenta) == 1 else momenta[at]) == l]
                shells.append([l] + [[e, *(float(r[at]) for r in kept)] for at, e in enumerate(exponents)])
        basis[symbol] = sorted(shells, key=lambda shell: shell[0])
    return basis


def molecule(name, basis, cartesian=False):
    atoms = [line.split() for line in geometries[name].split(";")]
    symbols = [a[0] for a in atoms]
    coordinates = [[float(x) / bohr for x in a[1:]] for a in atoms]
    return gto.M(atom=list(zip(symbols, coordinates)), unit="Bohr", basis=functions(basis, set(symbols)),
                 cart=cartesian, verbose=0)


def flat(a, digits=13):
    return [float(f"{x:.{digits}g}") for x in np.asarray(a).ravel()]


def solved(mol):
    mf = scf.RHF(mol)
    mf.conv_tol, mf.conv_tol_grad, mf.max_cycle = 1e-13, 1e-9, 200
    mf.kernel()
    assert mf.converged
    return mf


cases = []
for name, basis in pairs:
    mol = molecule(name, basis)
    mf = solved(mol)
    n, occupied = mol.nao, mol.nelectron // 2
    case = {
        "molecule": name, "basis": basis, "orbitals": n, "nuclearRepulsion": mol.energy_nuc(), "rhf": mf.e_tot,
        "orbitalEnergies": flat(mf.mo_energy, 11), "dipole": [round(x, 9) for x in mf.dip_moment(unit="AU", verbose=0)],
    }
    if n <= 30 and occupied < n:
        case["mp2"] = mp.MP2(mf).run().e_corr
        coupled = cc.CCSD(mf)
        coupled.conv_tol, coupled.conv_tol_normt, coupled.max_cycle = 1e-11, 1e-9, 200
        coupled.kernel()
        if coupled.converged:
            case["ccsd"] = coupled.e_corr
            case["triples"] = float(coupled.ccsd_t()) if occupied > 1 or n > 2 else 0.0
        if comb(n, occupied) ** 2 <= 100_000:
            solver = fci.FCI(mf)
            solver.conv_tol = 1e-13
            case["fci"] = float(solver.kernel()[0] - mf.e_tot)
    cases.append(case)
    print(name, basis, n, mf.e_tot, case.get("ccsd"), case.get("fci"), flush=True)

integrals = []
for name, basis, cartesian in elementwise:
    mol = molecule(name, basis, cartesian)
    charges, places = np.array([0.7, -1.3]), np.array([[1.5, -2.0, 0.3], [0.2, 0.9, 3.1]])
    around = 0
    for q, r in zip(charges, places):
        with mol.with_rinv_origin(r):
            around = around - q * mol.intor("int1e_rinv")
    integrals.append({
        "molecule": name, "basis": basis, "cartesian": cartesian, "orbitals": mol.nao,
        "overlap": flat(mol.intor("int1e_ovlp")), "kinetic": flat(mol.intor("int1e_kin")),
        "nuclear": flat(mol.intor("int1e_nuc")), "dipole": [flat(d) for d in mol.intor("int1e_r")],
        "charges": charges.tolist(), "places": places.ravel().tolist(), "attraction": flat(around),
        "repulsion": flat(mol.intor("int2e", aosym="s8")), "rhf": solved(mol).e_tot,
    })

# sums of squares and of elements weighted by their place, which see f functions and a wrong order
sums = []
for name, basis in [("HF", "cc-pvtz"), ("H2O", "cc-pvdz"), ("HCl", "6-311g**")]:
    mol = molecule(name, basis)
    entry = {"molecule": name, "basis": basis, "orbitals": mol.nao}
    for key, data in [("overlap", mol.intor("int1e_ovlp")), ("kinetic", mol.intor("int1e_kin")),
                      ("nuclear", mol.intor("int1e_nuc")), ("repulsion", mol.intor("int2e", aosym="s8"))]:
        flatly = data.ravel()
        entry[key] = [float(flatly @ flatly), float(flatly @ np.cos(np.arange(flatly.size)))]
    sums.append(entry)

out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps({
    "source": f"PySCF {pyscf.__version__}, scripts/make-chemistry-reference.py; energies in Ha, 1 bohr = {bohr} angstrom",
    "geometries": {name: text for name, text in geometries.items()},
    "cases": cases, "integrals": integrals, "sums": sums,
}, separators=(",", ":")) + "\n")
print(out, out.stat().st_size)

# the Boys function to 20 digits, from the incomplete gamma function
import mpmath

mpmath.mp.dps = 40
points = [0, 1e-8, 0.1, 1, 5, 12.5, 27, 35, 35.99, 36.01, 60, 200]
values = [[m, x, mpmath.nstr(1 / mpmath.mpf(2 * m + 1) if x == 0 else
                             mpmath.gammainc(m + 0.5, 0, x) / (2 * mpmath.mpf(x) ** (m + 0.5)), 20)]
          for m in (0, 1, 2, 4, 8, 12, 16) for x in points]
(out.parent / "boys.json").write_text(json.dumps({
    "source": f"mpmath {mpmath.__version__}, scripts/make-chemistry-reference.py: [m, x, F_m(x)]", "values": values,
}, separators=(",", ":")) + "\n")

# gradients of the mean field in Ha/bohr, and its energy with fitted densities
gradients = []
for name, basis in [("LiH", "6-31g"), ("H2O", "cc-pvdz"), ("NH3", "6-31g**"), ("H2CO", "sto-3g"), ("HCl", "6-31g*")]:
    mol = molecule(name, basis)
    fitted = scf.RHF(mol).density_fit(auxbasis=functions("def2-universal-jkfit", {mol.atom_symbol(i) for i in range(mol.natm)}))
    fitted.conv_tol, fitted.conv_tol_grad = 1e-13, 1e-9
    gradients.append({
        "molecule": name, "basis": basis, "gradient": flat(solved(mol).nuc_grad_method().kernel(), 11),
        "fitted": float(fitted.kernel()), "fittingFunctions": int(fitted.with_df.get_naoaux()),
    })
    print(name, basis, gradients[-1]["fitted"], flush=True)
(out.parent / "gradients.json").write_text(json.dumps({
    "source": f"PySCF {pyscf.__version__}, scripts/make-chemistry-reference.py", "cases": gradients,
}, separators=(",", ":")) + "\n")
