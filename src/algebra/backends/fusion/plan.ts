/**
 * Where stored expressions lie during a run: inputs where they are given, outputs in blocks of their own (or in a
 * donated input's), everything else at an offset in one arena, where blocks whose lives do not overlap share bytes.
 */
import * as Axis from "../../axis.ts"
import type { DType } from "../../dtype.ts"
import { byteSize } from "../../dtype.ts"
import type { Expression } from "../../expression.ts"
import type { Graph } from "../../graph.ts"
import type { Kernel } from "./kernel.ts"
import type { Step } from "./steps.ts"
import { readsOf } from "./steps.ts"
import type { Value } from "./value.ts"
import { indexKey, uses } from "./value.ts"

export type Place = { readonly number: number } & (
  | { readonly kind: "input" }
  /** Lives as long as the program. */
  | { readonly kind: "kept" }
  | { readonly kind: "arena"; readonly offset: number }
  | { readonly kind: "output"; readonly output: number }
)

export interface Layout {
  readonly places: ReadonlyMap<Expression, Place>
  readonly arenaBytes: number
  /** For each output, the donated input whose block it takes. */
  readonly outputs: ReadonlyArray<{ readonly node: Expression; readonly takes: Expression | undefined }>
  /** Outputs that are copied after all steps, because what they are lies elsewhere. */
  readonly copies: ReadonlyArray<{ readonly output: number; readonly from: Expression }>
  /** Steps that have nothing to do, because their result is where their operand was. */
  readonly skipped: ReadonlySet<Step>
}

/** How a backend's memory is measured. */
export interface Measure {
  /** Bytes of the block of an expression. */
  readonly bytes: (of: Expression) => number
  /** Blocks in the arena begin at multiples of this. */
  readonly alignment: number
  /** Whether a block of this dtype may be written where it is read; default: yes. */
  readonly inPlace?: (dtype: DType) => boolean
}

const dense: Measure = { bytes: ({ dtype, axes }) => byteSize(dtype) * Axis.count(axes), alignment: 64 }

/** Whether a kernel reads a slot only at the element that it writes to another, and not after it has written it. */
const isInPlace = (kernel: Kernel, read: number, written: number): boolean => {
  const [stage] = kernel.stages
  const stores = kernel.stages
    .flatMap((each) => [...each.stores, ...each.rowStores])
    .filter(({ slot }) => slot === written)
  const [store] = stores
  if (
    stage === undefined ||
    store === undefined ||
    kernel.stages.length > 1 ||
    stores.length > 1 ||
    stage.reductions.size > 0
  )
    return false
  if (store.index.data.length > 0 || store.guards.length > 0) return false
  const seen = new Set<Value>()
  const fits = (value: Value): boolean => {
    if (seen.has(value)) return true
    seen.add(value)
    const { source } = value
    return (
      (source.kind !== "load" ||
        source.slot !== read ||
        (indexKey(source.index) === indexKey(store.index) && source.guards.length === 0)) &&
      uses(value).every(fits)
    )
  }
  return stage.stores.every(
    ({ value, index, guards }) =>
      fits(value) &&
      [index, ...guards.map((guard) => guard.index)].every(({ data }) => data.every(([each]) => fits(each)))
  )
}

/** Offsets in an arena for blocks with lives [from, to], first fit. */
const pack = () => {
  interface Live {
    readonly offset: number
    readonly bytes: number
    readonly until: number
  }
  let live: ReadonlyArray<Live> = []
  let total = 0
  return {
    place: (bytes: number, from: number, until: number): number => {
      live = live.filter((block) => block.until >= from)
      let offset = 0
      for (const block of live) {
        if (block.offset - offset >= bytes) break
        offset = Math.max(offset, block.offset + block.bytes)
      }
      live = [...live, { offset, bytes, until }].toSorted((a, b) => a.offset - b.offset)
      total = Math.max(total, offset + bytes)
      return offset
    },
    total: (): number => total
  }
}

export const layout = (
  graph: Graph,
  before: ReadonlyArray<Step>,
  each: ReadonlyArray<Step>,
  { bytes: bytesOf, alignment, inPlace: mayBeInPlace = () => true }: Measure = dense
): Layout => {
  const roundUp = (bytes: number): number => Math.max(alignment, Math.ceil(bytes / alignment) * alignment)
  const lastUse = new Map<Expression, number>()
  const firstWrite = new Map<Expression, number>()
  each.forEach((step, time) => {
    for (const node of readsOf(step)) lastUse.set(node, time)
    for (const node of step.writes) {
      lastUse.set(node, Math.max(time, lastUse.get(node) ?? 0))
      if (!firstWrite.has(node)) firstWrite.set(node, time)
    }
  })
  const places = new Map<Expression, Place>()
  const add = (
    node: Expression,
    place:
      | { readonly kind: "input" | "kept" }
      | { readonly kind: "arena"; readonly offset: number }
      | { readonly kind: "output"; readonly output: number }
  ): void => void (places.has(node) || places.set(node, { ...place, number: places.size }))
  for (const node of graph.inputs) add(node, { kind: "input" })
  for (const node of graph.nodes) if (node.operation.op === "literal") add(node, { kind: "kept" })
  for (const step of before) for (const node of step.writes) add(node, { kind: "kept" })

  const outputs: Array<{ readonly node: Expression; readonly takes: Expression | undefined }> = []
  const copies: Array<{ readonly output: number; readonly from: Expression }> = []
  const skipped = new Set<Step>()
  const free = new Set(graph.donated)
  /** The donated input whose block may become that of a node which is first written at a time. */
  const taken = (node: Expression, time: number): Expression | undefined => {
    const step = each[time]
    for (const input of free) {
      if (bytesOf(input) !== bytesOf(node)) continue
      const last = lastUse.get(input) ?? -1
      const inPlace =
        last === time &&
        step?.kind === "kernel" &&
        input.dtype === node.dtype &&
        mayBeInPlace(node.dtype) &&
        isInPlace(step.kernel, step.slots.indexOf(input), step.slots.indexOf(node))
      if (last < time || inPlace) {
        free.delete(input)
        if (inPlace && step.copies === input) skipped.add(step)
        return input
      }
    }
    return undefined
  }
  graph.outputs.forEach((node, output) => {
    if (!places.has(node)) {
      add(node, { kind: "output", output })
      outputs.push({ node, takes: undefined })
    } else {
      const passed = free.has(node)
      if (passed) free.delete(node)
      outputs.push({ node, takes: passed ? node : undefined })
      if (!passed) copies.push({ output, from: node })
    }
  })
  const byTime = [...firstWrite].toSorted(([, a], [, b]) => a - b)
  for (const [node, time] of byTime) {
    const place = places.get(node)
    if (place?.kind !== "output") continue
    const takes = taken(node, time)
    if (takes !== undefined) outputs[place.output] = { node, takes }
  }
  const arena = pack()
  for (const [node, time] of byTime)
    if (!places.has(node))
      add(node, { kind: "arena", offset: arena.place(roundUp(bytesOf(node)), time, lastUse.get(node) ?? time) })
  // what only the slots of a kernel name, such as its scratch, has a number and no place
  for (const step of [...before, ...each]) for (const node of readsOf(step)) add(node, { kind: "arena", offset: 0 })
  return { places, arenaBytes: arena.total(), outputs, copies, skipped }
}
