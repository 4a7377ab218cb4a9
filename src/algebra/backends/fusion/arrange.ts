/**
 * Puts the loops of a kernel in order: as memory lies, with the loop that runs in vectors last of its kind, and loops
 * that every index runs through as one joined into one.
 */
import type { DType } from "../../dtype.ts"
import { byteSize } from "../../dtype.ts"
import type { Kernel, Stage, Store } from "./kernel.ts"
import type { Loops } from "./trace.ts"
import type { Guard, Index, Source, Value, Values } from "./value.ts"
import { indicesOf, strideOf, uses, values as newValues } from "./value.ts"

export interface Draft {
  readonly values: Values
  readonly loops: Loops
  readonly rows: ReadonlyArray<number>
  readonly inner: ReadonlyArray<number>
  readonly stages: ReadonlyArray<Stage>
  /** Dtypes of the slots, and the slots that hold one row at a time. */
  readonly slots: ReadonlyArray<DType>
  readonly scratch: ReadonlySet<number>
  /** Whether the inner loops must run in the order given. */
  readonly ordered?: boolean
}

const everyStore = (stages: ReadonlyArray<Stage>): ReadonlyArray<Store> =>
  stages.flatMap(({ stores, rowStores }) => [...stores, ...rowStores])

const everyValue = (stages: ReadonlyArray<Stage>): ReadonlyArray<Value> => {
  const seen = new Set<Value>()
  const visit = (value: Value): void => {
    if (seen.has(value)) return
    uses(value).forEach(visit)
    seen.add(value)
  }
  const ofIndex = (index: Index): void => index.data.forEach(([value]) => visit(value))
  for (const { reductions } of stages) for (const { value } of reductions.values()) visit(value)
  for (const { value, index, guards } of everyStore(stages)) {
    visit(value)
    ofIndex(index)
    guards.forEach((guard) => ofIndex(guard.index))
  }
  return [...seen]
}

/** The same stages with every index changed. */
const rewrite = (
  stages: ReadonlyArray<Stage>,
  values: Values,
  change: (index: Index, slot: number | undefined) => Index
): ReadonlyArray<Stage> => {
  const known = new Map<Value, Value>()
  const index = (of: Index, slot?: number): Index => ({
    ...change(of, slot),
    data: of.data.map(([value, stride]) => [again(value), stride])
  })
  const guard = ({ index: of, size }: Guard): Guard => ({ index: index(of), size })
  const source = (of: Source): Source => {
    switch (of.kind) {
      case "constant":
      case "reduced":
        return of
      case "load":
        return { ...of, index: index(of.index, of.slot), guards: of.guards.map(guard) }
      case "coordinate":
        return { ...of, index: index(of.index) }
      case "inside":
        return { ...of, guards: of.guards.map(guard) }
      case "unary":
      case "cast":
        return { ...of, x: again(of.x) }
      case "binary":
        return { ...of, x: again(of.x), y: again(of.y) }
      case "select":
        return { ...of, x: again(of.x), y: again(of.y), z: again(of.z) }
    }
  }
  const again = (value: Value): Value => {
    const found = known.get(value)
    if (found !== undefined) return found
    const made = values.make(value.dtype, source(value.source))
    known.set(value, made)
    return made
  }
  const store = (of: Store): Store => ({
    ...of,
    value: again(of.value),
    index: index(of.index, of.slot),
    guards: of.guards.map(guard)
  })
  return stages.map(({ reductions, stores, rowStores }) => ({
    reductions: new Map(
      [...reductions].map(([number, reduction]) => [number, { ...reduction, value: again(reduction.value) }])
    ),
    stores: stores.map(store),
    rowStores: rowStores.map(store)
  }))
}

/** Indices at which memory is read or written, those of most loops first, and stores before loads. */
const accesses = (stages: ReadonlyArray<Stage>): ReadonlyArray<Index> => {
  const loads = everyValue(stages).flatMap(({ source }) => (source.kind === "load" ? [source.index] : []))
  const most = (indices: ReadonlyArray<Index>): ReadonlyArray<Index> =>
    indices.toSorted((a, b) => b.terms.length - a.terms.length)
  return most([...everyStore(stages).map(({ index }) => index), ...loads])
}

/** Loops from the largest steps to the smallest, by the first access that has both. */
const byStride = (loops: ReadonlyArray<number>, indices: ReadonlyArray<Index>): ReadonlyArray<number> =>
  loops.toSorted((a, b) => {
    for (const index of indices) {
      const [left, right] = [Math.abs(strideOf(index, a)), Math.abs(strideOf(index, b))]
      if (left !== 0 && right !== 0 && left !== right) return right - left
    }
    return 0
  })

