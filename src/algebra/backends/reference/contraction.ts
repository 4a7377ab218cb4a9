/**
 * Sums over axes: the product of two tensors, and the reductions of one. Each element of the result is accumulated in
 * float64 in the order of the axes and rounded once; integers wrap at every step.
 */
import type { Axes } from "../../axis.ts"
import * as Axis from "../../axis.ts"
import type { DType, HostArray } from "../../dtype.ts"
import { isFloat, zeros } from "../../dtype.ts"
import type { Expression, ReduceKind } from "../../expression.ts"
import { offsets } from "../strided.ts"

const only = (axes: Axes, names: ReadonlyArray<string>): Axes =>
  new Map(Array.from(axes).filter(([name]) => names.includes(name)))

export const contract = (
  node: Expression, left: Expression, right: Expression, over: ReadonlyArray<string>, x: HostArray, y: HostArray
): HostArray => {
  const [xStrides, yStrides] = [Axis.strides(left.axes), Axis.strides(right.axes)]
  const summed = only(left.axes, over)
  const [xs, ys] = [offsets(node.axes, xStrides), offsets(node.axes, yStrides)]
  const [xInner, yInner] = [offsets(summed, xStrides), offsets(summed, yStrides)]
  const out = zeros(node.dtype, xs.length)
  for (let i = 0; i < out.length; i++) {
    const xStart = xs[i]!
    const yStart = ys[i]!
    let total = 0
    for (let k = 0; k < xInner.length; k++) total += x[xStart + xInner[k]!]! * y[yStart + yInner[k]!]!
    out[i] = total
  }
  return out
}

/** What an empty axis gives. */
export const identity = (kind: ReduceKind, dtype: DType): number => {
  if (kind === "sum") return 0
  if (kind === "product") return 1
  if (isFloat(dtype)) return kind === "maximum" ? -Infinity : Infinity
  if (dtype === "u32") return kind === "maximum" ? 0 : 2 ** 32 - 1
  return kind === "maximum" ? -(2 ** 31) : 2 ** 31 - 1
}

const folds: { readonly [Kind in ReduceKind]: (total: number, value: number) => number } = {
  sum: (total, value) => total + value,
  product: (total, value) => total * value,
  maximum: Math.max,
  minimum: Math.min
}

/** The same on integers, of 32 bits at every step. */
const wrapping: typeof folds = { ...folds, sum: (total, value) => (total + value) | 0, product: Math.imul }

export const reduce = (
  { dtype, axes }: Expression, kind: ReduceKind, of: Expression, over: ReadonlyArray<string>, x: HostArray
): HostArray => {
  const strides = Axis.strides(of.axes)
  const starts = offsets(axes, strides)
  const inner = offsets(only(of.axes, over), strides)
  const fold = isFloat(dtype) ? folds[kind] : wrapping[kind]
  const out = zeros(dtype, starts.length)
  for (let i = 0; i < out.length; i++) {
    let total = identity(kind, dtype)
    for (let k = 0; k < inner.length; k++) total = fold(total, x[starts[i]! + inner[k]!]!)
    out[i] = total
  }
  return out
}
