/**
 * What the values of a kernel depend on: the innermost loop of each, which of them differ from lane to lane, which
 * reductions they wait for, how wide a lane is, and how many vectors are worth computing at once.
 */
import * as Conversion from "./conversion.ts"
import type { Count } from "./elements.ts"
import type { Kernel, Store } from "../fusion/kernel.ts"
import type { Index, Value } from "../fusion/value.ts"
import { indicesOf, strideOf, uses } from "../fusion/value.ts"

const expensive = new Set([
  "exponential",
  "logarithm",
  "sine",
  "cosine",
  "tangentHyperbolic",
  "errorFunction",
  "power",
  "remainder",
  "divide",
  "squareRoot",
  "reciprocal"
])

/** All that some roots are made of, operands first. */
export const ordered = (roots: ReadonlyArray<Value>): ReadonlyArray<Value> => {
  const seen = new Set<Value>()
  const visit = (value: Value): void => {
    if (seen.has(value)) return
    uses(value).forEach(visit)
    seen.add(value)
  }
  roots.forEach(visit)
  return [...seen]
}

/** What a store needs computed. */
export const storeRoots = ({ value, index, guards }: Store): ReadonlyArray<Value> => [
  value,
  ...index.data.map(([each]) => each),
  ...guards.flatMap((guard) => guard.index.data.map(([each]) => each))
]

/** Whether a kernel needs 64-bit lanes. */
const isWide = (value: Value): boolean =>
  value.dtype === "f64" ||
  (value.source.kind === "cast" &&
    (value.source.x.dtype === "f64" || Conversion.castIsWide(value.source.x.dtype, value.dtype))) ||
  uses(value).some(({ dtype }) => dtype === "f64")

/** The values of a kernel, operands first, and what is known of each. */
export const dependence = ({ rows, inner, vector, stages }: Kernel) => {
  const order = [...rows, ...inner]
  const position = new Map(order.map((loop, index) => [loop, index + 1]))
  const roots = stages.flatMap(({ reductions, stores, rowStores }) => [
    ...[...reductions.values()].map(({ value }) => value),
    ...[...stores, ...rowStores].flatMap(storeRoots)
  ])
  const all = ordered(roots)
  const count: Count = all.some(isWide) ? 2 : 4
  const rowVector = vector !== undefined && rows.includes(vector)
  const levels = new Map<Value, number>()
  const varying = new Set<Value>()
  const levelOfIndex = (index: Index): number =>
    index.terms.reduce((level, [loop]) => Math.max(level, position.get(loop) ?? 0), 0)
  for (const value of all) {
    const own = Math.max(value.source.kind === "reduced" ? rows.length : 0, ...indicesOf(value).map(levelOfIndex))
    levels.set(value, Math.max(own, ...uses(value).map((used) => levels.get(used) ?? 0)))
    if (
      (value.source.kind === "reduced" && rowVector) ||
      uses(value).some((used) => varying.has(used)) ||
      (vector !== undefined && indicesOf(value).some((index) => strideOf(index, vector) !== 0))
    )
      varying.add(value)
  }
  const levelOf = (value: Value): number => levels.get(value) ?? 0
  /** The results of reductions that a value is computed from. */
  const waiting = new Map<Value, ReadonlyArray<Value>>()
  for (const value of all)
    waiting.set(
      value,
      value.source.kind === "reduced" ? [value] : [...new Set(uses(value).flatMap((used) => waiting.get(used) ?? []))]
    )
  /** How many vectors of some values are worth computing at once: several where each takes little. */
  const unrollOf = (values: ReadonlyArray<Value>): number => {
    const inside = values.filter((value) => levelOf(value) > 0 && varying.has(value))
    const slow = inside.some(
      ({ source }) => (source.kind === "unary" || source.kind === "binary") && expensive.has(source.of)
    )
    return inside.length <= 24 && !slow ? 4 : 1
  }
  return { order, position, count, all, levels, waiting, varying, unrollOf }
}
