/**
 * The function that a decoder-only transformer computes, from its description and its parameters: pure, over named
 * axes, for any floating dtype. `architecture.ts` says which published models it covers and how a block is arranged.
 * Logits of a token depend on it and on earlier ones alone. Laws: laws/methods/language/transformer.law.ts.
 */
import { sizeOf } from "../../algebra/axis.ts"
import type { Float } from "../../algebra/dtype.ts"
import { softCap } from "../../algebra/derived/activation.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import {
  add, contract, expand, gather, input, iota, less, lessEqual, multiply, rename, slice, subtract, where
} from "../../algebra/tensor.ts"
import type { Adapt } from "./adapt.ts"
import type { Architecture } from "./architecture.ts"
import type { Cache, Remembered, Surroundings } from "./attention.ts"
import { attention } from "./attention.ts"
import { feedForward } from "./feed-forward.ts"
import { normalise } from "./normalise.ts"
import type { LayerTree, ParameterKind } from "./parameters.ts"
import { turnsAt, turnsInOrder } from "./rotary.ts"
import type { Latents, Logits, Rows, Stream, Tensors, Weights } from "./tensors.ts"
import { build } from "./tree.ts"

export type { Latents, Logits, Rows, Stream, Tensors, Weights } from "./tensors.ts"

/** How tokens stand to each other, where it is not one text a row from its start on, and what a method adds. */
export interface Arrangement<D extends Float> {
  /** The position of each token in its text, below the context; default 0, 1, 2, ... */
  readonly positions?: Rows
  /** Which memories a token sees; at least one each. Default: those at its position and before. */
  readonly visible?: Tensor<"bool", "batch" | "time" | "memory">
  /** Keys and values of earlier tokens, one a layer, into which those of these tokens are set at `slots`. */
  readonly caches?: ReadonlyArray<Cache<D>>
  /** The place in memory of each token; only with caches. Default: its position. */
  readonly slots?: Rows
  /** The position of each memory; only with caches. Default: its place. */
  readonly memories?: Tensor<"i32", "batch" | "memory">
  /** Embeddings of tokens beyond the vocabulary, which may be read and are never predicted. */
  readonly beyond?: Tensor<D, "vocabulary" | "embed">
  /** What is added to the linear maps of each layer. */
  readonly adapt?: (layer: number) => Adapt<D>
}

/** What a run over tokens gives besides logits. */
export interface Trace<D extends Float> {
  readonly latents: Latents<D>
  /** Keys and values, those of `caches` with these tokens' set in, or of these tokens alone. */
  readonly caches: ReadonlyArray<Cache<D>>
}

const sizesOf = ({ axes }: Rows): { readonly batch: number, readonly time: number } =>
  ({ batch: sizeOf("transformer", axes, "batch"), time: sizeOf("transformer", axes, "time") })

const inOrder = (tokens: Rows): Rows => {
  const { batch, time } = sizesOf(tokens)
  return expand(iota("i32", "time", time), "batch", batch)
}

const surround = <D extends Float>(
  dtype: D, architecture: Architecture, tokens: Rows, arrangement: Arrangement<D>
): Surroundings<D> => {
  const { position, heads: { depth }, context } = architecture
  const { positions = inOrder(tokens), caches: [cache] = [], slots } = arrangement
  const room = cache && sizeOf("transformer", cache.key.axes, "memory")
  const places = room === undefined ? rename(positions, { time: "memory" })
    : expand(iota("i32", "memory", room), "batch", sizesOf(tokens).batch)
  const memories: Tensor<"i32", "batch" | "memory"> = arrangement.memories ?? places
  // where positions are places in memory, none is beyond it
  const length = room !== undefined && slots === undefined ? room : context
  return {
    turns: position.kind === "learned" ? undefined
      : arrangement.positions === undefined ? turnsInOrder(dtype, position, depth, sizesOf(tokens))
      : turnsAt(dtype, position, depth, positions, length),
    visible: arrangement.visible ?? lessEqual(memories, positions),
    distance: subtract(positions, memories)
  }
}

/** The residual stream before the first block. */
const embed = <D extends Float>(
  architecture: Architecture, weights: Weights<D>, tokens: Rows, { positions, beyond }: Arrangement<D>
): Stream<D> => {
  const { position, embeddingScale, vocabulary } = architecture
  const known: Latents<D> = gather(weights.embedding, tokens, "vocabulary")
  const table: Latents<D> = beyond === undefined ? known
    : where(less(tokens, vocabulary), known, gather(beyond, subtract(tokens, vocabulary), "vocabulary"))
  const embedded: Latents<D> = embeddingScale === 1 ? table : multiply(table, embeddingScale)
  const stream: Stream<D> = weights.projectIn
    ? contract(embedded, weights.projectIn, "embed")
    : rename(embedded, { embed: "model" })
  if (position.kind !== "learned" || weights.position === undefined) return stream
  if (positions !== undefined)
    return add(stream, gather(weights.position, add(positions, position.offset), "position"))
  const row = slice(weights.position, "position", position.offset, sizesOf(tokens).time)
  return add(stream, rename(row, { position: "time" }))
}

