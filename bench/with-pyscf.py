"""
The work of chemistry.ts in PySCF, to the same convergence; it takes its number of threads from the environment, so one
number a process. Writes rows as the other suites do (see row.ts).
"""
import argparse
import json
import os
import pathlib
import time

import pyscf
from pyscf import cc, fci, gto, lib, scf

parser = argparse.ArgumentParser()
parser.add_argument("--milliseconds", type=float, default=1000)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--json")
given = parser.parse_args()
threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
lib.num_threads(threads)
geometries = json.loads((pathlib.Path(__file__).parent / "molecules.json").read_text())


def molecule(name, basis):
    return gto.M(atom=geometries[name], basis=basis, verbose=0, max_memory=16000)


def field(mol):
    mf = scf.RHF(mol)
    mf.conv_tol, mf.conv_tol_grad = 1e-10, 1e-7
    mf.kernel()
    return mf


def integrals(name, basis):
    mol = molecule(name, basis)
    return lambda: mol.intor("int2e", aosym="s8")


def mean_field(name, basis):
    mol = molecule(name, basis)
    return lambda: field(mol)


def cluster(name, basis):
    mf = field(molecule(name, basis))

    def run():
        solver = cc.CCSD(mf)
        solver.conv_tol, solver.conv_tol_normt = 1e-9, 1e-7
        solver.kernel()

    return run


def interaction(name, basis):
    mf = field(molecule(name, basis))

    def run():
        solver = fci.FCI(mf)
        solver.conv_tol = 1e-10
        solver.kernel()

    return run


groups = [
    ("integrals, octane in STO-3G", lambda: integrals("octane", "sto-3g")),
    ("integrals, benzene in cc-pVDZ", lambda: integrals("benzene", "cc-pvdz")),
    ("mean field, octane in STO-3G", lambda: mean_field("octane", "sto-3g")),
    ("mean field, benzene in cc-pVDZ", lambda: mean_field("benzene", "cc-pvdz")),
    ("CCSD, propane in 6-31G", lambda: cluster("propane", "6-31g")),
    ("FCI, 12 electrons in 12 orbitals", lambda: interaction("h12", "sto-3g")),
]


def measure(group, run):
    run()
    times = []
    while len(times) < 3 or (sum(times) < given.milliseconds / 1000 and len(times) < 50):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    speeds = sorted(1 / taken for taken in times)
    median = speeds[len(speeds) // 2]
    print(f"{group:36} {threads} thread(s) {median:8.3f} runs/s ({speeds[0]:.3f} to {speeds[-1]:.3f})")
    return {
        "suite": "pyscf", "group": group, "name": "PySCF " + pyscf.__version__, "threads": threads, "unit": "runs/s",
        "median": median, "min": speeds[0], "max": speeds[-1], "rounds": len(speeds), "ratio": None,
    }


rows = [measure(group, make()) for group, make in groups if not given.quick or "STO-3G" in group]
if given.json:
    with open(given.json, "w") as file:
        json.dump(rows, file)
