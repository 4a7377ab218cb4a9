/**
 * Operations that have kernels of their own: a concatenation writes each part to its place; a scatter copies what it
 * updates and then goes through the updates in order; a contraction's operands become strides over loops.
 */
import type { DType } from "../../dtype.ts"
import type { Expression, Operation } from "../../expression.ts"
import { arrange } from "./arrange.ts"
import type { Contraction } from "./contraction.ts"
import type { Kernel, Store } from "./kernel.ts"
import { loadAt, memoryIndex, overLoops, placeIn, slotTable } from "./lower.ts"
import type { Lowered, Slots } from "./lower.ts"
import * as StoredOperand from "./stored-operand.ts"
import type { Loops, Place, Reader } from "./trace.ts"
import { axisIndex, read } from "./trace.ts"
import type { Index, Value, Values } from "./value.ts"
import { constantIndex, strideOf, sumOf, values as newValues } from "./value.ts"

type Concatenate = Extract<Operation, { op: "concatenate" }>
type Scatter = Extract<Operation, { op: "scatter" }>
type Contract = Extract<Operation, { op: "contract" }>

const readerOf = (values: Values, loops: Loops, slots: Slots, isStored: ReadonlySet<Expression>): Reader => ({
  values,
  loops,
  known: (node, place, guards) => (isStored.has(node) ? loadAt(values, slots, node, place, guards) : undefined)
})

const one = (
  values: Values,
  loops: Loops,
  slots: Slots,
  rows: ReadonlyArray<number>,
  inner: ReadonlyArray<number>,
  store: Store
): Kernel =>
  arrange({
    values,
    loops,
    rows,
    inner,
    ordered: true,
    slots: slots.slots.map(({ dtype }): DType => dtype),
    scratch: new Set(),
    stages: [{ reductions: new Map(), stores: [store], rowStores: [] }]
  })

/** One expression read into the memory of another, with some axis moved. */
const copy = (
  node: Expression,
  from: Expression,
  isStored: ReadonlySet<Expression>,
  move: (place: Place) => Place = (place) => place
): Lowered =>
  overLoops(from.axes, (loops) => {
    const values = newValues()
    const slots = slotTable()
    const place = placeIn(loops, from.axes)
    const value = read(readerOf(values, loops, slots, isStored), from, place, [])
    const store: Store = {
      slot: slots.of(node),
      dtype: node.dtype,
      index: memoryIndex(node, move(place)),
      guards: [],
      mode: "set",
      value
    }
    const rows = [...from.axes.keys()].flatMap((name) => loops.axes.get(name) ?? [])
    return { kernel: one(values, loops, slots, rows, [], store), slots: slots.slots, written: [node] }
  })

export const concatenate = (
  node: Expression,
  { parts, axis }: Concatenate,
  isStored: ReadonlySet<Expression>
): ReadonlyArray<Lowered> => {
  let start = 0
  return parts.map((part) => {
    const first = start
    start += part.axes.get(axis) ?? 0
    return copy(
      node,
      part,
      isStored,
      (place) => new Map([...place, [axis, sumOf([[place.get(axis) ?? constantIndex(0), 1]], first)]])
    )
  })
}

/** The copy of what is updated, and the updates. Rows are the aligned axes, and the updates of a row run in order. */
export const scatter = (
  node: Expression,
  operation: Scatter,
  isStored: ReadonlySet<Expression>
): readonly [Lowered, Lowered] => {
  const { x, y, z, axis, over, mode } = operation
  const updates = overLoops(z.axes, (loops) => {
    const values = newValues()
    const slots = slotTable()
    const reader = readerOf(values, loops, slots, isStored)
    const place = placeIn(loops, z.axes)
    const value = read(reader, z, place, [])
    const found = read(reader, y, new Map([...y.axes.keys()].map((name) => [name, axisIndex(loops, name)])), [])
    const at: Index = { offset: 0, terms: [], data: [[found, 1]] }
    const target: Place = new Map([...[...place].filter(([name]) => !over.includes(name)), [axis, at]])
    const store: Store = {
      slot: slots.of(node),
      dtype: node.dtype,
      index: memoryIndex(node, target),
      mode,
      value,
      guards: [{ index: at, size: x.axes.get(axis) ?? 0 }]
    }
    const loopsFor = (wanted: (name: string) => boolean): ReadonlyArray<number> =>
      [...z.axes.keys()].filter(wanted).flatMap((name) => loops.axes.get(name) ?? [])
    const ordered = over.flatMap((name) => loops.axes.get(name) ?? [])
    const rows = loopsFor((name) => !over.includes(name))
    return { kernel: { ...one(values, loops, slots, rows, ordered, store) }, slots: slots.slots, written: [node] }
  })
  return [copy(node, x, isStored), updates]
}

