/** Means and extremes along named axes, as expressions. */
import type { Tensor, Over } from "../tensor.ts"
import { cast, divide, equal, iota, largest, multiply, smallest, sum, where, subtract } from "../tensor.ts"
import { sizeOf } from "../axis.ts"
import type { Float, Numeric } from "../dtype.ts"

/** The arithmetic mean. */
export const mean = <D extends Float, A extends string, X extends A>(
  x: Tensor<D, A>,
  over: Over<X>
): Tensor<D, Exclude<A, X>> => {
  const names: ReadonlyArray<string> = typeof over === "string" ? [over] : over
  return divide(
    sum(x, over),
    names.reduce((count, name) => count * sizeOf("mean", x.axes, name), 1)
  )
}

/** The biased variance: the mean of squared deviations (divided by the count, not by one less). */
export const variance = <D extends Float, A extends string, X extends A>(
  x: Tensor<D, A>,
  over: Over<X>
): Tensor<D, Exclude<A, X>> => {
  const deviation = subtract(x, mean(x, over))
  return mean(multiply(deviation, deviation), over)
}

const firstWhere = <A extends string, X extends A>(found: Tensor<"bool", A>, over: X): Tensor<"i32", Exclude<A, X>> => {
  const size = sizeOf("argument", found.axes, over)
  const places: Tensor<"i32", A> = where(found, iota("i32", over, size), size)
  return smallest(places, over)
}

/** The first place of the largest element; the axis's size where there is a NaN. */
export const argumentLargest = <D extends Numeric, A extends string, X extends A>(
  x: Tensor<D, A>,
  over: X
): Tensor<"i32", Exclude<A, X>> => firstWhere(equal(x, largest(x, over)), over)

/** The share of true elements. */
export const fraction = <A extends string, X extends A>(
  x: Tensor<"bool", A>,
  over: Over<X>
): Tensor<"f32", Exclude<A, X>> => mean(cast(x, "f32"), over)
