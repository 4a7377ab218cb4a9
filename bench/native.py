"""
Square products in numpy and PyTorch on one thread, in processor time: for each given type and size a line of JSON with
the rates, in GFLOP/s, of as many runs as asked for. See native.ts.
"""
import json
import os
import sys
import time

for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

import numpy as np
import torch

torch.set_num_threads(1)
torch.set_grad_enabled(False)
given = json.loads(sys.argv[1])


def rates(work, product):
    repeats = max(1, int(given["work"] / work))
    product()
    found = []
    for _ in range(given["runs"]):
        start = time.thread_time()
        for _ in range(repeats):
            product()
        found.append(1e-9 * work * repeats / (time.thread_time() - start))
    return found


for name, size in given["products"]:
    a = np.sin(np.arange(size * size)).reshape(size, size).astype({"f32": np.float32, "f64": np.float64}[name])
    out = np.empty_like(a)
    x, y = torch.from_numpy(a), torch.from_numpy(out)
    print(json.dumps({
        "numpy": rates(2 * size**3, lambda: np.matmul(a, a, out=out)),
        "PyTorch": rates(2 * size**3, lambda: torch.matmul(x, x, out=y)),
    }))
