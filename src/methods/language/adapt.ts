/**
 * What a method may add to the linear maps of a layer without changing their weights: a function of what a map was
 * given and of what it gave, before its bias. A model that nothing adapts is computed as if this file did not exist.
 */
import type { Float } from "../../algebra/dtype.ts"
import type { Tensor } from "../../algebra/tensor.ts"

/** The linear maps of a layer, by the kinds of their weights. */
export const projections = ["query", "key", "value", "output", "gate", "up", "down"] as const
export type Projection = (typeof projections)[number]

/** What a map of one layer gives in place of `y`, which it gave for `x`. */
export type Adapt<D extends Float> =
  <X extends string, Y extends string>(map: Projection, x: Tensor<D, X>, y: Tensor<D, Y>) => Tensor<D, Y>

/** Maps as they are. */
export const unadapted = <X, Y>(_map: Projection, _x: X, y: Y): Y => y
