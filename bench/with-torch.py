"""
The models of the language benchmark in PyTorch, eager, with random weights: a prompt read, a token added to it, and an
update of AdamW. One number of threads a process. Prints a table and writes rows as the other suites do (see row.ts).
"""
import argparse
import json
import os
import time

import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--milliseconds", type=float, default=2000)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--json")
parser.add_argument("--shapes", required=True, help="JSON: for each model its sizes and what is done with it")
given = parser.parse_args()
threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
torch.set_num_threads(threads)
torch.manual_seed(1)
prompt, batch, length, depth = 512, 8, 64, 64


def turn(x, cosine, sine):
    a, b = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-b, a), dim=-1) * sine


class Block(torch.nn.Module):
    def __init__(self, model, hidden, heads, keyHeads):
        super().__init__()
        linear = lambda inputs, outputs: torch.nn.Linear(inputs, outputs, bias=False)
        self.heads, self.keyHeads = heads, keyHeads
        self.before, self.between = torch.nn.RMSNorm(model, eps=1e-5), torch.nn.RMSNorm(model, eps=1e-5)
        self.query, self.output = linear(model, heads * depth), linear(heads * depth, model)
        self.key, self.value = linear(model, keyHeads * depth), linear(model, keyHeads * depth)
        self.gate, self.up, self.down = linear(model, hidden), linear(model, hidden), linear(hidden, model)

    def forward(self, x, turns, cache, start):
        n, time_, _ = x.shape
        y = self.before(x)
        q = turn(self.query(y).view(n, time_, self.heads, depth).transpose(1, 2), *turns)
        k = turn(self.key(y).view(n, time_, self.keyHeads, depth).transpose(1, 2), *turns)
        v = self.value(y).view(n, time_, self.keyHeads, depth).transpose(1, 2)
        if cache is not None:
            cache[0][:, :, start : start + time_], cache[1][:, :, start : start + time_] = k, v
            k, v = cache[0][:, :, : start + time_], cache[1][:, :, : start + time_]
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=time_ > 1, enable_gqa=self.heads != self.keyHeads)
        x = x + self.output(mixed.transpose(1, 2).reshape(n, time_, self.heads * depth))
        y = self.between(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Llama(torch.nn.Module):
    def __init__(self, vocabulary, model, layers, hidden, heads, keyHeads):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, model)
        self.blocks = torch.nn.ModuleList(Block(model, hidden, heads, keyHeads) for _ in range(layers))
        self.last = torch.nn.RMSNorm(model, eps=1e-5)
        torch.nn.init.normal_(self.embedding.weight, std=0.02)

    def forward(self, tokens, caches=None, start=0, lastOnly=False):
        x = self.embedding(tokens)
        places = torch.arange(start, start + tokens.shape[1], dtype=torch.float32)
        angles = places[:, None] * 10000.0 ** (-torch.arange(0, depth, 2) / depth)
        turns = [torch.cat((each, each), dim=-1).to(x.dtype) for each in (angles.cos(), angles.sin())]
        for block, cache in zip(self.blocks, caches or [None] * len(self.blocks)):
            x = block(x, turns, cache, start)
        x = self.last(x[:, -1:] if lastOnly else x)
        return F.linear(x, self.embedding.weight)


def measure(group, name, unit, work, run):
    """Speeds in units of work a second, timed for about the given time after half as long untimed."""
    end = time.perf_counter() + given.milliseconds / 2000
    run()
    while time.perf_counter() < end:
        run()
    times = []
    while len(times) < 3 or (sum(times) < given.milliseconds / 1000 and len(times) < 60):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    speeds = sorted(work / taken for taken in times)
    median = speeds[len(speeds) // 2]
    print(f"{group:60} {name:20} {threads} thread(s) {median:8.2f} {unit} ({speeds[0]:.2f} to {speeds[-1]:.2f})")
    return {
        "suite": "torch", "group": group, "name": name, "threads": threads, "unit": unit, "median": median,
        "min": speeds[0], "max": speeds[-1], "rounds": len(speeds), "ratio": None,
    }


rows = []
version = "PyTorch " + torch.__version__.split("+")[0]
for shape in json.loads(given.shapes):
    sizes = {name: shape[name] for name in ("vocabulary", "model", "layers", "hidden", "heads", "keyHeads")}
    for dtype, suffix in ((torch.float32, ""), (torch.bfloat16, " bf16")):
        if not shape["decoded"]:
            continue
        with torch.inference_mode():
            model = Llama(**sizes).to(dtype).eval()
            room = [[torch.zeros(1, sizes["keyHeads"], prompt + 128, depth, dtype=dtype) for _ in "kv"] for _ in model.blocks]
            tokens = torch.randint(sizes["vocabulary"], (1, prompt))
            one = tokens[:, :1]
            rows.append(measure(shape["prefill"], version + suffix, "tokens/s", prompt,
                                lambda: int(model(tokens, room, 0, True).argmax())))
            rows.append(measure(shape["decode"], version + suffix, "tokens/s", 1,
                                lambda: int(model(one, room, prompt, True).argmax())))
    if shape["trained"]:
        model = Llama(**sizes)
        optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5, betas=(0.9, 0.95), weight_decay=0.1)
        inputs = torch.randint(sizes["vocabulary"], (batch, length))
        targets = torch.randint(sizes["vocabulary"], (batch, length))

        def update():
            optimiser.zero_grad()
            loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            return float(loss.detach())

        rows.append(measure(shape["training"], version, "updates/s", 1, update))

if given.json:
    with open(given.json, "w") as file:
        json.dump(rows, file)
