/**
 * Groups of expressions as kernels: the group's members are read element by element over the loops of its space, put in
 * stages by which reductions they wait for, and the loops are ordered by how memory lies and joined where they can be.
 */
import * as Axis from "../../axis.ts"
import type { Axes } from "../../axis.ts"
import type { Expression } from "../../expression.ts"
import type { DType } from "../../dtype.ts"
import { byteSize } from "../../dtype.ts"
import type { Space } from "./fuse.ts"
import { isReduction } from "./fuse.ts"
import type { Kernel, Reduction, Store } from "./kernel.ts"
import { arrange } from "./arrange.ts"
import type { Loops, Place, Reader, Splits } from "./trace.ts"
import { axisIndex, loopsOf, read, splitLoop, SplitLoop } from "./trace.ts"
import type { Guard, Index, Value, Values } from "./value.ts"
import { sumOf, values as newValues } from "./value.ts"

/** A kernel and the stored expressions that its argument slots stand for. */
export interface Lowered {
  readonly kernel: Kernel
  readonly slots: ReadonlyArray<Expression>
  /** Members that are written; the others exist within the kernel alone. */
  readonly written: ReadonlyArray<Expression>
}

/** Where elements of a stored expression lie. */
export const memoryIndex = (node: Expression, place: Place): Index => {
  const strides = Axis.strides(node.axes)
  return sumOf(Array.from(place, ([name, index]) => [index, strides.get(name) ?? 0]))
}

/** Slots are given to expressions as they are met. */
export const slotTable = () => {
  const slots: Array<Expression> = []
  return {
    slots,
    of: (node: Expression): number => {
      const found = slots.indexOf(node)
      return found >= 0 ? found : slots.push(node) - 1
    }
  }
}
export type Slots = ReturnType<typeof slotTable>

/** Does what it is given over the loops of axes, again each time that a loop must be split. */
export const overLoops = <T>(axes: Axes, attempt: (loops: Loops) => T): T => {
  let splits: Splits = new Map()
  for (;;) {
    try {
      return attempt(loopsOf(axes, splits))
    } catch (signal) {
      if (!(signal instanceof SplitLoop)) throw signal
      splits = splitLoop(axes, splits, signal)
    }
  }
}

export const placeIn = (loops: Loops, axes: Axes): Place =>
  new Map(Array.from(axes.keys(), (name) => [name, axisIndex(loops, name)]))

/** A load of a stored expression. */
export const loadAt = (
  values: Values,
  slots: Slots,
  node: Expression,
  place: Place,
  guards: ReadonlyArray<Guard>
): Value => values.make(node.dtype, { kind: "load", slot: slots.of(node), index: memoryIndex(node, place), guards })

interface Staged {
  reductions: Map<number, Reduction>
  stores: Array<Store>
  rowStores: Array<Store>
}

/** Scratch for one row of a member, up to this many bytes, rather than a block for all rows. */
const rowLimit = (): number => 2 ** 18

/**
 * The kernel of a group; `isStored` ends the reading, `isNeeded` says which members others read, `scratch` how many
 * bytes of a row a kernel over a space may keep to itself.
 */
