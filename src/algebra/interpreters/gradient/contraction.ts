/** Reverse mode through sums over axes: the adjoint of a contraction is a contraction. */
import * as Axis from "../../axis.ts"
import type { Expression } from "../../expression.ts"
import * as U from "../untyped.ts"
import { times } from "./cotangent.ts"
import type { Rule } from "./rule.ts"

/** The cotangent of `x`: the sum over what `y` alone has of the product with `y`. */
const adjoint = (cotangent: Expression, x: Expression, y: Expression): Expression => {
  const extra = Array.from(y.axes.keys()).filter((name) => !x.axes.has(name))
  const over = extra.filter((name) => cotangent.axes.has(name))
  const constant = extra.filter((name) => !cotangent.axes.has(name))
  const other = constant.length === 0 ? y : U.sum(y, constant)
  return over.length === 0 ? times(cotangent, other) : U.contract(cotangent, other, over)
}

export const contract: Rule<"contract"> = ({ x, y }, _node, cotangent) =>
  [adjoint(cotangent, x, y), adjoint(cotangent, y, x)]

/** The product of all other elements, for each: over pairs of elements, so that zeros are no exception. */
const productOfOthers = (x: Expression, over: ReadonlyArray<string>): Expression => {
  const sizes = Object.fromEntries(over.map((name) => [name, Axis.sizeOf("gradient", x.axes, name)]))
  const one = U.fresh("element", x.axes)
  const other = U.fresh("other", x.axes)
  const flat = U.merge(x, over, one)
  const size = Axis.sizeOf("gradient", flat.axes, one)
  const different = U.notEqual(U.iota("i32", one, size), U.iota("i32", other, size))
  return U.split(U.product(U.where(different, U.rename(flat, { [one]: other }), 1), [other]), one, sizes)
}

/** The cotangent of a largest or smallest element is shared equally among those that tie for it. */
export const reduce: Rule<"reduce"> = ({ kind, x, over }, node, cotangent) => {
  switch (kind) {
    case "sum":
      return [cotangent]
    case "product":
      return [over.length === 0 ? cotangent : times(cotangent, productOfOthers(x, over))]
    case "maximum":
    case "minimum": {
      const chosen = U.equal(x, node)
      const ties = U.sum(U.cast(chosen, node.dtype), over)
      return [U.where(chosen, U.divide(cotangent, ties), 0)]
    }
  }
}
