/**
 * How a contraction of arbitrarily strided operands is laid out for the kernels: which operand gives the rows, in which
 * order the axes of each group are walked, and at which byte offset every index of a group lies in every operand.
 * Nothing here depends on the number of threads, so neither does the order of summation. Offset vectors after TBLIS
 * (Matthews 2018).
 */
import type { Axis, Contraction, Storage } from "../fusion/contraction.ts"
import { groupSize } from "../../derived/quantised.ts"
import { elements, type FloatType, gather, rows, unroll } from "./contraction-element.ts"
import { mostRows } from "./contraction-skinny.ts"
import { bytesEach } from "./contraction-stored.ts"

type Operand = "a" | "b" | "c" | "scale"

/** A contraction ready for kernels: sizes, byte offsets by group and operand, and how each operand is gathered. */
export interface Layout {
  readonly dtype: FloatType
  readonly accumulate: boolean
  /** The caller's B gives the rows and its A the columns. */
  readonly swapped: boolean
  readonly batch: number
  readonly m: number
  readonly n: number
  readonly k: number
  /** Steps of k that are packed and multiplied together, a multiple of the unrolling. */
  readonly kBlock: number
  readonly aBatch: Int32Array
  readonly bBatch: Int32Array
  readonly cBatch: Int32Array
  readonly aRow: Int32Array
  readonly cRow: Int32Array
  readonly bColumn: Int32Array
  readonly cColumn: Int32Array
  readonly aSum: Int32Array
  readonly bSum: Int32Array
  readonly aGather: number
  /** The whole sum runs along A's memory. */
  readonly aDense: boolean
  readonly bGather: number
  /** Every whole block of columns of C is contiguous, and every whole vector. */
  readonly denseC: boolean
  /** For a contraction of few rows: how B can be read in vectors where it lies, if at all. */
  readonly skinny: "dot" | "stream" | "combine" | "none"
  /** How B is stored, where it is not numbers of the dtype; then `bColumn` and `bSum` are offsets of bytes of codes. */
  readonly stored: StoredLayout | undefined
  /** Multiplications. */
  readonly products: number
}

/** A stored B: its format, and byte offsets of the scales. */
export interface StoredLayout {
  readonly format: Storage["format"]
  readonly scaled: boolean
  readonly sColumn: Int32Array
  readonly sSum: Int32Array
}

/** The longest block of k: a panel of B of that depth stays in the first-level cache, a block of A in the second. */
const deepestBlock = 256

/**
 * Results this narrow, from this few products, cost less in one packed register block than in the kernels for few rows.
 */
const narrow = 16
const tiny = 1024

/** A matrix of more bytes comes from beyond the second-level cache; sums this long are worth a loop of their own. */
const secondLevel = 2 ** 20
const longSum = 256

const sizeOf = (axes: readonly Axis[]): number => axes.reduce((product, { size }) => product * size, 1)

const outermostFirst = (axes: readonly Axis[], ...operands: readonly Operand[]): readonly Axis[] => {
  const step = (axis: Axis): number => Math.min(...operands.map((operand) => Math.abs(axis[operand] ?? 0) || Infinity))
  return axes.filter(({ size }) => size !== 1).toSorted((one, two) => {
    const [first, second] = [step(one), step(two)]
    return first === second ? 0 : second > first ? 1 : -1
  })
}

/** The byte offset of every index of a group of axes, the last axis fastest. */
const offsets = (axes: readonly Axis[], operand: Operand, bytes: number): Int32Array => {
  let table = Int32Array.of(0)
  for (const axis of axes.toReversed()) {
    const step = (axis[operand] ?? 0) * bytes
    const next = new Int32Array(axis.size * table.length)
    for (let i = 0, at = 0; i < axis.size; i++) {
      for (let j = 0; j < table.length; j++) next[at++] = i * step + table[j]!
    }
    table = next
  }
  return table
}

/** Whether each whole group of `width` indices lies contiguously, groups counted anew every `restart`. */
const contiguous = (table: Int32Array, width: number, bytes: number, restart = Infinity): boolean => {
  for (let start = 0; start < table.length; start += restart) {
    const end = Math.min(table.length, start + restart)
    for (let first = start; first + width <= end; first += width) {
      for (let i = 1; i < width; i++) if (table[first + i]! - table[first + i - 1]! !== bytes) return false
    }
  }
  return table.length >= width
}

