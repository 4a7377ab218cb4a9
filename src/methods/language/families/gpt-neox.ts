/**
 * GPT-NeoX, the family of Pythia: layer norms, a quarter of each head rotated, attention and feed-forward in parallel.
 * Query, key and value are one tensor, fused within each head: (head, part, depth) by model.
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import type { Dims, Place } from "../layout.ts"
import { biases, everyLayer } from "./decoder.ts"
import { family } from "./family.ts"
import {
  activation, flag, modelType, optional, positive, readRotary, readTokens, refined, ropeFields, size, tokenFields,
  writeRotary, writeTokens
} from "./fields.ts"

const fused = (suffix: "weight" | "bias", part: number): Place => {
  const rows: Dims = [["head", "part", "depth"]]
  return {
    tensor: `gpt_neox.layers.*.attention.query_key_value.${suffix}`,
    dims: suffix === "weight" ? [...rows, ["model"]] : rows,
    part
  }
}

export const gptNeox = family({
  modelType: "gpt_neox",
  className: "GPTNeoXForCausalLM",
  prefix: "gpt_neox.",
  aliases: new Map([["lm_head.weight", "embed_out.weight"]]),
  harmless: /attention\.(masked_)?bias$/,
  codec: refined(
    "hidden_size a multiple of num_attention_heads",
    t.type({
      model_type: modelType("gpt_neox"),
      vocab_size: size,
      hidden_size: size,
      num_hidden_layers: size,
      num_attention_heads: size,
      intermediate_size: size,
      hidden_act: optional(activation, "gelu"),
      max_position_embeddings: optional(size, 2048),
      layer_norm_eps: optional(positive, 1e-5),
      use_parallel_residual: optional(flag, true),
      attention_bias: optional(flag, true),
      tie_word_embeddings: optional(flag, false),
      rotary_pct: optional(positive, 0.25),
      rotary_emb_base: optional(positive, undefined),
      ...tokenFields(0, 2, null),
      ...ropeFields
    }),
    (config) => config.hidden_size % config.num_attention_heads === 0
  ),
  toArchitecture: (config): Architecture => {
    const depth = config.hidden_size / config.num_attention_heads
    return {
      vocabulary: config.vocab_size,
      layers: config.num_hidden_layers,
      model: config.hidden_size,
      embed: config.hidden_size,
      projected: false,
      context: config.max_position_embeddings,
      heads: { key: config.num_attention_heads, share: 1, depth },
      hidden: config.intermediate_size,
      norm: { kind: "layer", epsilon: config.layer_norm_eps, parametric: true, bias: true, unitOffset: false },
      placement: "pre",
      parallelResidual: config.use_parallel_residual,
      position: readRotary(
        { ...config, rope_theta: config.rotary_emb_base ?? config.rope_theta },
        config.max_position_embeddings, config.rotary_pct
      ),
      attention: {
        bias: biases(config.attention_bias), queryKeyNorm: "none", scale: depth ** -0.5,
        windows: everyLayer(config.num_hidden_layers, null)
      },
      feedForward: { gated: false, activation: config.hidden_act, bias: true },
      embeddingScale: 1,
      tiedHead: config.tie_word_embeddings,
      finalNorm: true,
      tokens: readTokens(config)
    }
  },
  toConfig: (architecture) => ({
    model_type: "gpt_neox" as const,
    vocab_size: architecture.vocabulary,
    hidden_size: architecture.model,
    num_hidden_layers: architecture.layers,
    num_attention_heads: architecture.heads.key,
    intermediate_size: architecture.hidden,
    hidden_act: architecture.feedForward.activation,
    max_position_embeddings: architecture.context,
    layer_norm_eps: architecture.norm.epsilon,
    use_parallel_residual: architecture.parallelResidual,
    attention_bias: architecture.attention.bias.query,
    tie_word_embeddings: architecture.tiedHead,
    ...writeTokens(architecture.tokens),
    ...writeRotary(architecture.position),
    rotary_pct: architecture.position.kind === "rotary" ? architecture.position.fraction : 0.25,
    rotary_emb_base: architecture.position.kind === "rotary" ? architecture.position.theta : undefined
  }),
  names: {
    embedding: "gpt_neox.embed_in.weight",
    "layers.*.attentionNorm.weight": "gpt_neox.layers.*.input_layernorm.weight",
    "layers.*.attentionNorm.bias": "gpt_neox.layers.*.input_layernorm.bias",
    "layers.*.attention.query.weight": fused("weight", 0),
    "layers.*.attention.key.weight": fused("weight", 1),
    "layers.*.attention.value.weight": fused("weight", 2),
    "layers.*.attention.query.bias": fused("bias", 0),
    "layers.*.attention.key.bias": fused("bias", 1),
    "layers.*.attention.value.bias": fused("bias", 2),
    "layers.*.attention.output.weight": "gpt_neox.layers.*.attention.dense.weight",
    "layers.*.attention.output.bias": "gpt_neox.layers.*.attention.dense.bias",
    "layers.*.feedForwardNorm.weight": "gpt_neox.layers.*.post_attention_layernorm.weight",
    "layers.*.feedForwardNorm.bias": "gpt_neox.layers.*.post_attention_layernorm.bias",
    "layers.*.feedForward.up.weight": "gpt_neox.layers.*.mlp.dense_h_to_4h.weight",
    "layers.*.feedForward.up.bias": "gpt_neox.layers.*.mlp.dense_h_to_4h.bias",
    "layers.*.feedForward.down.weight": "gpt_neox.layers.*.mlp.dense_4h_to_h.weight",
    "layers.*.feedForward.down.bias": "gpt_neox.layers.*.mlp.dense_4h_to_h.bias",
    "finalNorm.weight": "gpt_neox.final_layer_norm.weight",
    "finalNorm.bias": "gpt_neox.final_layer_norm.bias",
    unembedding: "embed_out.weight"
  }
})
