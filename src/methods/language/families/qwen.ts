/**
 * Qwen 2 (also 2.5) and Qwen 3: Llama's block with sliding windows in the upper layers where asked for. Qwen 2 has
 * biases on query, key and value; Qwen 3 has none by default and an RMS norm over each head of query and key.
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import { biases, decoder, rms, sizeFields, wholeHeads, writeSizes } from "./decoder.ts"
import { family } from "./family.ts"
import {
  activation, flag, modelType, optional, positive, readRotary, readTokens, ropeFields, size, tokenFields, writeRotary,
  writeTokens
} from "./fields.ts"
import { preNormNames } from "./llama.ts"
import { layerTypes, layerTypesOf, oneTypeALayer, readWindows, windowOf } from "./windows.ts"

const common = {
  ...sizeFields,
  num_key_value_heads: optional(size, 32),
  hidden_act: optional(activation, "silu"),
  max_position_embeddings: optional(size, 32_768),
  rms_norm_eps: optional(positive, 1e-6),
  use_sliding_window: optional(flag, false),
  sliding_window: optional(size, 4096),
  max_window_layers: optional(t.number, 28),
  layer_types: layerTypes,
  tie_word_embeddings: optional(flag, false),
  ...tokenFields(null, null, null),
  ...ropeFields
}
type Fields = t.TypeOf<t.TypeC<typeof common>>

const read = (config: Fields & { readonly head_dim: number | undefined }) => {
  const shared = decoder(config)
  return {
    ...shared,
    context: config.max_position_embeddings,
    norm: rms(config.rms_norm_eps),
    position: readRotary(config, config.max_position_embeddings),
    attention: {
      scale: shared.heads.depth ** -0.5,
      windows: readWindows(
        config.layer_types, shared.layers, config.use_sliding_window ? config.sliding_window : null,
        (layer) => layer >= config.max_window_layers
      )
    },
    feedForward: { gated: true, activation: config.hidden_act, bias: false },
    tokens: readTokens(config)
  }
}

const write = (architecture: Architecture) => ({
  ...writeSizes(architecture),
  head_dim: architecture.heads.depth,
  hidden_act: architecture.feedForward.activation,
  max_position_embeddings: architecture.context,
  rms_norm_eps: architecture.norm.epsilon,
  use_sliding_window: windowOf(architecture) !== undefined,
  sliding_window: windowOf(architecture) ?? 4096,
  max_window_layers: firstWindow(architecture),
  layer_types: layerTypesOf(architecture),
  tie_word_embeddings: architecture.tiedHead,
  ...writeTokens(architecture.tokens),
  ...writeRotary(architecture.position)
})

const firstWindow = ({ attention, layers }: Architecture): number => {
  const first = attention.windows.findIndex((window) => window !== null)
  return first < 0 ? layers : first
}

export const qwen2 = family({
  modelType: "qwen2",
  className: "Qwen2ForCausalLM",
  codec: oneTypeALayer(wholeHeads(t.type({
    model_type: modelType("qwen2"), ...common, head_dim: optional(size, undefined)
  }))),
  toArchitecture: (config): Architecture => {
    const shared = read(config)
    return { ...shared, attention: { ...shared.attention, bias: biases(true, false), queryKeyNorm: "none" } }
  },
  toConfig: (architecture) => ({ model_type: "qwen2" as const, ...write(architecture) }),
  names: preNormNames
})

export const qwen3 = family({
  modelType: "qwen3",
  className: "Qwen3ForCausalLM",
  codec: oneTypeALayer(wholeHeads(t.type({
    model_type: modelType("qwen3"), ...common, head_dim: optional(size, 128), attention_bias: optional(flag, false)
  }))),
  toArchitecture: (config): Architecture => {
    const shared = read(config)
    return { ...shared, attention: { ...shared.attention, bias: biases(config.attention_bias), queryKeyNorm: "head" } }
  },
  toConfig: (architecture) => ({
    model_type: "qwen3" as const, ...write(architecture), attention_bias: architecture.attention.bias.query
  }),
  names: {
    ...preNormNames,
    "layers.*.attention.queryNorm": "model.layers.*.self_attn.q_norm.weight",
    "layers.*.attention.keyNorm": "model.layers.*.self_attn.k_norm.weight"
  }
})
