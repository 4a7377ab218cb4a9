/**
 * Cotangents: the derivative of the output by a node. One may lack axes of its node, and is then constant along them:
 * so the adjoint of a sum is the cotangent itself, and nothing is expanded before a product or a contraction needs it.
 * The cotangent of a 16-bit float is float32; integers and bool have none.
 */
import type { Axes } from "../../axis.ts"
import * as Axis from "../../axis.ts"
import type { DType, Float } from "../../dtype.ts"
import type { Expression } from "../../expression.ts"
import * as U from "../untyped.ts"

/** The dtype that the cotangent of a node has, if it has one. */
export const cotangentOf = (dtype: DType): Float | undefined => {
  if (dtype === "f64") return "f64"
  return dtype === "f32" || dtype === "f16" || dtype === "bf16" ? "f32" : undefined
}

const isOne = ({ operation }: Expression): boolean => operation.op === "fill" && operation.value === 1
const within = (inner: Axes, outer: Axes): boolean => Array.from(inner.keys()).every((name) => outer.has(name))

/** The cotangent times a derivative. */
export const times = (cotangent: Expression, derivative: Expression): Expression =>
  isOne(cotangent) && within(cotangent.axes, derivative.axes) ? derivative : U.multiply(cotangent, derivative)

const largest = (dtype: DType): number => (dtype === "f64" ? Number.MAX_VALUE : (2 - 2 ** -23) * 2 ** 127)

/**
 * A derivative with the largest float for what is infinite: so 0 times it, as on the side that a `where` did not take,
 * is 0 and not NaN.
 */
export const bounded = (derivative: Expression): Expression =>
  U.binary("maximum", boundedAbove(derivative), -largest(derivative.dtype))

/** The same for a derivative that is not negative. */
export const boundedAbove = (derivative: Expression): Expression =>
  U.binary("minimum", derivative, largest(derivative.dtype))

/**
 * The cotangent times a derivative that may also be undefined: 0 where the cotangent is. The derivative is masked, not
 * the product, and only where it is not finite, so that derivatives of this are right where the cotangent happens to
 * be 0.
 */
export const timesUndefined = (cotangent: Expression, derivative: Expression): Expression => {
  if (isOne(cotangent)) return times(cotangent, derivative)
  const finite = U.less(U.unary("absolute", derivative), Infinity)
  return U.multiply(cotangent, U.where(U.or(finite, U.notEqual(cotangent, 0)), derivative, 0))
}

/** Axes of `of` that the cotangent lacks are written out, all of them or those named. */
export const full = (
  cotangent: Expression, of: Axes, names: ReadonlyArray<string> = Array.from(of.keys())
): Expression => {
  let wide = cotangent
  for (const name of names) if (!wide.axes.has(name)) wide = U.expand(wide, name, Axis.sizeOf("gradient", of, name))
  return wide
}

/** The sum over some axes of a node, given its cotangent: along one that it lacks it is so many times itself. */
export const sumOver = (cotangent: Expression, of: Axes, names: ReadonlyArray<string>): Expression => {
  const there = names.filter((name) => cotangent.axes.has(name))
  const missing = names.filter((name) => !cotangent.axes.has(name))
  const times = missing.reduce((total, name) => total * Axis.sizeOf("gradient", of, name), 1)
  const summed = there.length === 0 ? cotangent : U.sum(cotangent, there)
  return times === 1 ? summed : U.multiply(summed, times)
}

/** The adjoint of broadcasting: the sum over the axes of the result that the operand lacks. */
export const lower = (cotangent: Expression, node: Expression, operand: Expression): Expression =>
  sumOver(cotangent, node.axes, Array.from(node.axes.keys()).filter((name) => !operand.axes.has(name)))
