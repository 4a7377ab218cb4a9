/**
 * Causal attention (Vaswani et al., 1706.03762, section 3.2) with queries grouped over key-value heads (2305.13245):
 * keys and values have the axis `head`, queries `head` and `share`, and nothing is repeated. A sum over `head`, `share`
 * and `depth` leaves it, so these axes may be reordered, and tiled where the output map is divided.
 */
import type { Float } from "../../algebra/dtype.ts"
import { softCap } from "../../algebra/derived/activation.ts"
import { softmax } from "../../algebra/derived/softmax.ts"
import { mean } from "../../algebra/derived/statistics.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import {
  add, and, contract, divide, less, maximum, minimum, multiply, rename, scatter, squareRoot, where
} from "../../algebra/tensor.ts"
import type { Adapt } from "./adapt.ts"
import { unadapted } from "./adapt.ts"
import type { Architecture } from "./architecture.ts"
import type { LayerTree } from "./parameters.ts"
import type { Turns } from "./rotary.ts"
import { rotate } from "./rotary.ts"
import type { Stream, Tensors } from "./tensors.ts"

type Query<D extends Float> = Tensor<D, "batch" | "time" | "head" | "share" | "depth">
type Key<D extends Float> = Tensor<D, "batch" | "time" | "head" | "depth">
type Memory<D extends Float> = Tensor<D, "batch" | "memory" | "head" | "depth">

/** Turned keys, and values, of every token that may be looked back at. */
export interface Cache<D extends Float> {
  readonly key: Memory<D>
  readonly value: Memory<D>
}

/** What attention knows of where its tokens stand. */
export interface Surroundings<D extends Float> {
  readonly turns: Turns<D> | undefined
  /** Which memories each token may see, before a window of the layer. */
  readonly visible: Tensor<"bool", "batch" | "time" | "memory">
  /** How many positions back a memory is from a token. */
  readonly distance: Tensor<"i32", "batch" | "time" | "memory">
}

/** Keys and values of earlier tokens with room for these, which go to `slots`; absent when these tokens are all. */
export interface Remembered<D extends Float> {
  readonly cache: Cache<D>
  readonly slots: Tensor<"i32", "batch" | "time">
}

type Parts<D extends Float> = LayerTree<Tensors<D>>["attention"]

const clamp = <D extends Float, A extends string>(x: Tensor<D, A>, clip: number | undefined): Tensor<D, A> =>
  clip === undefined ? x : minimum(maximum(x, -clip), clip)

// a norm over several axes at once, which `derived/norm.ts` has for one
const headNorm = <D extends Float, A extends string, X extends A>(
  x: Tensor<D, A>, over: ReadonlyArray<X>, epsilon: number
): Tensor<D, A> =>
  divide(x, squareRoot(add(mean(multiply(x, x), over), epsilon)))

const queries = <D extends Float>(
  { attention, norm }: Architecture, parts: Parts<D>, x: Stream<D>, adapt: Adapt<D>
): Query<D> => {
  const { query: { weight, bias }, queryNorm, jointQueryNorm } = parts
  const mapped = adapt("query", x, contract(x, weight, "model"))
  let query: Query<D> = bias ? add(mapped, bias) : mapped
  if (queryNorm) query = multiply(headNorm(query, ["depth"], norm.epsilon), queryNorm)
  if (jointQueryNorm) query = multiply(headNorm(query, ["head", "share", "depth"], norm.epsilon), jointQueryNorm)
  return clamp(query, attention.clip)
}

const keys = <D extends Float>(
  { attention, norm }: Architecture, parts: Parts<D>, x: Stream<D>, adapt: Adapt<D>
): Key<D> => {
  const { key: { weight, bias }, keyNorm, jointKeyNorm } = parts
  const mapped = adapt("key", x, contract(x, weight, "model"))
  let key: Key<D> = bias ? add(mapped, bias) : mapped
  if (keyNorm) key = multiply(headNorm(key, ["depth"], norm.epsilon), keyNorm)
  if (jointKeyNorm) key = multiply(headNorm(key, ["head", "depth"], norm.epsilon), jointKeyNorm)
  return clamp(key, attention.clip)
}

const values = <D extends Float>(
  { attention }: Architecture, { value: { weight, bias } }: Parts<D>, x: Stream<D>, adapt: Adapt<D>
): Key<D> => {
  const mapped = adapt("value", x, contract(x, weight, "model"))
  const value: Key<D> = bias ? add(mapped, bias) : mapped
  return clamp(value, attention.clip)
}

const remember = <D extends Float>(
  fresh: Key<D>, remembered: Remembered<D> | undefined, which: "key" | "value"
): Memory<D> => remembered
  ? scatter(remembered.cache[which], remembered.slots, fresh, "memory", "time", "set")
  : rename(fresh, { time: "memory" })

/** What attention of layer `layer` adds to the stream, from the (normalised) stream; and all keys and values it saw. */
export const attention = <D extends Float>(
  architecture: Architecture, layer: number, parts: Parts<D>, x: Stream<D>,
  surroundings: Surroundings<D>, remembered?: Remembered<D>, adapt: Adapt<D> = unadapted
): { readonly out: Stream<D>, readonly cache: Cache<D> } => {
  const { position, attention: { scale, softCap: cap, windows } } = architecture
  const { turns, visible, distance } = surroundings
  const plainQuery = queries(architecture, parts, x, adapt)
  const plainKey = keys(architecture, parts, x, adapt)
  const turned = position.kind === "rotary" && turns !== undefined
  const query: Query<D> = turned ? rotate<D, "head" | "share">(position, turns, plainQuery) : plainQuery
  const freshKey: Key<D> = turned ? rotate<D, "head">(position, turns, plainKey) : plainKey
  const key = remember(freshKey, remembered, "key")
  const value = remember(values(architecture, parts, x, adapt), remembered, "value")

  const scores = multiply(contract(query, key, "depth"), scale)
  const capped = cap === undefined ? scores : softCap(scores, cap)
  const window = windows[layer] ?? null
  const seen = window === null ? visible : and(visible, less(distance, window))
  const weight = softmax(where(seen, capped, -Infinity), "memory")
  const mixed: Query<D> = contract(weight, value, "memory")
  const { output } = parts
  const out: Stream<D> = adapt("output", mixed, contract(mixed, output.weight, ["head", "share", "depth"]))
  return { out: output.bias ? add(out, output.bias) : out, cache: { key, value } }
}
