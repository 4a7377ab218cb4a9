"""
The work of embedding.ts in quemb (https://github.com/troyvvgroup/quemb, not on PyPI: its folder src on PYTHONPATH), at
its own thresholds; it takes its number of threads from the environment, so one number a process. Writes rows as the
other suites do (see row.ts).
"""
import argparse
import contextlib
import io
import json
import os
import pathlib
import time

import pyscf
from pyscf import gto, lib, scf
from quemb.molbe import BE, fragmentate

parser = argparse.ArgumentParser()
parser.add_argument("--milliseconds", type=float, default=1000)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--json")
given = parser.parse_args()
threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
lib.num_threads(threads)
geometries = json.loads((pathlib.Path(__file__).parent / "molecules.json").read_text())
kind = 1 if given.quick else 2

molecule = gto.M(atom=geometries["octane"], basis="sto-3g", verbose=0, max_memory=16000)
field = scf.RHF(molecule)
field.kernel()


def run():
    with contextlib.redirect_stdout(io.StringIO()):
        fragments = fragmentate(mol=molecule, n_BE=kind, frag_type="chemgen", print_frags=False)
        embedding = BE(field, fragments)
        embedding.oneshot(solver="CCSD")
    return embedding.ebe_tot - embedding.ebe_hf


run()
times = []
while len(times) < 3 or (sum(times) < given.milliseconds / 1000 and len(times) < 50):
    start = time.perf_counter()
    found = run()
    times.append(time.perf_counter() - start)
speeds = sorted(1 / taken for taken in times)
group = f"BE{kind} of octane in STO-3G, CCSD, one shot"
print(f"{group} {threads} thread(s) {speeds[len(speeds) // 2]:8.3f} runs/s, correlation {found:.10f} Ha")
rows = [{
    "suite": "pyscf", "group": group, "name": "quemb on PySCF " + pyscf.__version__, "threads": threads,
    "unit": "runs/s", "median": speeds[len(speeds) // 2], "min": speeds[0], "max": speeds[-1], "rounds": len(speeds),
    "ratio": None,
}]
if given.json:
    with open(given.json, "w") as file:
        json.dump(rows, file)
