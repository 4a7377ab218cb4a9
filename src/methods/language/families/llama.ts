/**
 * Llama (1 to 3.2) and Mistral: pre-norm RMS blocks, rotary positions, grouped queries, gated feed-forward; Mistral
 * adds a sliding window. Their tensor names are those of most later families, which are built from the same pieces.
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import type { Names } from "../layout.ts"
import { biases, decoder, divisible, everyLayer, rms, sizeFields, wholeHeads, writeSizes } from "./decoder.ts"
import { family } from "./family.ts"
import {
  activation, flag, modelType, nullable, optional, positive, readRotary, readTokens, ropeFields, size, tokenFields,
  writeRotary, writeTokens
} from "./fields.ts"

/** Tensor names that Llama introduced, without those of norms. */
export const llamaNames: Names = {
  embedding: "model.embed_tokens.weight",
  "layers.*.attention.query.weight": "model.layers.*.self_attn.q_proj.weight",
  "layers.*.attention.query.bias": "model.layers.*.self_attn.q_proj.bias",
  "layers.*.attention.key.weight": "model.layers.*.self_attn.k_proj.weight",
  "layers.*.attention.key.bias": "model.layers.*.self_attn.k_proj.bias",
  "layers.*.attention.value.weight": "model.layers.*.self_attn.v_proj.weight",
  "layers.*.attention.value.bias": "model.layers.*.self_attn.v_proj.bias",
  "layers.*.attention.output.weight": "model.layers.*.self_attn.o_proj.weight",
  "layers.*.attention.output.bias": "model.layers.*.self_attn.o_proj.bias",
  "layers.*.feedForward.gate.weight": "model.layers.*.mlp.gate_proj.weight",
  "layers.*.feedForward.gate.bias": "model.layers.*.mlp.gate_proj.bias",
  "layers.*.feedForward.up.weight": "model.layers.*.mlp.up_proj.weight",
  "layers.*.feedForward.up.bias": "model.layers.*.mlp.up_proj.bias",
  "layers.*.feedForward.down.weight": "model.layers.*.mlp.down_proj.weight",
  "layers.*.feedForward.down.bias": "model.layers.*.mlp.down_proj.bias",
  "finalNorm.weight": "model.norm.weight",
  unembedding: "lm_head.weight"
}

/** The same with the two norms of a pre-norm block. */
export const preNormNames: Names = {
  ...llamaNames,
  "layers.*.attentionNorm.weight": "model.layers.*.input_layernorm.weight",
  "layers.*.feedForwardNorm.weight": "model.layers.*.post_attention_layernorm.weight"
}

export const llama = family({
  modelType: "llama",
  className: "LlamaForCausalLM",
  codec: divisible(wholeHeads(t.type({
    model_type: modelType("llama"),
    ...sizeFields,
    head_dim: optional(size, undefined),
    hidden_act: optional(activation, "silu"),
    max_position_embeddings: optional(size, 2048),
    rms_norm_eps: optional(positive, 1e-6),
    attention_bias: optional(flag, false),
    mlp_bias: optional(flag, false),
    tie_word_embeddings: optional(flag, false),
    ...tokenFields(1, 2, null),
    ...ropeFields
  }))),
  toArchitecture: (config): Architecture => {
    const common = decoder(config)
    return {
      ...common,
      context: config.max_position_embeddings,
      norm: rms(config.rms_norm_eps),
      position: readRotary(config, config.max_position_embeddings),
      attention: {
        bias: biases(config.attention_bias), queryKeyNorm: "none", scale: common.heads.depth ** -0.5,
        windows: everyLayer(common.layers, null)
      },
      feedForward: { gated: true, activation: config.hidden_act, bias: config.mlp_bias },
      tokens: readTokens(config)
    }
  },
  toConfig: (architecture) => ({
    model_type: "llama" as const,
    ...writeSizes(architecture),
    head_dim: architecture.heads.depth,
    hidden_act: architecture.feedForward.activation,
    max_position_embeddings: architecture.context,
    rms_norm_eps: architecture.norm.epsilon,
    attention_bias: architecture.attention.bias.query,
    mlp_bias: architecture.feedForward.bias,
    tie_word_embeddings: architecture.tiedHead,
    ...writeTokens(architecture.tokens),
    ...writeRotary(architecture.position)
  }),
  names: preNormNames
})

export const mistral = family({
  modelType: "mistral",
  className: "MistralForCausalLM",
  codec: wholeHeads(t.type({
    model_type: modelType("mistral"),
    ...sizeFields,
    num_key_value_heads: optional(size, 8),
    head_dim: optional(size, undefined),
    hidden_act: optional(activation, "silu"),
    max_position_embeddings: optional(size, 131_072),
    rms_norm_eps: optional(positive, 1e-6),
    sliding_window: nullable(size, 4096),
    tie_word_embeddings: optional(flag, false),
    ...tokenFields(1, 2, null),
    ...ropeFields
  })),
  toArchitecture: (config): Architecture => {
    const common = decoder(config)
    return {
      ...common,
      context: config.max_position_embeddings,
      norm: rms(config.rms_norm_eps),
      position: readRotary(config, config.max_position_embeddings),
      attention: {
        bias: biases(false), queryKeyNorm: "none", scale: common.heads.depth ** -0.5,
        windows: everyLayer(common.layers, config.sliding_window)
      },
      feedForward: { gated: true, activation: config.hidden_act, bias: false },
      tokens: readTokens(config)
    }
  },
  toConfig: (architecture) => ({
    model_type: "mistral" as const,
    ...writeSizes(architecture),
    head_dim: architecture.heads.depth,
    hidden_act: architecture.feedForward.activation,
    max_position_embeddings: architecture.context,
    rms_norm_eps: architecture.norm.epsilon,
    sliding_window: architecture.attention.windows[0] ?? null,
    tie_word_embeddings: architecture.tiedHead,
    ...writeTokens(architecture.tokens),
    ...writeRotary(architecture.position)
  }),
  names: preNormNames
})
