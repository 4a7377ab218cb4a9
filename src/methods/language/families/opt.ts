/**
 * OPT: learned positions, layer norms, ReLU, biases everywhere. The 350M model is the odd one: its norms stand behind
 * each residual sum, and its token embedding is narrower than the model, with a projection on each side.
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import { biases, everyLayer } from "./decoder.ts"
import { family } from "./family.ts"
import {
  activation, flag, modelType, only, optional, readTokens, refined, size, tokenFields, writeTokens
} from "./fields.ts"

/** The position table has two rows more than positions, and begins with them. */
const offset = 2

export const opt = family({
  modelType: "opt",
  className: "OPTForCausalLM",
  codec: refined(
    "hidden_size a multiple of num_attention_heads",
    t.type({
      model_type: modelType("opt"),
      vocab_size: size,
      hidden_size: size,
      num_hidden_layers: size,
      ffn_dim: size,
      num_attention_heads: size,
      word_embed_proj_dim: optional(size, undefined),
      max_position_embeddings: optional(size, 2048),
      do_layer_norm_before: optional(flag, true),
      _remove_final_layer_norm: optional(flag, false),
      layer_norm_elementwise_affine: optional(flag, true),
      activation_function: optional(activation, "relu"),
      enable_bias: optional(flag, true),
      tie_word_embeddings: optional(flag, true),
      ...tokenFields(2, 2, 1),
      layer_norm_eps: only(1e-5)
    }),
    (config) => config.hidden_size % config.num_attention_heads === 0
  ),
  toArchitecture: (config): Architecture => {
    const embed = config.word_embed_proj_dim ?? config.hidden_size
    const depth = config.hidden_size / config.num_attention_heads
    const affine = config.layer_norm_elementwise_affine
    return {
      vocabulary: config.vocab_size,
      layers: config.num_hidden_layers,
      model: config.hidden_size,
      embed,
      projected: embed !== config.hidden_size,
      context: config.max_position_embeddings,
      heads: { key: config.num_attention_heads, share: 1, depth },
      hidden: config.ffn_dim,
      norm: { kind: "layer", epsilon: 1e-5, parametric: affine, bias: affine, unitOffset: false },
      placement: config.do_layer_norm_before ? "pre" : "post",
      parallelResidual: false,
      position: { kind: "learned", offset, length: config.max_position_embeddings + offset },
      attention: {
        bias: biases(config.enable_bias), queryKeyNorm: "none", scale: depth ** -0.5,
        windows: everyLayer(config.num_hidden_layers, null)
      },
      feedForward: { gated: false, activation: config.activation_function, bias: config.enable_bias },
      embeddingScale: 1,
      tiedHead: config.tie_word_embeddings,
      finalNorm: config.do_layer_norm_before && !config._remove_final_layer_norm,
      tokens: readTokens(config)
    }
  },
  toConfig: (architecture) => ({
    model_type: "opt" as const,
    vocab_size: architecture.vocabulary,
    hidden_size: architecture.model,
    num_hidden_layers: architecture.layers,
    ffn_dim: architecture.hidden,
    num_attention_heads: architecture.heads.key,
    word_embed_proj_dim: architecture.embed,
    max_position_embeddings: architecture.context,
    do_layer_norm_before: architecture.placement === "pre",
    _remove_final_layer_norm: architecture.placement === "pre" && !architecture.finalNorm,
    layer_norm_elementwise_affine: architecture.norm.parametric,
    activation_function: architecture.feedForward.activation,
    enable_bias: architecture.feedForward.bias,
    tie_word_embeddings: architecture.tiedHead,
    ...writeTokens(architecture.tokens),
    layer_norm_eps: 1e-5 as const
  }),
  names: {
    embedding: "model.decoder.embed_tokens.weight",
    position: "model.decoder.embed_positions.weight",
    projectIn: "model.decoder.project_in.weight",
    projectOut: "model.decoder.project_out.weight",
    "layers.*.attentionNorm.weight": "model.decoder.layers.*.self_attn_layer_norm.weight",
    "layers.*.attentionNorm.bias": "model.decoder.layers.*.self_attn_layer_norm.bias",
    "layers.*.attention.query.weight": "model.decoder.layers.*.self_attn.q_proj.weight",
    "layers.*.attention.query.bias": "model.decoder.layers.*.self_attn.q_proj.bias",
    "layers.*.attention.key.weight": "model.decoder.layers.*.self_attn.k_proj.weight",
    "layers.*.attention.key.bias": "model.decoder.layers.*.self_attn.k_proj.bias",
    "layers.*.attention.value.weight": "model.decoder.layers.*.self_attn.v_proj.weight",
    "layers.*.attention.value.bias": "model.decoder.layers.*.self_attn.v_proj.bias",
    "layers.*.attention.output.weight": "model.decoder.layers.*.self_attn.out_proj.weight",
    "layers.*.attention.output.bias": "model.decoder.layers.*.self_attn.out_proj.bias",
    "layers.*.feedForwardNorm.weight": "model.decoder.layers.*.final_layer_norm.weight",
    "layers.*.feedForwardNorm.bias": "model.decoder.layers.*.final_layer_norm.bias",
    "layers.*.feedForward.up.weight": "model.decoder.layers.*.fc1.weight",
    "layers.*.feedForward.up.bias": "model.decoder.layers.*.fc1.bias",
    "layers.*.feedForward.down.weight": "model.decoder.layers.*.fc2.weight",
    "layers.*.feedForward.down.bias": "model.decoder.layers.*.fc2.bias",
    "finalNorm.weight": "model.decoder.final_layer_norm.weight",
    "finalNorm.bias": "model.decoder.final_layer_norm.bias",
    unembedding: "lm_head.weight"
  }
})
