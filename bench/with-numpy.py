"""
The same contractions and row operations in numpy, whose OpenBLAS takes its number of threads from the environment:
one number a process. Prints a table and writes rows as the other suites do (see row.ts).
"""
import argparse
import json
import os
import time

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--milliseconds", type=float, default=1000)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--json")
given = parser.parse_args()
threads = int(os.environ.get("OPENBLAS_NUM_THREADS", "1"))


def measure(group, unit, work, run):
    """Speeds in units of work a second, timed for about the given time after half as long untimed."""
    end = time.perf_counter() + given.milliseconds / 2000
    run()
    while time.perf_counter() < end:
        run()
    times = []
    while len(times) < 5 or (sum(times) < given.milliseconds / 1000 and len(times) < 200):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    speeds = sorted(work / taken for taken in times)
    median = speeds[len(speeds) // 2]
    print(f"{group:36} {threads} thread(s) {median:8.2f} {unit} ({speeds[0]:.2f} to {speeds[-1]:.2f})")
    return {
        "suite": "numpy", "group": group, "name": "numpy " + np.__version__, "threads": threads, "unit": unit,
        "median": median, "min": speeds[0], "max": speeds[-1], "rounds": len(speeds), "ratio": None,
    }


def square(dtype, size):
    a = np.sin(np.arange(size * size, dtype=np.float64)).reshape(size, size).astype(dtype)
    out = np.empty_like(a)
    return lambda: np.matmul(a, a, out=out)


rows = []
for name, dtype in (("f32", np.float32), ("f64", np.float64)):
    for size in (512,) if given.quick else (512, 1024, 2048):
        rows.append(measure(f"{name} {size} x {size} x {size}", "GFLOP/s", 2e-9 * size**3, square(dtype, size)))

n = 2048
a, b, c = (np.sin(np.arange(n * n) + phase).reshape(n, n).astype(np.float32) for phase in range(3))


def chain():
    x = a * b + c
    return 0.5 * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)))


def softmax():
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def layer_norm():
    centred = a - a.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.float32(1e-5))


if threads == 1:
    bytes = 4e-9 * n * n
    rows.append(measure("gelu(a * b + c), 4 M floats", "GB/s", 4 * bytes, chain))
    rows.append(measure("softmax, 2048 x 2048", "GB/s", 2 * bytes, softmax))
    rows.append(measure("layer norm, 2048 x 2048", "GB/s", 2 * bytes, layer_norm))

if given.json:
    with open(given.json, "w") as file:
        json.dump(rows, file)
