/**
 * What one element of a kernel is computed from: scalar values over loop indices, each made once (equal ones are the
 * same object), so that a kernel computes nothing twice. An `Index` is affine in the loops, plus integer values that
 * are data (a gather's indices), each times a stride.
 */
import type { DType } from "../../dtype.ts"
import type { BinaryKind, UnaryKind } from "../../expression.ts"

/** offset + the sum of loop index times stride + the sum of data times stride. Terms are ordered by loop. */
export interface Index {
  readonly offset: number
  readonly terms: ReadonlyArray<readonly [loop: number, stride: number]>
  readonly data: ReadonlyArray<readonly [value: Value, stride: number]>
}

/** True where 0 <= index < size. */
export interface Guard {
  readonly index: Index
  readonly size: number
}

export type Source =
  | { readonly kind: "constant"; readonly value: number }
  /** An element of the block in a slot of the kernel; 0 where a guard does not hold, and then not read. */
  | { readonly kind: "load"; readonly slot: number; readonly index: Index; readonly guards: ReadonlyArray<Guard> }
  /** The index itself as a number. */
  | { readonly kind: "coordinate"; readonly index: Index }
  /** Whether all guards hold. */
  | { readonly kind: "inside"; readonly guards: ReadonlyArray<Guard> }
  | { readonly kind: "unary"; readonly of: UnaryKind; readonly x: Value }
  | { readonly kind: "binary"; readonly of: BinaryKind; readonly x: Value; readonly y: Value }
  | { readonly kind: "select"; readonly x: Value; readonly y: Value; readonly z: Value }
  | { readonly kind: "cast"; readonly x: Value }
  /** The result of a reduction of the same kernel. */
  | { readonly kind: "reduced"; readonly reduction: number }

export interface Value {
  readonly id: number
  readonly dtype: DType
  readonly source: Source
}

/** A run of text that says what an index is, given values by number. */
export const indexKey = ({ offset, terms, data }: Index): string =>
  `${offset};${terms.map((term) => term.join("*")).join("+")};${data.map(([value, stride]) => `${value.id}*${stride}`).join("+")}`
const guardsKey = (guards: ReadonlyArray<Guard>): string =>
  guards.map(({ index, size }) => `${indexKey(index)}<${size}`).join("&")

const sourceKey = (source: Source): string => {
  switch (source.kind) {
    case "constant":
      return `c${Object.is(source.value, -0) ? "-0" : source.value}`
    case "load":
      return `l${source.slot}[${indexKey(source.index)}]${guardsKey(source.guards)}`
    case "coordinate":
      return `i${indexKey(source.index)}`
    case "inside":
      return `g${guardsKey(source.guards)}`
    case "unary":
      return `${source.of} ${source.x.id}`
    case "binary":
      return `${source.of} ${source.x.id} ${source.y.id}`
    case "select":
      return `? ${source.x.id} ${source.y.id} ${source.z.id}`
    case "cast":
      return `as ${source.x.id}`
    case "reduced":
      return `r${source.reduction}`
  }
}

/** Makes values; equal ones are one. */
export interface Values {
  readonly make: (dtype: DType, source: Source) => Value
  /** The whole body as text: equal texts are equal kernels. */
  readonly text: () => string
}

export const values = (): Values => {
  const known = new Map<string, Value>()
  return {
    make: (dtype, source) => {
      const key = `${dtype} ${sourceKey(source)}`
      const found = known.get(key)
      if (found !== undefined) return found
      const value = { id: known.size, dtype, source }
      known.set(key, value)
      return value
    },
    text: () => [...known.keys()].join("\n")
  }
}

const dataOf = (index: Index): ReadonlyArray<Value> => index.data.map(([value]) => value)

/** The values that a value is computed from. */
export const uses = ({ source }: Value): ReadonlyArray<Value> => {
  switch (source.kind) {
    case "constant":
    case "reduced":
      return []
    case "load":
      return [...dataOf(source.index), ...source.guards.flatMap(({ index }) => dataOf(index))]
    case "coordinate":
      return dataOf(source.index)
    case "inside":
      return source.guards.flatMap(({ index }) => dataOf(index))
    case "unary":
    case "cast":
      return [source.x]
    case "binary":
      return [source.x, source.y]
    case "select":
      return [source.x, source.y, source.z]
  }
}

/** The indices that a value reads at. */
export const indicesOf = ({ source }: Value): ReadonlyArray<Index> => {
  switch (source.kind) {
    case "load":
      return [source.index, ...source.guards.map(({ index }) => index)]
    case "coordinate":
      return [source.index]
    case "inside":
      return source.guards.map(({ index }) => index)
    default:
      return []
  }
}

export const constantIndex = (offset: number): Index => ({ offset, terms: [], data: [] })

const combine = <K>(entries: ReadonlyArray<readonly [K, number]>): ReadonlyArray<readonly [K, number]> => {
  const sums = new Map<K, number>()
  for (const [key, stride] of entries) sums.set(key, (sums.get(key) ?? 0) + stride)
  return [...sums].filter(([, stride]) => stride !== 0)
}

/** The sum of indices, each times a factor. */
export const sumOf = (parts: ReadonlyArray<readonly [Index, number]>, offset = 0): Index => ({
  offset: parts.reduce((total, [index, factor]) => total + index.offset * factor, offset),
  terms: combine(
    parts.flatMap(([index, factor]) => index.terms.map(([loop, stride]) => [loop, stride * factor] as const))
  ).toSorted(([a], [b]) => a - b),
  data: combine(
    parts.flatMap(([index, factor]) => index.data.map(([value, stride]) => [value, stride * factor] as const))
  ).toSorted(([a], [b]) => a.id - b.id)
})

/** The stride of a loop in an index. */
export const strideOf = (index: Index, loop: number): number => index.terms.find(([own]) => own === loop)?.[1] ?? 0
