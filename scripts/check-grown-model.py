"""
Loads a folder with transformers in float32 and compares its logits with given ones.

    python scripts/check-grown-model.py FOLDER LOGITS.json [TOLERANCE]

LOGITS.json is {"tokens": [...], "logits": [[...], ...]}, or {"sequences": [{tokens, logits}, ...]}. Prints one JSON
document with the largest absolute difference and the same relative to the range of the given logits; exits with 1
when the relative one is above TOLERANCE (default 1e-4), or when transformers missed or did not expect any tensor.
"""
import json
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM


def main(folder, reference, tolerance=1e-4):
    transformers.logging.set_verbosity_error()
    model, loading = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    model.eval()
    with open(reference) as file:
        document = json.load(file)
    absolute, low, high, positions, agreeing = 0.0, float("inf"), float("-inf"), 0, 0
    with torch.no_grad():
        for sequence in document.get("sequences", [document]):
            given = torch.tensor(sequence["logits"], dtype=torch.float64)
            found = model(torch.tensor([sequence["tokens"]])).logits[0].double()
            assert found.shape == given.shape, f"logits are {tuple(found.shape)} here and {tuple(given.shape)} there"
            absolute = max(absolute, float((found - given).abs().max()))
            low, high = min(low, float(given.min())), max(high, float(given.max()))
            agreeing += int((found.argmax(-1) == given.argmax(-1)).sum())
            positions += len(given)
    relative = absolute / (high - low)
    surprises = {key: sorted(map(str, loading[key])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys") if loading[key]}
    print(json.dumps({
        "folder": folder, "model": type(model).__name__, "transformers": transformers.__version__, "positions": positions,
        "absolute": absolute, "relative": relative, "range": high - low, "argmaxAgrees": agreeing / positions, **surprises,
    }))
    return 0 if relative <= tolerance and not surprises else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:4])))
