/**
 * OLMo and OLMo 2. OLMo has layer norms without parameters and may clamp query, key and value; OLMo 2 has RMS norms
 * behind each branch instead of before it, and one over all heads of query and of key.
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import { biases, decoder, everyLayer, rms, sizeFields, wholeHeads, writeSizes } from "./decoder.ts"
import { family } from "./family.ts"
import {
  activation, flag, modelType, optional, positive, readRotary, readTokens, ropeFields, size, tokenFields, writeRotary,
  writeTokens
} from "./fields.ts"
import { llamaNames, preNormNames } from "./llama.ts"

const fields = {
  ...sizeFields,
  head_dim: optional(size, undefined),
  hidden_act: optional(activation, "silu"),
  max_position_embeddings: optional(size, 2048),
  attention_bias: optional(flag, false),
  tie_word_embeddings: optional(flag, false),
  ...tokenFields(null, 50_279, 1),
  ...ropeFields
}
type Fields = t.TypeOf<t.TypeC<typeof fields>>

const read = (config: Fields) => {
  const shared = decoder(config)
  return {
    ...shared,
    context: config.max_position_embeddings,
    position: readRotary(config, config.max_position_embeddings),
    attention: {
      bias: biases(config.attention_bias), scale: shared.heads.depth ** -0.5, windows: everyLayer(shared.layers, null)
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
  attention_bias: architecture.attention.bias.query,
  tie_word_embeddings: architecture.tiedHead,
  ...writeTokens(architecture.tokens),
  ...writeRotary(architecture.position)
})

export const olmo = family({
  modelType: "olmo",
  className: "OlmoForCausalLM",
  codec: wholeHeads(t.type({ model_type: modelType("olmo"), ...fields, clip_qkv: optional(positive, undefined) })),
  toArchitecture: (config): Architecture => {
    const shared = read(config)
    return {
      ...shared,
      norm: { kind: "layer", epsilon: 1e-5, parametric: false, bias: false, unitOffset: false },
      attention: {
        ...shared.attention, queryKeyNorm: "none", ...(config.clip_qkv !== undefined && { clip: config.clip_qkv })
      }
    }
  },
  toConfig: (architecture) => ({
    model_type: "olmo" as const, ...write(architecture), clip_qkv: architecture.attention.clip
  }),
  names: preNormNames
})

export const olmo2 = family({
  modelType: "olmo2",
  className: "Olmo2ForCausalLM",
  codec: wholeHeads(t.type({ model_type: modelType("olmo2"), ...fields, rms_norm_eps: optional(positive, 1e-5) })),
  toArchitecture: (config): Architecture => {
    const shared = read(config)
    return {
      ...shared,
      norm: rms(config.rms_norm_eps),
      placement: "branch",
      attention: { ...shared.attention, queryKeyNorm: "all" }
    }
  },
  toConfig: (architecture) => ({
    model_type: "olmo2" as const, ...write(architecture), rms_norm_eps: architecture.norm.epsilon
  }),
  names: {
    ...llamaNames,
    "layers.*.attention.jointQueryNorm": "model.layers.*.self_attn.q_norm.weight",
    "layers.*.attention.jointKeyNorm": "model.layers.*.self_attn.k_norm.weight",
    "layers.*.postAttentionNorm.weight": "model.layers.*.post_attention_layernorm.weight",
    "layers.*.postFeedForwardNorm.weight": "model.layers.*.post_feedforward_layernorm.weight"
  }
})
