/**
 * Reads expressions element by element: an expression at given indices of its axes is a scalar value over the loops of
 * a kernel. Movement operations change the indices and compute nothing; what lies in memory becomes a load. Where an
 * axis must be read as its parts (merge, tile), a loop is split in two and the reading begins anew.
 */
import * as Axis from "../../axis.ts"
import type { Axes } from "../../axis.ts"
import type { Expression } from "../../expression.ts"
import type { Guard, Index, Value, Values } from "./value.ts"
import { constantIndex, sumOf } from "./value.ts"

/** The loops of a kernel: sizes by number, and which of them make up each axis, slowest first. */
export interface Loops {
  readonly sizes: ReadonlyArray<number>
  readonly axes: ReadonlyMap<string, ReadonlyArray<number>>
}

/** Sizes of the loops that make up an axis; an axis that is not there is one loop. */
export type Splits = ReadonlyMap<string, ReadonlyArray<number>>

/** Thrown to have a loop split so that its inner part has a size. */
export class SplitLoop extends Error {
  readonly loop: number
  readonly inner: number
  constructor(loop: number, inner: number) {
    super("a loop is to be split")
    this.loop = loop
    this.inner = inner
  }
}

export const loopsOf = (axes: Axes, splits: Splits): Loops => {
  const sizes: Array<number> = []
  const named = new Map<string, ReadonlyArray<number>>()
  for (const [name, size] of axes)
    named.set(
      name,
      (splits.get(name) ?? [size]).map((part) => sizes.push(part) - 1)
    )
  return { sizes, axes: named }
}

/** The splits after the loop was split. */
export const splitLoop = (axes: Axes, splits: Splits, { loop, inner }: SplitLoop): Splits => {
  const { sizes, axes: named } = loopsOf(axes, splits)
  const found = [...named].find(([, loops]) => loops.includes(loop))
  if (found === undefined) throw new RangeError(`there is no loop ${loop}`)
  const [name, loops] = found
  return new Map([
    ...splits,
    [
      name,
      loops.flatMap((each) => {
        const size = sizes[each] ?? 1
        return each === loop ? [size / inner, inner] : [size]
      })
    ]
  ])
}

/** The index of an axis in terms of its loops. */
export const axisIndex = (loops: Loops, name: string): Index => {
  let stride = 1
  const terms: Array<readonly [number, number]> = []
  for (const loop of (loops.axes.get(name) ?? []).toReversed()) {
    if ((loops.sizes[loop] ?? 1) > 1) terms.push([loop, stride])
    stride *= loops.sizes[loop] ?? 1
  }
  return { offset: 0, terms: terms.toSorted(([a], [b]) => a - b), data: [] }
}

/** Indices by axis name. */
export type Place = ReadonlyMap<string, Index>

/** Where the reading of an expression ends: in memory, in a reduction, in a value of the same loop. */
export interface Reader {
  readonly values: Values
  readonly loops: Loops
  /** The value of an expression that is not to be read further down, at a place; undefined: read on. */
  readonly known: (node: Expression, place: Place, guards: ReadonlyArray<Guard>) => Value | undefined
}

const indexAt = (place: Place, name: string): Index => place.get(name) ?? constantIndex(0)

const change = (place: Place, gone: ReadonlyArray<string>, come: ReadonlyArray<readonly [string, Index]>): Place =>
  new Map([...[...place].filter(([name]) => !gone.includes(name)), ...come])

/** The place of an operand that has some of these axes. */
const within = (place: Place, axes: Axes): Place =>
  new Map(Array.from(axes.keys(), (name) => [name, indexAt(place, name)]))

/** Quotient and remainder of an index of known range by a size. */
const divide = ({ values, loops }: Reader, index: Index, by: number): readonly [Index, Index] => {
  if (by === 1) return [index, constantIndex(0)]
  const outer = index.terms.filter(([, stride]) => stride % by === 0)
  const inner = index.terms.filter(([, stride]) => stride % by !== 0)
  const quotient = Math.floor(index.offset / by)
  const offset = index.offset - quotient * by
  const low = inner.reduce((sum, [loop, stride]) => sum + Math.min(0, stride * ((loops.sizes[loop] ?? 1) - 1)), offset)
  const high = inner.reduce((sum, [loop, stride]) => sum + Math.max(0, stride * ((loops.sizes[loop] ?? 1) - 1)), offset)
  if (index.data.length === 0 && low >= 0 && high < by)
    return [
      { offset: quotient, terms: outer.map(([loop, stride]) => [loop, stride / by]), data: [] },
      { offset, terms: inner, data: [] }
    ]
  for (const [loop, stride] of inner) {
    const size = loops.sizes[loop] ?? 1
    const part = by / stride
    if (stride > 0 && stride * size > by && Number.isInteger(part) && size % part === 0 && part > 1)
      throw new SplitLoop(loop, part)
  }
  const whole = values.make("i32", { kind: "coordinate", index })
  const divisor = values.make("i32", { kind: "constant", value: by })
  const data = (of: "divide" | "remainder"): Index => ({
    offset: 0,
    terms: [],
    data: [[values.make("i32", { kind: "binary", of, x: whole, y: divisor }), 1]]
  })
  return [data("divide"), data("remainder")]
}

