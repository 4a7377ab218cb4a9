"""
The same contractions and row operations in numpy, whose OpenBLAS takes its number of threads from the environment (one
number a process), and in PyTorch where there is one. Prints a table and writes rows as the other suites do (row.ts).
"""
import argparse
import json
import os
import time

import numpy as np

try:
    import torch
except ImportError:
    torch = None

parser = argparse.ArgumentParser()
parser.add_argument("--milliseconds", type=float, default=1000)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--json")
given = parser.parse_args()
threads = int(os.environ.get("OPENBLAS_NUM_THREADS", "1"))
numpy = "numpy " + np.__version__
pytorch = None if torch is None else "PyTorch " + torch.__version__
if torch is not None:
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)


def measure(name, group, unit, work, run):
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
    print(f"{name:20} {group:48} {threads} thread(s) {median:8.2f} {unit} ({speeds[0]:.2f} to {speeds[-1]:.2f})")
    return {
        "suite": "numpy", "group": group, "name": name, "threads": threads, "unit": unit,
        "median": median, "min": speeds[0], "max": speeds[-1], "rounds": len(speeds), "ratio": None,
    }


def waves(dtype, *shape, phase=0):
    return np.sin(np.arange(np.prod(shape), dtype=np.float64) + phase).reshape(shape).astype(dtype)


def products(dtype):
    """Titles, billions of operations, and the same product in both."""
    for size in (512,) if given.quick else (128, 512, 1024, 2048):
        yield f"{size} x {size} x {size}", 2e-9 * size**3, waves(dtype, size, size), waves(dtype, size, size)
    yield "16 x 2048 x 2048, few rows", 2e-9 * 16 * 2048**2, waves(dtype, 16, 2048), waves(dtype, 2048, 2048)
    yield "64 of 128 x 128 x 128, batched", 2e-9 * 64 * 128**3, waves(dtype, 64, 128, 128), waves(dtype, 64, 128, 128)
    # heads side by side: the batch is the middle axis of what lies in memory
    heads = waves(dtype, 512, 8, 64).transpose(1, 0, 2), waves(dtype, 64, 8, 512).transpose(1, 0, 2)
    yield "8 heads side by side, 512 x 512 x 64, strided", 2e-9 * 8 * 512**2 * 64, *heads


rows = []
for name, dtype in (("f32", np.float32), ("f64", np.float64)):
    for title, work, a, b in products(dtype):
        out = np.empty(a.shape[:-1] + b.shape[-1:], dtype)
        rows.append(measure(numpy, f"{name} {title}", "GFLOP/s", work, lambda: np.matmul(a, b, out=out)))
        if torch is not None:
            x, y, z = torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(out)
            rows.append(measure(pytorch, f"{name} {title}", "GFLOP/s", work, lambda: torch.matmul(x, y, out=z)))

n = 2048
a, b, c = (waves(np.float32, n, n, phase=phase) for phase in range(3))
heads, tokens, depth = 8, 512, 64
query, key, value = (waves(np.float32, heads, tokens, depth, phase=phase) for phase in range(3))
mask = np.triu(np.full((tokens, tokens), -np.inf, np.float32), 1)
epsilon = np.float32(1e-5)


def chain():
    x = a * b + c
    return 0.5 * x * (1 + np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm():
    centred = a - a.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + epsilon)


def rms_norm():
    return a / np.sqrt((a * a).mean(axis=1, keepdims=True) + epsilon)


def attention():
    scores = np.matmul(query, key.transpose(0, 2, 1)) * np.float32(1 / np.sqrt(depth))
    return np.matmul(softmax(scores + mask), value)


matrix = 4e-9 * n * n
tasks = [
    ("gelu(a * b + c), 4 M floats", "GB/s", 4 * matrix),
    ("softmax, 2048 x 2048", "GB/s", 2 * matrix),
    ("layer norm, 2048 x 2048", "GB/s", 2 * matrix),
    ("RMS norm, 2048 x 2048", "GB/s", 2 * matrix),
    ("causal attention, 8 heads, 512 tokens, depth 64", "GFLOP/s", 4e-9 * heads * tokens**2 * depth),
]
if threads == 1:
    for task, run in zip(tasks, (chain, lambda: softmax(a), layer_norm, rms_norm, attention)):
        rows.append(measure(numpy, *task, run))
if torch is not None:
    functional = torch.nn.functional
    ta, tb, tc, tq, tk, tv = (torch.from_numpy(x)[None] for x in (a, b, c, query, key, value))
    runs = (
        lambda: functional.gelu(ta * tb + tc, approximate="tanh"),
        lambda: torch.softmax(ta, -1),
        lambda: functional.layer_norm(ta, (n,), eps=1e-5),
        lambda: functional.rms_norm(ta, (n,), eps=1e-5),
        lambda: functional.scaled_dot_product_attention(tq, tk, tv, is_causal=True),
    )
    for task, run in zip(tasks, runs):
        rows.append(measure(pytorch, *task, run))

if given.json:
    with open(given.json, "w") as file:
        json.dump(rows, file)
