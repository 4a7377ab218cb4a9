"""
Makes the reference folders of laws/methods/language/reference: for every family that the library reads, a tiny model
of random weights as transformers saves it (config.json, model.safetensors), and reference.json with what transformers
computes from it in float32: the logits of two token sequences at every position, and a greedy continuation of one.

    python -m venv venv && venv/bin/pip install torch transformers safetensors numpy
    venv/bin/python scripts/make-language-reference.py laws/methods/language/reference
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoConfig

VOCABULARY, LENGTH, NEW_TOKENS = 67, 24, 12
TOKENS = dict(vocab_size=VOCABULARY, bos_token_id=1, eos_token_id=2, pad_token_id=0)
SMALL = dict(TOKENS, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64)
LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
NEOX = dict(TOKENS, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=64)
GPT2 = dict(TOKENS, n_embd=32, n_layer=2, n_head=4, n_positions=48)
OPT = dict(TOKENS, hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=48)

MODELS = {
    "llama": ("llama", dict(SMALL)),
    "llama-tied-mqa": ("llama", dict(SMALL, num_key_value_heads=1, tie_word_embeddings=True, attention_bias=True, mlp_bias=True)),
    "llama-rope-llama3": ("llama", dict(SMALL, rope_parameters=LLAMA3, head_dim=16)),
    "llama-rope-linear": ("llama", dict(SMALL, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.5))),
    "mistral-window": ("mistral", dict(SMALL, sliding_window=7)),
    "qwen2": ("qwen2", dict(SMALL, tie_word_embeddings=True)),
    "qwen2-window": ("qwen2", dict(SMALL, use_sliding_window=True, sliding_window=5, max_window_layers=1)),
    "qwen3": ("qwen3", dict(SMALL, head_dim=12)),
    "gemma": ("gemma", dict(SMALL, head_dim=16, num_key_value_heads=1)),
    "gemma2": ("gemma2", dict(SMALL, head_dim=12, query_pre_attn_scalar=10, sliding_window=6, attn_logit_softcapping=2.0,
                              final_logit_softcapping=8.0)),
    "opt": ("opt", dict(OPT)),
    "opt-projected-post-norm": ("opt", dict(OPT, word_embed_proj_dim=16, do_layer_norm_before=False)),
    "opt-projected-pre-norm": ("opt", dict(OPT, word_embed_proj_dim=16, enable_bias=False, tie_word_embeddings=False)),
    "gpt-neox-parallel": ("gpt_neox", dict(NEOX, rotary_pct=0.25)),
    "gpt-neox-sequential": ("gpt_neox", dict(NEOX, rotary_pct=0.5, use_parallel_residual=False, attention_bias=False)),
    "gpt2": ("gpt2", dict(GPT2)),
    "gpt2-untied": ("gpt2", dict(GPT2, n_inner=40, tie_word_embeddings=False)),
    "olmo": ("olmo", dict(SMALL, clip_qkv=0.6)),
    "olmo-tied": ("olmo", dict(SMALL, num_key_value_heads=4, tie_word_embeddings=True)),
    "olmo2": ("olmo2", dict(SMALL)),
}


def randomise(model, generator):
    """Weights of a size at which attention, activations and caps all matter; norms and biases random too."""
    for name, parameter in model.named_parameters():
        if "norm" in name or "ln_" in name:
            centre = 0.0 if name.endswith("bias") or "Gemma" in type(model).__name__ else 1.0
            spread = 0.3
        elif parameter.ndim == 1:
            centre, spread = 0.0, 0.3
        elif "embed" in name or "wte" in name or "wpe" in name:
            centre, spread = 0.0, 0.7
        else:
            fan_in = parameter.shape[0] if model.config.model_type == "gpt2" else parameter.shape[1]
            centre, spread = 0.0, 1.5 * fan_in ** -0.5
        parameter.data = centre + spread * torch.randn(parameter.shape, generator=generator)
    model.tie_weights()


def greedy(model, tokens, count):
    """The likeliest next token, again and again, without a cache: the definition."""
    sequence = list(tokens)
    for _ in range(count):
        sequence.append(int(model(torch.tensor([sequence])).logits[0, -1].argmax()))
    return sequence[len(tokens):]


def main(out):
    torch.set_num_threads(1)
    for seed, (name, (model_type, options)) in enumerate(MODELS.items(), 1):
        generator = torch.Generator().manual_seed(seed)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(model_type, **options), attn_implementation="eager")
        model = model.float().eval()
        randomise(model, generator)
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        sequences = torch.randint(3, VOCABULARY, (2, LENGTH), generator=generator)
        with torch.no_grad():
            logits = [model(sequence[None]).logits[0] for sequence in sequences]
            continuation = greedy(model, sequences[0, :8].tolist(), NEW_TOKENS)
        (folder / "reference.json").write_text(json.dumps({
            "transformers": transformers.__version__, "torch": torch.__version__, "seed": seed,
            "sequences": [
                {"tokens": sequence.tolist(), "logits": [[float(f"{x:.8g}") for x in row] for row in rows.tolist()]}
                for sequence, rows in zip(sequences, logits)
            ],
            "greedy": {"prompt": sequences[0, :8].tolist(), "continuation": continuation},
        }, separators=(",", ":")) + "\n")
        total = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{name:28} {total / 1024:7.1f} KiB  logits {min(map(torch.min, logits)):.2f} to {max(map(torch.max, logits)):.2f}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