export const lower = (
  members: ReadonlyArray<Expression>,
  space: Space,
  isStored: ReadonlySet<Expression>,
  isNeeded: (node: Expression) => boolean,
  scratch: (space: Space) => number = rowLimit
): Lowered =>
  overLoops(new Map([...space.rows, ...space.inner]), (loops) => {
    const values = newValues()
    const slots = slotTable()
    const own = new Set(members)
    const isFull = (node: Expression): boolean =>
      !isReduction(node) && node.axes.size === space.rows.size + space.inner.size
    const stageOf = new Map<Expression, number>()
    const numbers = new Map<Expression, number>()
    const results = new Map<Expression, Value>()
    const scratchNodes = new Set<Expression>()
    let latest = 0
    const reader = (from: number): Reader => ({
      values,
      loops,
      known: (node, place, guards) => {
        if (!isStored.has(node)) return undefined
        const stage = stageOf.get(node)
        if (!own.has(node) || stage === undefined) return loadAt(values, slots, node, place, guards)
        if (isReduction(node)) {
          latest = Math.max(latest, stage + 1)
          return values.make(node.dtype, { kind: "reduced", reduction: numbers.get(node) ?? -1 })
        }
        latest = Math.max(latest, stage)
        if (space.inner.size > 0 && isFull(node) && stage < from) {
          scratchNodes.add(node)
          return loadAt(values, slots, node, place, guards)
        }
        return results.get(node)
      }
    })
    const stages: Array<Staged> = []
    const stageAt = (number: number): Staged => {
      while (stages.length <= number) stages.push({ reductions: new Map(), stores: [], rowStores: [] })
      return stages[number] ?? { reductions: new Map(), stores: [], rowStores: [] }
    }
    /** Reads a member; if it belongs to a later stage, what earlier ones computed is loaded, not kept. */
    const readStaged = (root: Expression, place: Place): readonly [Value, number] => {
      latest = 0
      let value = readMember(reader(0), root, place)
      for (let stage = -1; stage !== latest;) {
        stage = latest
        value = readMember(reader(stage), root, place)
      }
      return [value, latest]
    }
    const pending: Array<{
      readonly node: Expression
      readonly stage: number
      readonly value: Value
      readonly full: boolean
    }> = []
    for (const node of members) {
      const { operation } = node
      if (operation.op === "reduce" && operation.over.length > 0) {
        const [value, stage] = readStaged(operation.x, placeIn(loops, operation.x.axes))
        numbers.set(node, numbers.size)
        stageAt(stage).reductions.set(numbers.get(node) ?? 0, { kind: operation.kind, dtype: node.dtype, value })
        stageOf.set(node, stage)
        const result = values.make(node.dtype, { kind: "reduced", reduction: numbers.get(node) ?? -1 })
        pending.push({ node, stage, value: result, full: false })
      } else {
        const [value, stage] = readStaged(node, placeIn(loops, node.axes))
        results.set(node, value)
        stageOf.set(node, stage)
        pending.push({ node, stage, value, full: isFull(node) })
      }
    }
    const rowBytes = [...scratchNodes].reduce((sum, node) => sum + Axis.count(space.inner) * byteSize(node.dtype), 0)
    const inScratch = new Set([...scratchNodes].filter((node) => !isNeeded(node) && rowBytes <= scratch(space)))
    const written: Array<Expression> = []
    for (const { node, stage, value, full } of pending) {
      if (!isNeeded(node) && !scratchNodes.has(node)) continue
      const store: Store = {
        slot: slots.of(node),
        dtype: node.dtype,
        index: memoryIndex(node, placeIn(loops, node.axes)),
        guards: [],
        mode: "set",
        value
      }
      if (full) stageAt(stage).stores.push(store)
      // a row value that no reduction of its stage feeds is stored with that of the stage before
      else stageAt(isReduction(node) ? stage : Math.max(0, stage - 1)).rowStores.push(store)
      if (!inScratch.has(node)) written.push(node)
    }
    const kernel = arrange({
      values,
      loops,
      stages,
      slots: slots.slots.map(({ dtype }): DType => dtype),
      rows: [...space.rows.keys()].flatMap((name) => loops.axes.get(name) ?? []),
      inner: [...space.inner.keys()].flatMap((name) => loops.axes.get(name) ?? []),
      scratch: new Set([...inScratch].map((node) => slots.of(node)))
    })
    return { kernel, slots: slots.slots, written }

    /** The value of a member itself: its operation applied, though it is stored. */
    function readMember(through: Reader, node: Expression, place: Place): Value {
      return read(
        {
          ...through,
          known: (x, at, guards) =>
            x === node && own.has(node) && !stageOf.has(node) ? undefined : through.known(x, at, guards)
        },
        node,
        place,
        []
      )
    }
  })
