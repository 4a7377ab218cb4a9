/**
 * Llama (1 to 3.2) and Mistral: pre-norm RMS blocks, rotary positions, grouped queries, gated feed-forward; Mistral
 * adds a sliding window. Their tensor names are those of most later families, which are built from the same pieces.
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import type { Names } from "../layout.ts"
import { family } from "./family.ts"
import {
  activation, flag, modelType, nullable, optional, positive, readRotary, readTokens, refined, ropeFields, size,
  tokenFields, writeRotary, writeTokens
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

/** Sizes that every later family spells as Llama does. */
export const sizeFields = {
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: optional(size, undefined)
}

interface SizeFields {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly intermediate_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly num_key_value_heads: number | undefined
}

/** Query heads are shared out evenly, and a head has a whole width. */
export const wholeHeads = <C extends SizeFields & { readonly head_dim?: number | undefined }>(codec: t.Type<C, unknown>): t.Type<C, unknown> =>
  refined(
    "num_attention_heads a multiple of num_key_value_heads, and hidden_size of num_attention_heads where head_dim is absent",
    codec,
    (config) => config.num_attention_heads % (config.num_key_value_heads ?? config.num_attention_heads) === 0
      && (config.head_dim !== undefined || config.hidden_size % config.num_attention_heads === 0)
  )

/** transformers refuses these families unless hidden_size is a multiple of num_attention_heads, head_dim or not. */
export const divisible = <C extends SizeFields>(codec: t.Type<C, unknown>): t.Type<C, unknown> =>
  refined("hidden_size a multiple of num_attention_heads", codec, (config) => config.hidden_size % config.num_attention_heads === 0)

export const readHeads = (config: SizeFields & { readonly head_dim?: number | undefined }): Architecture["heads"] => {
  const key = config.num_key_value_heads ?? config.num_attention_heads
  return {
    key, share: config.num_attention_heads / key,
    depth: config.head_dim ?? config.hidden_size / config.num_attention_heads
  }
}

export const writeSizes = ({ vocabulary, model, hidden, layers, heads }: Architecture) => ({
  vocab_size: vocabulary, hidden_size: model, intermediate_size: hidden, num_hidden_layers: layers,
  num_attention_heads: heads.key * heads.share, num_key_value_heads: heads.key
})

/** What all pre-norm, RMS, rotary, gated families have in common; a family overrides where it differs. */
export const decoder = (
  config: SizeFields & { readonly head_dim?: number | undefined, readonly tie_word_embeddings: boolean }
) => {
  const heads = readHeads(config)
  return {
    vocabulary: config.vocab_size,
    layers: config.num_hidden_layers,
    model: config.hidden_size,
    embed: config.hidden_size,
    projected: false,
    heads,
    hidden: config.intermediate_size,
    placement: "pre" as const,
    parallelResidual: false,
    embeddingScale: 1,
    tiedHead: config.tie_word_embeddings,
    finalNorm: true
  }
}

/** Biases of attention: all four maps, none, or as listed. */
export const biases = (query: boolean, output: boolean = query): Architecture["attention"]["bias"] =>
  ({ query, key: query, value: query, output })

/** The RMS norm of these families. */
export const rms = (epsilon: number): Architecture["norm"] =>
  ({ kind: "rms", epsilon, parametric: true, bias: false, unitOffset: false })

export const everyLayer = <A>(layers: number, value: A): ReadonlyArray<A> => Array.from({ length: layers }, () => value)

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
