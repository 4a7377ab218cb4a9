/**
 * Operations that have kernels of their own: a concatenation writes each part to its place; a scatter copies what it
 * updates and then goes through the updates in order; a contraction's operands become strides over loops.
 */
import type { DType } from "../../dtype.ts"
import type { Expression, Operation } from "../../expression.ts"
import { arrange } from "./arrange.ts"
import type { Contraction } from "./contraction-plan.ts"
import type { Kernel, Store } from "./kernel.ts"
import { loadAt, memoryIndex, overLoops, placeIn, slotTable } from "./lower.ts"
import type { Lowered, Slots } from "./lower.ts"
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

/** A contraction with the element offsets at which its operands begin; undefined if one is not a plain view. */
export interface LoweredContraction {
  readonly contraction: Contraction
  readonly a: { readonly node: Expression; readonly offset: number }
  readonly b: { readonly node: Expression; readonly offset: number }
}

export const contract = (
  node: Expression,
  { x, y, over }: Contract,
  isStored: ReadonlySet<Expression>
): LoweredContraction | undefined =>
  overLoops(new Map([...x.axes, ...y.axes]), (loops) => {
    const values = newValues()
    const slots = slotTable()
    const reader = readerOf(values, loops, slots, isStored)
    const operand = (of: Expression): { readonly node: Expression; readonly index: Index } | undefined => {
      const { source }: Value = read(reader, of, placeIn(loops, of.axes), [])
      if (source.kind !== "load" || source.guards.length > 0 || source.index.data.length > 0) return undefined
      const found = slots.slots[source.slot]
      return found === undefined || found.dtype !== of.dtype ? undefined : { node: found, index: source.index }
    }
    const [a, b] = [operand(x), operand(y)]
    if (a === undefined || b === undefined) return undefined
    const c = memoryIndex(node, placeIn(loops, node.axes))
    const axes = (wanted: (name: string) => boolean) =>
      [...loops.axes]
        .filter(([name]) => wanted(name))
        .flatMap(([, own]) =>
          own.map((loop) => ({
            size: loops.sizes[loop] ?? 1,
            a: strideOf(a.index, loop),
            b: strideOf(b.index, loop),
            c: strideOf(c, loop)
          }))
        )
    const kept = (name: string): boolean => !over.includes(name)
    return {
      contraction: {
        dtype: node.dtype === "f64" ? "f64" : "f32",
        batch: axes((name) => kept(name) && x.axes.has(name) && y.axes.has(name)),
        m: axes((name) => kept(name) && x.axes.has(name) && !y.axes.has(name)),
        n: axes((name) => kept(name) && !x.axes.has(name) && y.axes.has(name)),
        k: axes((name) => over.includes(name))
      },
      a: { node: a.node, offset: a.index.offset },
      b: { node: b.node, offset: b.index.offset }
    }
  })
