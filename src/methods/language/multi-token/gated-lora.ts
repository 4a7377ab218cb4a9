/**
 * Gated low-rank adaptation (2507.11851, section 2.2): y_t = W x_t + I(t) A B x_t, where I(t) is 1 at masks and 0 at
 * the text's own tokens. What the model computes for those is its own to the bit, for any A and B; the term cannot be
 * merged into W. A is on the side of the output, B on that of the input, and there is no further factor.
 */
import type { Float } from "../../../algebra/dtype.ts"
import type { Some, Tensor } from "../../../algebra/tensor.ts"
import { add, contract, where } from "../../../algebra/tensor.ts"
import type { Adapt, Projection } from "../adapt.ts"
import { kinds } from "../parameters.ts"

/** The axes that a map sums over, and those that it gives. */
type Sums<P extends Projection> = (typeof kinds)[P]["contracted"][number]
type Gives<P extends Projection> = Exclude<(typeof kinds)[P]["axes"][number], Sums<P>>

/** The term of one map. */
export interface LowRank<D extends Float, P extends Projection> {
  /** B, from what the map sums over. */
  readonly input: Tensor<D, "rank" | Sums<P>>
  /** A, to what the map gives. */
  readonly output: Tensor<D, Gives<P> | "rank">
}

/** The terms of the maps of one layer. */
export type LayerTerms<D extends Float> = { readonly [P in Projection]?: LowRank<D, P> }

/** What the maps of each layer give when the terms are added where the gate is open. */
export const gatedLora = <D extends Float>(
  layers: ReadonlyArray<LayerTerms<D>>, gate: Tensor<"bool", "batch" | "time">
) => (layer: number): Adapt<D> => (map, x, y) => {
  const term = layers[layer]?.[map]
  if (term === undefined) return y
  // a map that is known by its kind alone does not say its axes, so they are left to the algebra to check
  const some = (of: Some) => of as Tensor<D, string>
  const product = contract(contract(some(x), some(term.input), kinds[map].contracted), some(term.output), "rank")
  return where(gate as Some as Tensor<"bool", string>, add(some(y), product), some(y)) as Some as typeof y
}