type NormName = "attentionNorm" | "feedForwardNorm" | "postAttentionNorm" | "postFeedForwardNorm"

const block = <D extends Float>(
  architecture: Architecture, layer: number, tree: LayerTree<Tensors<D>>, x: Stream<D>,
  surroundings: Surroundings<D>, remembered?: Remembered<D>, adapt?: Adapt<D>
): { readonly x: Stream<D>, readonly cache: Cache<D> } => {
  const { placement, parallelResidual, norm } = architecture
  const N = (name: NormName, y: Stream<D>) => normalise(norm, tree[name], y)
  const A = (y: Stream<D>) => attention(architecture, layer, tree.attention, y, surroundings, remembered, adapt)
  const F = (y: Stream<D>) => feedForward(architecture.feedForward, tree.feedForward, y, adapt)
  switch (placement) {
    case "pre": {
      const { out, cache } = A(N("attentionNorm", x))
      const y: Stream<D> = add(x, out)
      return { x: add(y, F(N("feedForwardNorm", parallelResidual ? x : y))), cache }
    }
    case "post": {
      const { out, cache } = A(x)
      const y = N("attentionNorm", add(x, out))
      return { x: N("feedForwardNorm", add(y, F(y))), cache }
    }
    case "sandwich": {
      const { out, cache } = A(N("attentionNorm", x))
      const y: Stream<D> = add(x, N("postAttentionNorm", out))
      return { x: add(y, N("postFeedForwardNorm", F(N("feedForwardNorm", y)))), cache }
    }
    case "branch": {
      const { out, cache } = A(x)
      const y: Stream<D> = add(x, N("postAttentionNorm", out))
      return { x: add(y, N("postFeedForwardNorm", F(y))), cache }
    }
  }
}

/** The run of a model over rows of tokens: latents, and keys and values. */
export const trace = <D extends Float>(
  architecture: Architecture, weights: Weights<D>, tokens: Rows, arrangement: Arrangement<D> = {}
): Trace<D> => {
  const { positions, caches: earlier } = arrangement
  const surroundings = surround(weights.embedding.dtype, architecture, tokens, arrangement)
  const slots = arrangement.slots ?? positions ?? inOrder(tokens)
  let stream = embed(architecture, weights, tokens, arrangement)
  const caches = weights.layers.map((tree, layer) => {
    const cache = earlier?.[layer]
    const { x, cache: seen } = block(
      architecture, layer, tree, stream, surroundings, cache && { cache, slots }, arrangement.adapt?.(layer))
    stream = x
    return seen
  })
  const last = architecture.finalNorm ? normalise(architecture.norm, weights.finalNorm, stream) : stream
  const out: Latents<D> = weights.projectOut
    ? contract(last, weights.projectOut, "model")
    : rename(last, { model: "embed" })
  return { latents: out, caches }
}

/** What the unembedding reads of each token. */
export const latents = <D extends Float>(
  architecture: Architecture, weights: Weights<D>, tokens: Rows, arrangement: Arrangement<D> = {}
): Latents<D> => trace(architecture, weights, tokens, arrangement).latents

/** Logits from latents over any other axes: the unembedding, which may be the embedding, and the cap. */
export const unembed = <D extends Float, A extends string>(
  architecture: Architecture, weights: Weights<D>, x: Tensor<D, A | "embed">
): Tensor<D, Exclude<A, "embed"> | "vocabulary"> => {
  const table = weights.unembedding ?? weights.embedding
  const scores = contract<D, A | "embed", "vocabulary" | "embed", "embed">(x, table, "embed")
  return architecture.finalSoftCap === undefined ? scores : softCap(scores, architecture.finalSoftCap)
}

/** The logits of the token after each token. */
export const logits = <D extends Float>(
  architecture: Architecture, weights: Weights<D>, tokens: Rows, arrangement: Arrangement<D> = {}
): Logits<D> => unembed<D, "batch" | "time">(architecture, weights, latents(architecture, weights, tokens, arrangement))

/** Parameters as inputs of a program, named by their paths. */
export const placeholders = <D extends Float>(architecture: Architecture, dtype: D): Weights<D> =>
  build<Tensors<D>>(architecture, ({ path, axes }) =>
    // the axes of a parameter are those of its kind, which a record built from a list does not say
    input(dtype, Object.fromEntries(axes), path) as Tensor<D, string> as Tensors<D>[ParameterKind])