const flip = ({ a, b, ...rest }: Axis): Axis => ({ ...rest, a: b, b: a })

/**
 * Rows should be few, or else columns the axis along which C is contiguous, or else waste least of a register block.
 */
const wantsSwap = (dtype: FloatType, m: readonly Axis[], n: readonly Axis[]): boolean => {
  const { columns } = elements[dtype]
  const [down, across] = [sizeOf(m), sizeOf(n)]
  if (Math.min(down, across) <= rows) return across < down
  const unit = (axes: readonly Axis[]): boolean => axes.some(({ c, size }) => Math.abs(c) === 1 && size >= columns)
  if (unit(m) !== unit(n)) return unit(m)
  const padded = (high: number, wide: number): number =>
    Math.ceil(high / rows) * rows * Math.ceil(wide / columns) * columns
  return padded(across, down) < padded(down, across)
}

/** Lays a contraction out. */
export const layout = (contraction: Contraction): Layout => {
  const { dtype, accumulate = false, storage } = contraction
  const { bytes, columns, lanes } = elements[dtype]
  const rowAxes = [...contraction.m, ...contraction.batch.filter(({ b }) => b === 0)]
  const columnAxes = [...contraction.n, ...contraction.batch.filter(({ a, b }) => a === 0 && b !== 0)]
  const both = contraction.batch.filter(({ a, b }) => a !== 0 && b !== 0)
  // what is stored is read as B
  const swapped = storage === undefined ? wantsSwap(dtype, rowAxes, columnAxes) : storage.operand === "a"
  const turned = (axes: readonly Axis[]): readonly Axis[] => (swapped ? axes.map(flip) : axes)

  const m = outermostFirst(turned(swapped ? columnAxes : rowAxes), "c", "a")
  const n = outermostFirst(turned(swapped ? rowAxes : columnAxes), "c", "b")
  const batch = outermostFirst(turned(both), "c")
  const k = storage === undefined
    ? outermostFirst(turned(contraction.k), "a", "b") : outermostFirst(turned(contraction.k), "b")
  const depth = sizeOf(k)
  const blocks = Math.max(1, Math.ceil(depth / deepestBlock))
  const unit = storage === undefined ? unroll : groupSize
  const kBlock = Math.max(unit, Math.ceil(depth / blocks / unit) * unit)

  const bytesB = storage === undefined ? bytes : bytesEach[storage.format]
  const [aRow, bColumn, cColumn] = [offsets(m, "a", bytes), offsets(n, "b", bytesB), offsets(n, "c", bytes)]
  const [aSum, bSum] = [offsets(k, "a", bytes), offsets(k, "b", bytesB)]
  const mode = (along: Int32Array, sum: Int32Array, width: number): number =>
    contiguous(along, width, bytes) ? gather.alongPanel
      : contiguous(sum, lanes, bytes, kBlock) ? gather.alongSum : gather.scattered
  const few = sizeOf(m) <= mostRows
  const small = sizeOf(n) < narrow && sizeOf(m) * sizeOf(n) * depth < tiny
  const large = depth >= longSum && sizeOf(batch) * sizeOf(n) * depth * bytes > secondLevel
  const skinny = storage !== undefined ? (few ? "dot" : "none")
    : !few || small ? "none"
      : contiguous(bSum, lanes, bytes) ? (large ? "stream" : "dot")
        : contiguous(bColumn, lanes, bytes) ? "combine" : "none"
  return {
    dtype, accumulate, swapped, kBlock, aRow, bColumn, cColumn, aSum, bSum,
    batch: sizeOf(batch), m: sizeOf(m), n: sizeOf(n), k: depth,
    aBatch: offsets(batch, "a", bytes), bBatch: offsets(batch, "b", bytes), cBatch: offsets(batch, "c", bytes),
    cRow: offsets(m, "c", bytes),
    aGather: mode(aRow, aSum, rows), bGather: mode(bColumn, bSum, columns),
    aDense: contiguous(aSum, Math.max(1, depth), bytes),
    denseC: contiguous(cColumn, columns, bytes) && contiguous(cColumn, lanes, bytes),
    stored: storage && {
      format: storage.format, scaled: storage.scaled,
      sColumn: offsets(n, "scale", 4), sSum: offsets(k, "scale", 4)
    },
    skinny,
    products: sizeOf(batch) * sizeOf(m) * sizeOf(n) * depth
  }
}