/** The element of an expression at a place, as a value. */
export const read = (reader: Reader, node: Expression, place: Place, guards: ReadonlyArray<Guard>): Value => {
  const known = reader.known(node, place, guards)
  if (known !== undefined) return known
  const { values } = reader
  const { operation, dtype } = node
  const operand = (x: Expression, at: Place = within(place, x.axes), under = guards): Value =>
    read(reader, x, at, under)
  switch (operation.op) {
    case "fill":
      return values.make(dtype, {
        kind: "constant",
        value: dtype === "f32" ? Math.fround(operation.value) : operation.value
      })
    case "iota":
      return values.make(dtype, { kind: "coordinate", index: indexAt(place, operation.axis) })
    case "unary":
      return values.make(dtype, { kind: "unary", of: operation.kind, x: operand(operation.x) })
    case "binary":
      return values.make(dtype, {
        kind: "binary",
        of: operation.kind,
        x: operand(operation.x),
        y: operand(operation.y)
      })
    case "select":
      return values.make(dtype, {
        kind: "select",
        x: operand(operation.x),
        y: operand(operation.y),
        z: operand(operation.z)
      })
    case "cast":
      return values.make(dtype, { kind: "cast", x: operand(operation.x) })
    case "expand":
      return operand(operation.x)
    case "rename":
      return operand(
        operation.x,
        new Map(
          Array.from(operation.x.axes.keys(), (name) => [name, indexAt(place, operation.names.get(name) ?? name)])
        )
      )
    case "split": {
      const strides = Axis.strides(operation.into)
      const index = sumOf(Array.from(operation.into.keys(), (name) => [indexAt(place, name), strides.get(name) ?? 1]))
      return operand(operation.x, change(place, [...operation.into.keys()], [[operation.axis, index]]))
    }
    case "merge": {
      let rest = indexAt(place, operation.axis)
      const parts: Array<readonly [string, Index]> = []
      for (const name of operation.from.toReversed()) {
        const size = operation.x.axes.get(name) ?? 1
        const [quotient, remainder] =
          parts.length === operation.from.length - 1 ? [rest, rest] : divide(reader, rest, size)
        parts.push([name, remainder])
        rest = quotient
      }
      return operand(operation.x, change(place, [operation.axis], parts))
    }
    case "slice": {
      const index = sumOf([[indexAt(place, operation.axis), operation.step]], operation.start)
      return operand(operation.x, change(place, [operation.axis], [[operation.axis, index]]))
    }
    case "tile": {
      const [, remainder] = divide(reader, indexAt(place, operation.axis), operation.x.axes.get(operation.axis) ?? 1)
      return operand(operation.x, change(place, [operation.axis], [[operation.axis, remainder]]))
    }
    case "pad": {
      const index = sumOf([[indexAt(place, operation.axis), 1]], -operation.before)
      const guard = { index, size: operation.x.axes.get(operation.axis) ?? 1 }
      const inside = values.make("bool", { kind: "inside", guards: [guard] })
      const x = operand(operation.x, change(place, [operation.axis], [[operation.axis, index]]), [...guards, guard])
      const value = values.make(dtype, {
        kind: "constant",
        value: dtype === "f32" ? Math.fround(operation.value) : operation.value
      })
      return values.make(dtype, { kind: "select", x: inside, y: x, z: value })
    }
    case "gather": {
      const found = operand(operation.y)
      const index: Index = { offset: 0, terms: [], data: [[found, 1]] }
      const guard = { index, size: operation.x.axes.get(operation.axis) ?? 1 }
      const inside = values.make("bool", { kind: "inside", guards: [guard] })
      const rest = within(place, Axis.without(operation.x.axes, [operation.axis]))
      const x = operand(operation.x, change(rest, [], [[operation.axis, index]]), [...guards, guard])
      return values.make(dtype, {
        kind: "select",
        x: inside,
        y: x,
        z: values.make(dtype, { kind: "constant", value: 0 })
      })
    }
    case "reduce":
      if (operation.over.length === 0) return operand(operation.x)
      throw new RangeError("a reduction cannot be read element by element")
    default:
      throw new RangeError(`a ${operation.op} cannot be read element by element`)
  }
}
