/**
 * Gemma and Gemma 2: embeddings scaled by the root of the width, gains stored as deviations from one, a gated GELU.
 * Gemma 2 puts a second norm behind each branch, caps scores and logits, and slides a window in every other layer.
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import { biases, decoder, divisible, everyLayer, rms, sizeFields, wholeHeads, writeSizes } from "./decoder.ts"
import { family } from "./family.ts"
import {
  activation, flag, modelType, nullable, only, optional, positive, readRotary, readTokens, ropeFields, size,
  tokenFields, writeRotary, writeTokens
} from "./fields.ts"
import { llamaNames, preNormNames } from "./llama.ts"
import { layerTypes, layerTypesOf, oneTypeALayer, readWindows, windowOf } from "./windows.ts"

const fields = {
  ...sizeFields,
  head_dim: optional(size, 256),
  max_position_embeddings: optional(size, 8192),
  rms_norm_eps: optional(positive, 1e-6),
  attention_bias: optional(flag, false),
  tie_word_embeddings: optional(flag, true),
  use_bidirectional_attention: only(false),
  ...tokenFields(2, 1, 0),
  ...ropeFields
}
type Fields = t.TypeOf<t.TypeC<typeof fields>>

const read = (config: Fields) => ({
  ...decoder(config),
  context: config.max_position_embeddings,
  norm: { ...rms(config.rms_norm_eps), unitOffset: true },
  position: readRotary(config, config.max_position_embeddings),
  embeddingScale: Math.sqrt(config.hidden_size),
  tokens: readTokens(config)
})

const write = (architecture: Architecture) => ({
  ...writeSizes(architecture),
  head_dim: architecture.heads.depth,
  max_position_embeddings: architecture.context,
  rms_norm_eps: architecture.norm.epsilon,
  attention_bias: architecture.attention.bias.query,
  tie_word_embeddings: architecture.tiedHead,
  use_bidirectional_attention: false as const,
  ...writeTokens(architecture.tokens),
  ...writeRotary(architecture.position)
})

/** transformers takes the exact GELU of early releases for the approximation that was meant. */
const meant = (name: Architecture["feedForward"]["activation"]) => name === "gelu" ? "gelu_tanh" : name

export const gemma = family({
  modelType: "gemma",
  className: "GemmaForCausalLM",
  codec: wholeHeads(t.type({
    model_type: modelType("gemma"), ...fields,
    num_key_value_heads: optional(size, 16),
    hidden_act: optional(activation, "gelu_tanh"),
    hidden_activation: optional(activation, undefined)
  })),
  toArchitecture: (config): Architecture => {
    const shared = read(config)
    return {
      ...shared,
      attention: {
        bias: biases(config.attention_bias), queryKeyNorm: "none", scale: shared.heads.depth ** -0.5,
        windows: everyLayer(shared.layers, null)
      },
      feedForward: { gated: true, activation: config.hidden_activation ?? meant(config.hidden_act), bias: false }
    }
  },
  toConfig: (architecture) => ({
    model_type: "gemma" as const, ...write(architecture),
    hidden_act: architecture.feedForward.activation,
    hidden_activation: architecture.feedForward.activation
  }),
  names: preNormNames
})

export const gemma2 = family({
  modelType: "gemma2",
  className: "Gemma2ForCausalLM",
  codec: oneTypeALayer(divisible(wholeHeads(t.type({
    model_type: modelType("gemma2"), ...fields,
    num_key_value_heads: optional(size, 4),
    hidden_activation: optional(activation, "gelu_tanh"),
    query_pre_attn_scalar: optional(positive, 256),
    sliding_window: nullable(size, 4096),
    layer_types: layerTypes,
    final_logit_softcapping: nullable(positive, 30),
    attn_logit_softcapping: nullable(positive, 50)
  })))),
  toArchitecture: (config): Architecture => {
    const shared = read(config)
    const { final_logit_softcapping: finalSoftCap, attn_logit_softcapping: softCap } = config
    return {
      ...shared,
      placement: "sandwich",
      attention: {
        bias: biases(config.attention_bias), queryKeyNorm: "none", scale: config.query_pre_attn_scalar ** -0.5,
        ...(softCap !== null && { softCap }),
        windows: readWindows(config.layer_types, shared.layers, config.sliding_window, (layer) => layer % 2 === 0)
      },
      feedForward: { gated: true, activation: config.hidden_activation, bias: false },
      ...(finalSoftCap !== null && { finalSoftCap })
    }
  },
  toConfig: (architecture) => ({
    model_type: "gemma2" as const, ...write(architecture),
    hidden_activation: architecture.feedForward.activation,
    query_pre_attn_scalar: Math.round(architecture.attention.scale ** -2),
    sliding_window: windowOf(architecture) ?? null,
    layer_types: layerTypesOf(architecture),
    final_logit_softcapping: architecture.finalSoftCap ?? null,
    attn_logit_softcapping: architecture.attention.softCap ?? null
  }),
  names: {
    ...llamaNames,
    "layers.*.attentionNorm.weight": "model.layers.*.input_layernorm.weight",
    "layers.*.postAttentionNorm.weight": "model.layers.*.post_attention_layernorm.weight",
    "layers.*.feedForwardNorm.weight": "model.layers.*.pre_feedforward_layernorm.weight",
    "layers.*.postFeedForwardNorm.weight": "model.layers.*.post_feedforward_layernorm.weight"
  }
})
