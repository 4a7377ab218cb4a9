/**
 * Softmax and its logarithm along an axis. Adding a constant along the axis changes nothing, so the largest element,
 * which is taken away against overflow, is a constant to gradients too.
 */
import { constant } from "../constant.ts"
import type { Float } from "../dtype.ts"
import type { Over, Tensor } from "../tensor.ts"
import { add, exponential, largest, logarithm, multiply, reciprocal, subtract, sum } from "../tensor.ts"

/** exp(x) over its sum, computed from x less its largest element. A row of -Infinity gives NaN. */
export const softmax = <D extends Float, A extends string, X extends A>(
  x: Tensor<D, A>,
  over: Over<X>
): Tensor<D, A> => {
  const weight = exponential(subtract(x, constant(largest(x, over))))
  return multiply(weight, reciprocal(sum(weight, over)))
}

/** log(sum(exp x)), without overflow. */
export const logSumExp = <D extends Float, A extends string, X extends A>(
  x: Tensor<D, A>,
  over: Over<X>
): Tensor<D, Exclude<A, X>> => {
  const top = constant(largest(x, over))
  return add(logarithm(sum(exponential(subtract(x, top)), over)), top)
}

/** The logarithm of softmax. */
export const logSoftmax = <D extends Float, A extends string, X extends A>(
  x: Tensor<D, A>,
  over: Over<X>
): Tensor<D, A> => subtract(x, logSumExp(x, over))
