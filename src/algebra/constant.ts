/**
 * Tensors that gradients hold constant. It is no primitive: the same values under another identity, a cast to the dtype
 * that they have, which reverse mode knows by that identity and every backend leaves out.
 */
import type { DType } from "./dtype.ts"
import type { Expression } from "./expression.ts"
import type { Tensor } from "./tensor.ts"
import { cast } from "./tensor.ts"

const held = new WeakSet<Expression>()

/** The same values, through which no gradient flows: a largest element that is subtracted and added again, a target. */
export const constant = <D extends DType, A extends string>(x: Tensor<D, A>): Tensor<D, A> => {
  const same = cast(x, x.dtype)
  held.add(same)
  return same
}

/** Whether gradients hold this expression constant. */
export const isConstant = (of: Expression): boolean => held.has(of)
