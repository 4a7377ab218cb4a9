/**
 * Operations whose places are data: gather reads where indices say, scatter writes there, argsort finds the places that
 * put an axis in order.
 */
import * as Axis from "../../axis.ts"
import type { HostArray } from "../../dtype.ts"
import { isFloat, zeros } from "../../dtype.ts"
import type { Expression } from "../../expression.ts"
import { offsets } from "../strided.ts"

export const gather = (
  node: Expression, of: Expression, indices: Expression, axis: string, x: HostArray, y: HostArray
): HostArray => {
  const strides = Axis.strides(of.axes)
  const stride = strides.get(axis) ?? 0
  const size = Axis.sizeOf("gather", of.axes, axis)
  // the indices never have `axis`, and the result has it only if they do, so that the operand stands still along it
  const xs = offsets(node.axes, strides)
  const ys = offsets(node.axes, Axis.strides(indices.axes))
  const out = zeros(node.dtype, xs.length)
  for (let i = 0; i < out.length; i++) {
    const index = y[ys[i]!]!
    if (index >= 0 && index < size) out[i] = x[xs[i]! + index * stride]!
  }
  return out
}

export const scatter = (
  node: Expression, indices: Expression, updates: Expression,
  axis: string, over: ReadonlyArray<string>, mode: "add" | "set",
  x: HostArray, y: HostArray, z: HostArray
): HostArray => {
  const strides = Axis.strides(node.axes)
  const stride = strides.get(axis) ?? 0
  const size = Axis.sizeOf("scatter", node.axes, axis)
  const run = over.map((name) => [name, Axis.sizeOf("scatter", updates.axes, name)] as const)
  const places = new Map([...Axis.without(updates.axes, over), ...run])
  const outs = offsets(places, new Map(Array.from(strides).filter(([name]) => name !== axis)))
  const ys = offsets(places, Axis.strides(indices.axes))
  const zs = offsets(places, Axis.strides(updates.axes))
  // floats add up in float64 and are rounded once; integers wrap in their own array
  const out = isFloat(node.dtype) ? Float64Array.from(x) : x.slice()
  for (let i = 0; i < outs.length; i++) {
    const index = y[ys[i]!]!
    if (index < 0 || index >= size) continue
    const at = outs[i]! + index * stride
    out[at] = mode === "add" ? out[at]! + z[zs[i]!]! : z[zs[i]!]!
  }
  return node.dtype === "f32" ? Float32Array.from(out) : out
}

export const argsort = (
  node: Expression, of: Expression, axis: string, descending: boolean, x: HostArray
): HostArray => {
  const strides = Axis.strides(of.axes)
  const stride = strides.get(axis) ?? 0
  const rows = Axis.without(of.axes, [axis])
  const starts = offsets(rows, strides)
  const resultStrides = Axis.strides(node.axes)
  const outs = offsets(rows, resultStrides)
  const size = Axis.sizeOf("argsort", node.axes, axis)
  const places = Array.from({ length: Axis.sizeOf("argsort", of.axes, axis) }, (_, index) => index)
  const out = zeros("i32", Axis.count(node.axes))
  for (const [row, start] of starts.entries()) {
    const compare = (i: number, j: number): number => {
      const left = x[start + i * stride]!
      const right = x[start + j * stride]!
      if (Number.isNaN(left) || Number.isNaN(right)) return +Number.isNaN(left) - +Number.isNaN(right)
      return left === right ? 0 : left < right === descending ? 1 : -1
    }
    const order = places.toSorted(compare)
    for (let i = 0; i < size; i++) out[outs[row]! + i * (resultStrides.get(axis) ?? 0)] = order[i]!
  }
  return out
}
