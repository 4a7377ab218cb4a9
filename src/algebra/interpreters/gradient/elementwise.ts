/** Reverse mode through elementwise functions: the cotangent times the derivative, summed where it was broadcast. */
import type { BinaryKind, Expression, UnaryKind } from "../../expression.ts"
import * as U from "../untyped.ts"
import { bounded, boundedAbove, cotangentOf, lower, times, timesUndefined } from "./cotangent.ts"
import type { Cotangents, Rule } from "./rule.ts"

type One = (cotangent: Expression, x: Expression, node: Expression) => Expression | undefined
const none = () => undefined
const square = (x: Expression): Expression => U.multiply(x, x)

/** y' by name: `node` is y, where y' is a function of it. */
const unaries: { readonly [Kind in UnaryKind]: One } = {
  negate: (cotangent) => U.unary("negate", cotangent),
  absolute: (cotangent, x) => times(cotangent, U.unary("sign", x)),
  sign: none,
  floor: none,
  reciprocal: (cotangent, _x, node) => U.unary("negate", times(cotangent, boundedAbove(square(bounded(node))))),
  // where no cotangent asks for it, the root of what is not positive counts as 1, so that nothing is infinite or NaN
  squareRoot: (cotangent, x, node) =>
    U.divide(U.multiply(cotangent, 0.5), U.where(U.and(U.lessEqual(x, 0), U.equal(cotangent, 0)), 1, node)),
  exponential: (cotangent, _x, node) => times(cotangent, boundedAbove(node)),
  logarithm: (cotangent, x) => times(cotangent, bounded(U.unary("reciprocal", x))),
  sine: (cotangent, x) => times(cotangent, U.unary("cosine", x)),
  cosine: (cotangent, x) => U.unary("negate", times(cotangent, U.unary("sine", x))),
  tangentHyperbolic: (cotangent, _x, node) => times(cotangent, U.subtract(1, square(node))),
  errorFunction: (cotangent, x) =>
    times(cotangent, U.multiply(U.unary("exponential", U.unary("negate", square(x))), 2 / Math.sqrt(Math.PI))),
  not: none
}

export const unary: Rule<"unary"> = ({ kind, x }, node, cotangent) => [unaries[kind](cotangent, x, node)]

type Two = (cotangent: Expression, x: Expression, y: Expression, node: Expression) =>
  readonly [Expression | undefined, Expression | undefined]
const neither: Two = () => [undefined, undefined]

/** The larger (or smaller) operand has the cotangent; equal ones share it. */
const extreme = (cotangent: Expression, chosen: Expression, tied: Expression): Expression =>
  U.where(chosen, cotangent, U.where(tied, U.multiply(cotangent, 0.5), 0))

/** Truncated toward zero. */
const truncate = (x: Expression): Expression => U.multiply(U.unary("sign", x), U.unary("floor", U.unary("absolute", x)))

const binaries: { readonly [Kind in Exclude<BinaryKind, "divide">]: Two } = {
  add: (cotangent) => [cotangent, cotangent],
  subtract: (cotangent) => [cotangent, U.unary("negate", cotangent)],
  multiply: (cotangent, x, y) => [times(cotangent, y), times(cotangent, x)],
  // x^y: y x^(y - 1), which at 0^0 is taken as 0, and log(x) x^y, which at x = 0 is taken as its limit 0
  power: (cotangent, x, y, node) => {
    const slope = U.multiply(y, U.binary("power", x, U.subtract(y, 1)))
    const constant = y.operation.op === "fill" && y.operation.value >= 1
    const base = constant ? slope : U.where(U.and(U.equal(x, 0), U.equal(y, 0)), 0, slope)
    const logarithm = U.unary("logarithm", U.where(U.equal(x, 0), 1, x))
    return [
      constant ? times(cotangent, base) : timesUndefined(cotangent, base),
      timesUndefined(cotangent, U.multiply(node, logarithm))
    ]
  },
  maximum: (cotangent, x, y) => {
    const tied = U.equal(x, y)
    return [extreme(cotangent, U.less(y, x), tied), extreme(cotangent, U.less(x, y), tied)]
  },
  minimum: (cotangent, x, y) => {
    const tied = U.equal(x, y)
    return [extreme(cotangent, U.less(x, y), tied), extreme(cotangent, U.less(y, x), tied)]
  },
  // x - y trunc(x / y)
  remainder: (cotangent, x, y) => [cotangent, U.unary("negate", times(cotangent, truncate(U.divide(x, y))))],
  and: neither,
  or: neither,
  xor: neither,
  shiftLeft: neither,
  shiftRight: neither,
  less: neither,
  lessEqual: neither,
  equal: neither,
  notEqual: neither
}

/** Summed before it is divided by the square: the quotient is not formed again, and few elements are divided. */
const divide = (cotangent: Expression, x: Expression, y: Expression, node: Expression): Cotangents => {
  const regular = y.operation.op === "fill" && y.operation.value !== 0
  const inverse = regular ? U.unary("reciprocal", y) : bounded(U.unary("reciprocal", y))
  const summed = lower(times(cotangent, x), node, y)
  return [
    lower(regular ? U.divide(cotangent, y) : times(cotangent, inverse), node, x),
    U.unary("negate", U.multiply(summed, boundedAbove(square(inverse))))
  ]
}

export const binary: Rule<"binary"> = ({ kind, x, y }, node, cotangent) => {
  if (kind === "divide") return divide(cotangent, x, y, node)
  const [left, right] = binaries[kind](cotangent, x, y, node)
  return [left && lower(left, node, x), right && lower(right, node, y)]
}

export const select: Rule<"select"> = ({ x: condition, y, z }, node, cotangent) => [
  undefined,
  lower(U.where(condition, cotangent, 0), node, y),
  lower(U.where(condition, 0, cotangent), node, z)
]

/** Rounding is passed over: the cotangent changes its dtype alone. */
export const cast: Rule<"cast"> = ({ x }, _node, cotangent) => {
  const dtype = cotangentOf(x.dtype)
  return [dtype === undefined ? undefined : dtype === cotangent.dtype ? cotangent : U.cast(cotangent, dtype)]
}
