/**
 * Operations that move elements and compute nothing: the result reads its operand through other strides or a table of
 * places along one axis, or the operand is laid into a result.
 */
import type { Axes } from "../../axis.ts"
import * as Axis from "../../axis.ts"
import type { HostArray } from "../../dtype.ts"
import { zeros } from "../../dtype.ts"
import type { Expression } from "../../expression.ts"
import type { Steps } from "../strided.ts"
import { offsets } from "../strided.ts"

/** The result's elements are the operand's at these offsets. */
const read = ({ dtype, axes }: Expression, x: HostArray, steps: Steps, start = 0): HostArray => {
  const places = offsets(axes, steps, start)
  const out = zeros(dtype, places.length)
  for (let i = 0; i < out.length; i++) out[i] = x[places[i]!]!
  return out
}

const strideOf = (of: Expression, axis: string): number => Axis.strides(of.axes).get(axis) ?? 0

export const rename = (node: Expression, of: Expression, names: ReadonlyMap<string, string>, x: HostArray): HostArray =>
  read(node, x, new Map(Array.from(Axis.strides(of.axes), ([name, stride]) => [names.get(name) ?? name, stride])))

export const split = (node: Expression, of: Expression, axis: string, into: Axes, x: HostArray): HostArray => {
  const stride = strideOf(of, axis)
  const parts = Array.from(Axis.strides(into), ([name, inner]): [string, number] => [name, inner * stride])
  const rest = Array.from(Axis.strides(of.axes)).filter(([name]) => name !== axis)
  return read(node, x, new Map([...rest, ...parts]))
}

export const merge = (
  node: Expression, of: Expression, from: ReadonlyArray<string>, axis: string, x: HostArray
): HostArray => {
  const parts: Axes = new Map(from.map((name) => [name, Axis.sizeOf("merge", of.axes, name)]))
  const strides = Axis.strides(of.axes)
  const rest = Array.from(strides).filter(([name]) => !parts.has(name))
  return read(node, x, new Map<string, number | ArrayLike<number>>([...rest, [axis, offsets(parts, strides)]]))
}

export const slice = (
  node: Expression, of: Expression, axis: string, start: number, step: number, x: HostArray
): HostArray => {
  const stride = strideOf(of, axis)
  return read(node, x, new Map(Axis.strides(of.axes)).set(axis, stride * step), start * stride)
}

export const tile = (node: Expression, of: Expression, axis: string, x: HostArray): HostArray => {
  const stride = strideOf(of, axis)
  const size = Axis.sizeOf("tile", of.axes, axis)
  const table = Int32Array.from({ length: Axis.sizeOf("tile", node.axes, axis) }, (_, index) => (index % size) * stride)
  return read(node, x, new Map<string, number | ArrayLike<number>>(Axis.strides(of.axes)).set(axis, table))
}

export const expand = (node: Expression, of: Expression, x: HostArray): HostArray =>
  read(node, x, Axis.strides(of.axes))

/** Lays a part into a result, from a place of an axis on. */
const lay = (out: HostArray, into: Expression, part: Expression, axis: string, at: number, x: HostArray): void => {
  const strides = Axis.strides(into.axes)
  const places = offsets(part.axes, strides, at * (strides.get(axis) ?? 0))
  for (let i = 0; i < x.length; i++) out[places[i]!] = x[i]!
}

export const pad = (
  node: Expression, of: Expression, axis: string, before: number, value: number, x: HostArray
): HostArray => {
  const out = zeros(node.dtype, Axis.count(node.axes)).fill(value)
  lay(out, node, of, axis, before, x)
  return out
}

export const concatenate = (
  node: Expression, parts: ReadonlyArray<Expression>, axis: string, given: ReadonlyArray<HostArray>
): HostArray => {
  const out = zeros(node.dtype, Axis.count(node.axes))
  let at = 0
  for (const [index, part] of parts.entries()) {
    lay(out, node, part, axis, at, given[index]!)
    at += Axis.sizeOf("concatenate", part.axes, axis)
  }
  return out
}
