/**
 * Elementwise operations: one number from one, two or three, computed in float64 and rounded once. Integers wrap, by
 * the typed array that holds them; an integer divided by zero is zero.
 */
import * as Axis from "../../axis.ts"
import type { DType, HostArray } from "../../dtype.ts"
import { isFloat, zeros } from "../../dtype.ts"
import type { BinaryKind, Expression, UnaryKind } from "../../expression.ts"
import { offsets } from "../strided.ts"
import { errorFunction } from "./errorFunction.ts"
import { decode, encode } from "./storage.ts"

const unaries: { readonly [Kind in UnaryKind]: (x: number) => number } = {
  negate: (x) => -x,
  absolute: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  reciprocal: (x) => 1 / x,
  squareRoot: Math.sqrt,
  exponential: Math.exp,
  logarithm: Math.log,
  sine: Math.sin,
  cosine: Math.cos,
  tangentHyperbolic: Math.tanh,
  errorFunction,
  not: (x) => ~x
}

export const unary = (node: Expression, kind: UnaryKind, of: Expression, x: HostArray): HostArray => {
  const { dtype } = node
  const xs = offsets(node.axes, Axis.strides(of.axes))
  const out = zeros(dtype, xs.length)
  const f = kind === "not" && dtype === "bool" ? (value: number) => 1 - value : unaries[kind]
  for (let i = 0; i < out.length; i++) out[i] = f(x[xs[i]!]!)
  return out
}

const binaries: { readonly [Kind in BinaryKind]: (x: number, y: number) => number } = {
  add: (x, y) => x + y,
  subtract: (x, y) => x - y,
  multiply: (x, y) => x * y,
  divide: (x, y) => x / y,
  power: (x, y) => x ** y,
  maximum: Math.max,
  minimum: Math.min,
  remainder: (x, y) => x % y,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  shiftLeft: (x, y) => x << y,
  shiftRight: (x, y) => x >> y,
  less: (x, y) => +(x < y),
  lessEqual: (x, y) => +(x <= y),
  equal: (x, y) => +(x === y),
  notEqual: (x, y) => +(x !== y)
}

/** The function of two elements of this dtype. */
const binaryOf = (kind: BinaryKind, dtype: DType): ((x: number, y: number) => number) => {
  if (isFloat(dtype)) return binaries[kind]
  if (kind === "multiply") return Math.imul
  if (kind === "divide") return (x, y) => Math.trunc(x / y)
  return kind === "shiftRight" && dtype === "u32" ? (x, y) => x >>> y : binaries[kind]
}

export const binary = (
  node: Expression, kind: BinaryKind, left: Expression, right: Expression, x: HostArray, y: HostArray
): HostArray => {
  const f = binaryOf(kind, left.dtype)
  const xs = offsets(node.axes, Axis.strides(left.axes))
  const ys = offsets(node.axes, Axis.strides(right.axes))
  const out = zeros(node.dtype, xs.length)
  for (let i = 0; i < out.length; i++) out[i] = f(x[xs[i]!]!, y[ys[i]!]!)
  return out
}

export const select = (
  node: Expression, of: readonly [Expression, Expression, Expression],
  condition: HostArray, yes: HostArray, no: HostArray
): HostArray => {
  const [cs, ys, ns] = of.map(({ axes }) => offsets(node.axes, Axis.strides(axes)))
  const out = zeros(node.dtype, Axis.count(node.axes))
  for (let i = 0; i < out.length; i++) out[i] = condition[cs![i]!]! ? yes[ys![i]!]! : no[ns![i]!]!
  return out
}

const clamp = (x: number, low: number, high: number): number =>
  Number.isNaN(x) ? 0 : Math.min(high, Math.max(low, Math.trunc(x)))

const encoders: { readonly [D in DType]: (x: number) => number } = {
  f32: (x) => x,
  f64: (x) => x,
  i32: (x) => clamp(x, -(2 ** 31), 2 ** 31 - 1),
  u32: (x) => clamp(x, 0, 2 ** 32 - 1),
  bool: (x) => +(x !== 0),
  f16: (x) => encode("f16", x),
  bf16: (x) => encode("bf16", x),
  i8: (x) => clamp(x, -128, 127)
}

export const cast = ({ dtype, axes }: Expression, of: Expression, x: HostArray): HostArray => {
  const xs = offsets(axes, Axis.strides(of.axes))
  const out = zeros(dtype, xs.length)
  const write = encoders[dtype]
  const half = of.dtype === "f16" || of.dtype === "bf16" ? of.dtype : undefined
  for (let i = 0; i < out.length; i++) {
    const bits = x[xs[i]!]!
    out[i] = write(half === undefined ? bits : decode(half, bits))
  }
  return out
}
