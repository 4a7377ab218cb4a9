/**
 * Reverse mode through operations that move elements: each is undone, and what was repeated is summed. A cotangent that
 * lacks the axis is constant along it, and often stays as it is.
 */
import * as Axis from "../../axis.ts"
import type { Expression } from "../../expression.ts"
import * as U from "../untyped.ts"
import { full, sumOver } from "./cotangent.ts"
import type { Rule } from "./rule.ts"

const size = (of: Expression, axis: string): number => Axis.sizeOf("gradient", of.axes, axis)

export const rename: Rule<"rename"> = ({ names }, _node, cotangent) => {
  const back = Array.from(names, ([old, now]) => [now, old] as const).filter(([now]) => cotangent.axes.has(now))
  return [back.length === 0 ? cotangent : U.rename(cotangent, Object.fromEntries(back))]
}

export const split: Rule<"split"> = ({ axis, into }, node, cotangent) => {
  const parts = Array.from(into.keys())
  if (!parts.some((name) => cotangent.axes.has(name))) return [cotangent]
  return [U.merge(full(cotangent, node.axes, parts), parts, axis)]
}

export const merge: Rule<"merge"> = ({ x, from, axis }, _node, cotangent) => {
  if (!cotangent.axes.has(axis)) return [cotangent]
  return [U.split(cotangent, axis, Object.fromEntries(from.map((name) => [name, size(x, name)])))]
}

/** The elements of an axis `step` apart, with zeros between and after them. */
const spread = (x: Expression, axis: string, step: number): Expression => {
  const gap = U.fresh("gap", x.axes)
  const apart = U.pad(U.split(x, axis, { [axis]: size(x, axis), [gap]: 1 }), gap, 0, step - 1)
  return U.merge(apart, [axis, gap], axis)
}

export const slice: Rule<"slice"> = ({ x, axis, start, step }, node, cotangent) => {
  const length = size(node, axis)
  const whole = size(x, axis)
  if (length === 0) return [undefined]
  if (length === whole && step === 1) return [cotangent]
  const wide = full(cotangent, node.axes, [axis])
  const forward = step > 0 ? wide : U.slice(wide, axis, length - 1, length, -1)
  const first = step > 0 ? start : start + (length - 1) * step
  const apart = Math.abs(step) === 1 ? forward : spread(forward, axis, Math.abs(step))
  const kept = Math.min(size(apart, axis), whole - first)
  const fitting = kept === size(apart, axis) ? apart : U.slice(apart, axis, 0, kept)
  return [U.pad(fitting, axis, first, whole - first - kept)]
}

export const concatenate: Rule<"concatenate"> = ({ parts, axis }, _node, cotangent) => {
  if (!cotangent.axes.has(axis)) return parts.map(() => cotangent)
  let start = 0
  return parts.map((part) => {
    const from = start
    start += size(part, axis)
    return U.slice(cotangent, axis, from, size(part, axis))
  })
}

export const pad: Rule<"pad"> = ({ x, axis, before }, _node, cotangent) =>
  [cotangent.axes.has(axis) ? U.slice(cotangent, axis, before, size(x, axis)) : cotangent]

export const tile: Rule<"tile"> = ({ x, axis, times }, _node, cotangent) => {
  if (!cotangent.axes.has(axis)) return [U.multiply(cotangent, times)]
  const copy = U.fresh("copy", cotangent.axes)
  return [U.sum(U.split(cotangent, axis, { [copy]: times, [axis]: size(x, axis) }), [copy])]
}

export const expand: Rule<"expand"> = ({ axis }, node, cotangent) => [sumOver(cotangent, node.axes, [axis])]
