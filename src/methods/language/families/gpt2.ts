/**
 * GPT-2: learned positions, layer norms before each branch, GELU, a tied head. Its matrices are stored input first,
 * the other way round than everywhere else, and query, key and value are one tensor: model by (part, head, depth).
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import type { Dims, FileAxis, Place } from "../layout.ts"
import { biases, everyLayer } from "./decoder.ts"
import { family } from "./family.ts"
import {
  activation, flag, modelType, only, optional, positive, readTokens, refined, size, tokenFields, writeTokens
} from "./fields.ts"

const fused = (suffix: "weight" | "bias", part: number): Place => {
  const columns: Dims = [["part", "head", "depth"]]
  return {
    tensor: `transformer.h.*.attn.c_attn.${suffix}`,
    dims: suffix === "weight" ? [["model"], ...columns] : columns,
    part
  }
}

const inputFirst = (name: string, input: ReadonlyArray<FileAxis>, output: ReadonlyArray<FileAxis>): Place =>
  ({ tensor: `transformer.h.*.${name}.weight`, dims: [input, output] })

export const gpt2 = family({
  modelType: "gpt2",
  className: "GPT2LMHeadModel",
  prefix: "transformer.",
  harmless: /\.attn\.(masked_)?bias$/,
  codec: refined(
    "n_embd a multiple of n_head",
    t.type({
      model_type: modelType("gpt2"),
      vocab_size: size,
      n_embd: size,
      n_layer: size,
      n_head: size,
      n_positions: optional(size, 1024),
      n_inner: optional(size, undefined),
      activation_function: optional(activation, "gelu_tanh"),
      layer_norm_epsilon: optional(positive, 1e-5),
      scale_attn_weights: optional(flag, true),
      scale_attn_by_inverse_layer_idx: only(false),
      add_cross_attention: only(false),
      tie_word_embeddings: optional(flag, true),
      ...tokenFields(50_256, 50_256, null)
    }),
    (config) => config.n_embd % config.n_head === 0
  ),
  toArchitecture: (config): Architecture => {
    const depth = config.n_embd / config.n_head
    return {
      vocabulary: config.vocab_size,
      layers: config.n_layer,
      model: config.n_embd,
      embed: config.n_embd,
      projected: false,
      context: config.n_positions,
      heads: { key: config.n_head, share: 1, depth },
      hidden: config.n_inner ?? 4 * config.n_embd,
      norm: { kind: "layer", epsilon: config.layer_norm_epsilon, parametric: true, bias: true, unitOffset: false },
      placement: "pre",
      parallelResidual: false,
      position: { kind: "learned", offset: 0, length: config.n_positions },
      attention: {
        bias: biases(true), queryKeyNorm: "none", scale: config.scale_attn_weights ? depth ** -0.5 : 1,
        windows: everyLayer(config.n_layer, null)
      },
      feedForward: { gated: false, activation: config.activation_function, bias: true },
      embeddingScale: 1,
      tiedHead: config.tie_word_embeddings,
      finalNorm: true,
      tokens: readTokens(config)
    }
  },
  toConfig: (architecture) => ({
    model_type: "gpt2" as const,
    vocab_size: architecture.vocabulary,
    n_embd: architecture.model,
    n_layer: architecture.layers,
    n_head: architecture.heads.key,
    n_positions: architecture.context,
    n_inner: architecture.hidden,
    activation_function: architecture.feedForward.activation,
    layer_norm_epsilon: architecture.norm.epsilon,
    scale_attn_weights: architecture.attention.scale !== 1,
    scale_attn_by_inverse_layer_idx: false as const,
    add_cross_attention: false as const,
    tie_word_embeddings: architecture.tiedHead,
    ...writeTokens(architecture.tokens)
  }),
  names: {
    embedding: "transformer.wte.weight",
    position: "transformer.wpe.weight",
    "layers.*.attentionNorm.weight": "transformer.h.*.ln_1.weight",
    "layers.*.attentionNorm.bias": "transformer.h.*.ln_1.bias",
    "layers.*.attention.query.weight": fused("weight", 0),
    "layers.*.attention.key.weight": fused("weight", 1),
    "layers.*.attention.value.weight": fused("weight", 2),
    "layers.*.attention.query.bias": fused("bias", 0),
    "layers.*.attention.key.bias": fused("bias", 1),
    "layers.*.attention.value.bias": fused("bias", 2),
    "layers.*.attention.output.weight": inputFirst("attn.c_proj", ["head", "share", "depth"], ["model"]),
    "layers.*.attention.output.bias": "transformer.h.*.attn.c_proj.bias",
    "layers.*.feedForwardNorm.weight": "transformer.h.*.ln_2.weight",
    "layers.*.feedForwardNorm.bias": "transformer.h.*.ln_2.bias",
    "layers.*.feedForward.up.weight": inputFirst("mlp.c_fc", ["model"], ["hidden"]),
    "layers.*.feedForward.up.bias": "transformer.h.*.mlp.c_fc.bias",
    "layers.*.feedForward.down.weight": inputFirst("mlp.c_proj", ["hidden"], ["model"]),
    "layers.*.feedForward.down.bias": "transformer.h.*.mlp.c_proj.bias",
    "finalNorm.weight": "transformer.ln_f.weight",
    "finalNorm.bias": "transformer.ln_f.bias",
    unembedding: "lm_head.weight"
  }
})
