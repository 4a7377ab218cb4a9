"""
Makes laws/methods/language/reference/training: a tiny Llama, fixed batches, and the losses and gradient norms of 50
steps of PyTorch's AdamW on them, as the truth for the library's own training.

    venv/bin/python scripts/make-training-reference.py laws/methods/language/reference/training

The recipe, also in reference.json. Batch b holds 4 sequences of 32 tokens; position i predicts token i + 1, so a step's
loss is the mean cross-entropy over 4 x 31 predictions. Step s = 0..49 uses batch s and learning rate 1e-3 * factor(s):
    factor(s) = (s + 1) / 5                                       for s < 5
    factor(s) = 0.1 + 0.9 * (1 + cos(pi * (s - 5) / (50 - 5))) / 2  otherwise
AdamW: betas 0.9 and 0.95, epsilon 1e-8, decoupled weight decay 0.1 on parameters of two or more dimensions (matrices,
the token embedding and the unembedding included; norms not), gradients clipped to global norm 1.0 by
torch.nn.utils.clip_grad_norm_ (factor min(1, 1 / (norm + 1e-6))). `gradientNorms` are before clipping, `losses` before
the step.
"""
import json
import math
import pathlib
import shutil
import sys

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY, BATCH, LENGTH, STEPS, WARMUP = 97, 4, 32, 50, 5
RATE, FLOOR, BETAS, EPSILON, DECAY, CLIP, SEED = 1e-3, 0.1, (0.9, 0.95), 1e-8, 0.1, 1.0, 7


def factor(step):
    if step < WARMUP:
        return (step + 1) / WARMUP
    return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) / 2


def text(generator):
    """Token ids with structure to learn: mostly a fixed random successor of the token before, else any token."""
    successor = torch.randperm(VOCABULARY, generator=generator)
    tokens = torch.randint(VOCABULARY, (STEPS, BATCH, LENGTH), generator=generator)
    follows = torch.rand(STEPS, BATCH, LENGTH, generator=generator) < 0.8
    for i in range(1, LENGTH):
        tokens[..., i] = torch.where(follows[..., i], successor[tokens[..., i - 1]], tokens[..., i])
    return tokens


def main(folder):
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(SEED)
    config = LlamaConfig(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=LENGTH,
                         rms_norm_eps=1e-5, tie_word_embeddings=False, pad_token_id=None, attn_implementation="eager")
    model = LlamaForCausalLM(config).float()
    for parameter in model.parameters():
        if parameter.ndim >= 2:
            parameter.data = 0.08 * torch.randn(parameter.shape, generator=generator)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)

    tokens = text(generator)
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    optimiser = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}],
        lr=RATE, betas=BETAS, eps=EPSILON)
    losses, norms, rates = [], [], []
    for step, batch in enumerate(tokens):
        for group in optimiser.param_groups:
            group["lr"] = RATE * factor(step)
        logits = model(batch).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), batch[:, 1:].reshape(-1))
        optimiser.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)))
        losses.append(float(loss))
        rates.append(RATE * factor(step))
        optimiser.step()
    (folder / "reference.json").write_text(json.dumps({
        "transformers": transformers.__version__, "torch": torch.__version__, "seed": SEED,
        "recipe": {"learningRate": RATE, "warmupSteps": WARMUP, "steps": STEPS, "finalFraction": FLOOR, "betas": BETAS,
                   "epsilon": EPSILON, "weightDecay": DECAY, "clip": CLIP,
                   "decayed": "parameters of two or more dimensions, embedding and unembedding included"},
        "batches": tokens.tolist(), "learningRates": rates, "losses": losses, "gradientNorms": norms,
        "finalParameterNorm": float(torch.sqrt(sum((p.double() ** 2).sum() for p in model.parameters()))),
    }, separators=(",", ":")) + "\n")
    print(f"loss {losses[0]:.4f} to {losses[-1]:.4f}, gradient norm {norms[0]:.3f} to {norms[-1]:.3f}, clipped "
          f"{sum(norm > CLIP for norm in norms)} of {STEPS}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