interface Part {
  readonly node: Expression
  readonly offset: number
}

/** A contraction with the element offsets at which its operands begin. */
export interface LoweredContraction {
  readonly contraction: Contraction
  readonly a: Part
  readonly b: Part
  /** Of an operand that the contraction reads as it is stored. */
  readonly scale?: Part
}

/** undefined if an operand is neither a plain view nor, where `packed` is true, one that is read as it is stored. */
export const contract = (
  node: Expression,
  { x, y, over }: Contract,
  isStored: ReadonlySet<Expression>,
  packed: boolean
): LoweredContraction | undefined =>
  overLoops(new Map([...x.axes, ...y.axes]), (loops) => {
    const values = newValues()
    const slots = slotTable()
    const reader = readerOf(values, loops, slots, isStored)
    interface Operand {
      readonly node: Expression
      readonly index: Index
      readonly stored?: StoredOperand.Found
    }
    const operand = (of: Expression): Operand | undefined => {
      const value: Value = read(reader, of, placeIn(loops, of.axes), [])
      const { source } = value
      const stored = packed ? StoredOperand.find(value) : undefined
      const plain = source.kind === "load" && source.guards.length === 0 && source.index.data.length === 0
      const found = plain ? source : stored
      const node = found === undefined ? undefined : slots.slots[found.slot]
      if (found === undefined || node === undefined || (stored === undefined && node.dtype !== of.dtype))
        return undefined
      return { node, index: found.index, ...(stored && { stored }) }
    }
    const [a, b] = [operand(x), operand(y)]
    if (a === undefined || b === undefined || (a.stored !== undefined && b.stored !== undefined)) return undefined
    const stored = a.stored ?? b.stored
    const scale = stored?.scale
    const scales = scale === undefined ? undefined : slots.slots[scale.slot]
    const c = memoryIndex(node, placeIn(loops, node.axes))
    const axes = (wanted: (name: string) => boolean) =>
      [...loops.axes]
        .filter(([name]) => wanted(name))
        .flatMap(([, own]) =>
          own.map((loop) => ({
            size: loops.sizes[loop] ?? 1,
            a: strideOf(a.index, loop),
            b: strideOf(b.index, loop),
            c: strideOf(c, loop),
            ...(scale && { scale: strideOf(scale.index, loop) })
          }))
        )
    const kept = (name: string): boolean => !over.includes(name)
    const contraction: Contraction = {
      dtype: node.dtype === "f64" ? "f64" : "f32",
      batch: axes((name) => kept(name) && x.axes.has(name) && y.axes.has(name)),
      m: axes((name) => kept(name) && x.axes.has(name) && !y.axes.has(name)),
      n: axes((name) => kept(name) && !x.axes.has(name) && y.axes.has(name)),
      k: axes((name) => over.includes(name)),
      ...(stored && {
        storage: {
          operand: a.stored === undefined ? ("b" as const) : ("a" as const),
          format: stored.format,
          offset: stored.index.offset,
          scaled: scale !== undefined
        }
      })
    }
    const { storage } = contraction
    if (storage !== undefined && !StoredOperand.isReadable(contraction, storage)) return undefined
    return {
      contraction,
      a: { node: a.node, offset: a.index.offset },
      b: { node: b.node, offset: b.index.offset },
      ...(scale && scales && { scale: { node: scales, offset: scale.index.offset } })
    }
  })
