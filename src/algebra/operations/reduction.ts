/** Sums, of products (einsum, by name) and along axes, and the other reductions. */
import * as Axis from "../axis.ts"
import type { Float, Numeric } from "../dtype.ts"
import type { ReduceKind } from "../expression.ts"
import { lift } from "./elementwise.ts"
import type { Over, Tensor } from "./typed.ts"
import { list, typed } from "./typed.ts"

/**
 * The sum over `over` of the product: einsum, by name. Every other axis of either operand stays; shared ones align,
 * which is what a batch axis is.
 */
export const contract = <D extends Float, A extends string, B extends string, X extends A & B>(
  x: Tensor<D, A>, y: Tensor<NoInfer<D>, B>, over: Over<X>
): Tensor<D, Exclude<A | B, X>> => {
  const names = list(over)
  for (const name of names) [x, y].forEach((operand) => Axis.sizeOf("contract", operand.axes, name))
  lift("contract", [x, y])
  return typed(x.dtype, Axis.without(Axis.align("contract", x.axes, y.axes), names), {
    op: "contract",
    x,
    y,
    over: names
  })
}

const reduce =
  (kind: ReduceKind) =>
  <D extends Numeric, A extends string, X extends A>(x: Tensor<D, A>, over: Over<X>): Tensor<D, Exclude<A, X>> => {
    const names = list(over)
    for (const name of names) Axis.sizeOf(kind, x.axes, name)
    return typed(x.dtype, Axis.without(x.axes, names), { op: "reduce", kind, x, over: names })
  }

export const sum = reduce("sum")
export const product = reduce("product")
/** The largest along the axes. */
export const largest = reduce("maximum")
/** The smallest along the axes. */
export const smallest = reduce("minimum")
