/**
 * Values made legible before they are shown: a tensor that was computed as a table over its axes, one that was not as
 * what it would compute. Long tables are cut, which is said.
 */
import type { Axes } from "../../algebra/axis.ts"
import type { Expression } from "../../algebra/expression.ts"

/** Rows and columns of a table that are shown. */
const most = { rows: 16, columns: 8 }

interface Values {
  readonly dtype: string
  readonly axes: Axes
  readonly data: ArrayLike<number>
}

const hasAxes = (value: unknown): value is { readonly dtype: string, readonly axes: Axes } =>
  typeof value === "object" && value !== null && "dtype" in value && "axes" in value && value.axes instanceof Map

const isValues = (value: unknown): value is Values =>
  hasAxes(value) && "data" in value && ArrayBuffer.isView(value.data)

const isExpression = (value: unknown): value is Expression =>
  hasAxes(value) && "operation" in value

const number = (value: number): string => String(Number(value.toPrecision(5)))

const over = (axes: Axes): string =>
  axes.size === 0 ? "" : ` over ${Array.from(axes, ([axis, size]) => `${axis} ${size}`).join(", ")}`

/** The coordinates of a row, which are those of all axes but the last. */
const coordinates = (outer: ReadonlyArray<readonly [string, number]>, row: number): string =>
  outer.reduceRight<readonly [number, ReadonlyArray<string>]>(([rest, shown], [axis, size]) =>
    [Math.floor(rest / size), [`${axis} ${rest % size}`, ...shown]], [row, []])[1].join(" ")

/** The values of a tensor in the order of its axes: a row for each coordinate of all axes but the last. */
export const tensor = ({ dtype, axes, data }: Values): string => {
  const listed = Array.from(axes)
  const outer = listed.slice(0, -1)
  const columns = listed.at(-1)?.[1] ?? 1
  const rows = columns === 0 ? 0 : data.length / columns
  const cells = Array.from({ length: Math.min(rows, most.rows) }, (_, row) => {
    const values = Array.from({ length: Math.min(columns, most.columns) }, (_, column) =>
      number(data[row * columns + column] ?? NaN))
    return [coordinates(outer, row), ...values, ...columns > most.columns ? ["…"] : []]
  })
  const width = (column: number) => Math.max(...cells.map((row) => row[column]?.length ?? 0))
  const lines = cells.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(width(0)) : cell.padStart(width(column))).join("  ").trimEnd())
  const more = rows > most.rows ? [`… ${rows - most.rows} more rows`] : []
  return [`${dtype}${over(axes)}`, ...lines, ...more].join("\n")
}

/** The text of a tensor; undefined for any other value. */
export const titled = (value: unknown): string | undefined => {
  if (isValues(value)) return tensor(value)
  if (!hasAxes(value)) return undefined
  const named = `${value.dtype}${over(value.axes)}`
  return isExpression(value)
    ? `${named}, by ${value.operation.op}: an expression, which algebra.evaluate computes`
    : `${named}, in the memory of a backend`
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** By which Node's `inspect`, and that of the page, asks a value for its own text. */
export const ownText = Symbol.for("nodejs.util.inspect.custom")

/** The same value with the tensors in it as their texts, down to a depth. */
export const legible = (value: unknown, depth: number): unknown => {
  const title = titled(value)
  if (title !== undefined) return { [ownText]: () => title }
  if (depth === 0) return value
  if (Array.isArray(value)) return value.map((item: unknown) => legible(item, depth - 1))
  return isPlain(value)
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, legible(item, depth - 1)]))
    : value
}