const moveLast = (loops: ReadonlyArray<number>, last: number): ReadonlyArray<number> => [
  ...loops.filter((loop) => loop !== last),
  last
]

/** The kernel of a draft. */
export const arrange = ({ loops, stages: given, slots, scratch, ...draft }: Draft): Kernel => {
  const sizeOf = (loop: number): number => loops.sizes[loop] ?? 1
  // loops of one step are gone: no index has them
  const present = (loop: number): boolean => sizeOf(loop) !== 1
  const innerLoops = draft.inner.filter(present)
  const rowLoops = draft.rows.filter(present)
  const scratchStrides = new Map<number, number>()
  // a row in scratch is dense over the inner loops as they are ordered here
  const indices = accesses(given)
  let inner = draft.ordered ? innerLoops : byStride(innerLoops, indices)
  let rows = byStride(rowLoops, indices)
  const count = (index: Index): number => index.terms.reduce((product, [loop]) => product * sizeOf(loop), 1)
  /** How many elements lie next to each other along a loop, over all accesses. */
  const contiguous = (loop: number): number =>
    indices.reduce((sum, index) => sum + (strideOf(index, loop) === 1 ? count(index) : 0), 0)
  const best = (among: ReadonlyArray<number>): number | undefined =>
    among.toSorted((a, b) => contiguous(b) - contiguous(a) || sizeOf(b) - sizeOf(a))[0]
  const [bestInner, bestRow] = [best(inner), best(rows)]
  const inRows =
    inner.length === 0 ||
    (scratch.size === 0 &&
      bestRow !== undefined &&
      bestInner !== undefined &&
      contiguous(bestRow) > contiguous(bestInner) &&
      sizeOf(bestRow) >= 4)
  const vector = inRows ? bestRow : draft.ordered ? inner.at(-1) : bestInner
  if (vector !== undefined && inRows) rows = moveLast(rows, vector)
  if (vector !== undefined && !inRows) inner = moveLast(inner, vector)
  let step = 1
  for (const loop of inner.toReversed()) {
    scratchStrides.set(loop, step)
    step *= sizeOf(loop)
  }
  const offsets = new Map<number, number>()
  let scratchBytes = 0
  for (const slot of scratch) {
    offsets.set(slot, scratchBytes)
    scratchBytes += Math.ceil((step * byteSize(slots[slot] ?? "f64")) / 64) * 64
  }
  const values = newValues()
  const inRow = rewrite(given, values, (index, slot) =>
    slot === undefined || !scratch.has(slot)
      ? index
      : {
          offset: 0,
          terms: inner.map((loop) => [loop, scratchStrides.get(loop) ?? 1] as const).toSorted(([a], [b]) => a - b),
          data: index.data
        }
  )
  const all = [
    ...everyValue(inRow).flatMap(indicesOf),
    ...everyStore(inRow).flatMap(({ index, guards }) => [index, ...guards.map((guard) => guard.index)])
  ]
  const sizes = loops.sizes.slice()
  /** Joins neighbours, inner into outer, as long as every index allows. */
  const joined = new Map<number, number>()
  const join = (order: ReadonlyArray<number>): ReadonlyArray<number> =>
    order.reduceRight<ReadonlyArray<number>>((kept, loop) => {
      const [next, ...others] = kept
      if (next === undefined) return [loop]
      const fits = all.every((index) => strideOf(index, loop) === strideOf(index, next) * (sizes[next] ?? 1))
      if (!fits) return [loop, ...kept]
      sizes[next] = (sizes[next] ?? 1) * sizeOf(loop)
      joined.set(loop, next)
      return [next, ...others]
    }, [])
  const [rowOrder, innerOrder] = [join(rows), join(inner)]
  const order = [...rowOrder, ...innerOrder]
  const numbers = new Map(order.map((loop, index) => [loop, index]))
  const final = newValues()
  const stages = rewrite(inRow, final, ({ offset, terms, data }) => ({
    offset,
    data,
    terms: terms
      .flatMap(([loop, stride]) => {
        const number = numbers.get(loop)
        return number === undefined ? [] : [[number, stride] as const]
      })
      .toSorted(([a], [b]) => a - b)
  }))
  return {
    sizes: order.map((loop) => sizes[loop] ?? 1),
    rows: rowOrder.map((_, index) => index),
    inner: innerOrder.map((_, index) => index + rowOrder.length),
    vector: vector === undefined ? undefined : numbers.get(vector),
    stages,
    scratch: offsets,
    scratchBytes,
    slots: slots.length,
    text: final.text()
  }
}
