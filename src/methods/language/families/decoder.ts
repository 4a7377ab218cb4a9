/**
 * What the configurations of most families say in the same words: their sizes, the shape of their heads, and the plain
 * pre-norm decoder that each of them describes by its differences.
 */
import type * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import { optional, refined, size } from "./fields.ts"

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

interface HeadFields extends SizeFields { readonly head_dim?: number | undefined }

/** Query heads are shared out evenly, and a head has a whole width. */
export const wholeHeads = <C extends HeadFields>(codec: t.Type<C, unknown>): t.Type<C, unknown> =>
  refined(
    "num_attention_heads a multiple of num_key_value_heads, and where head_dim is absent hidden_size of both",
    codec,
    (config) => config.num_attention_heads % (config.num_key_value_heads ?? config.num_attention_heads) === 0
      && (config.head_dim !== undefined || config.hidden_size % config.num_attention_heads === 0)
  )

/** transformers refuses some families unless hidden_size is a multiple of num_attention_heads, head_dim or not. */
export const divisible = <C extends SizeFields>(codec: t.Type<C, unknown>): t.Type<C, unknown> =>
  refined("hidden_size a multiple of num_attention_heads", codec, (config) =>
    config.hidden_size % config.num_attention_heads === 0)

const readHeads = (config: HeadFields): Architecture["heads"] => {
  const key = config.num_key_value_heads ?? config.num_attention_heads
  return {
    key, share: config.num_attention_heads / key,
    depth: config.head_dim ?? config.hidden_size / config.num_attention_heads
  }
}

/** The sizes of a description, in that spelling. */
export const writeSizes = ({ vocabulary, model, hidden, layers, heads }: Architecture) => ({
  vocab_size: vocabulary, hidden_size: model, intermediate_size: hidden, num_hidden_layers: layers,
  num_attention_heads: heads.key * heads.share, num_key_value_heads: heads.key
})

/** What all pre-norm, RMS, rotary, gated families have in common; a family overrides where it differs. */
export const decoder = (config: HeadFields & { readonly tie_word_embeddings: boolean }) => {
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

/** The same for every layer. */
export const everyLayer = <A>(layers: number, value: A): ReadonlyArray<A> => Array.from({ length: layers }, () => value)
