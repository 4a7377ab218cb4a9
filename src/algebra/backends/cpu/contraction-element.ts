/**
 * What the kernels of a contraction agree on: the element types and their register blocks, the widths of packed panels,
 * and the layout of the argument block. Kernels are specialised by element type only; shapes and strides are data.
 */
import { select, type Statement } from "./assembler.ts"
import { f32, f32x4, f64, f64x2, hasRelaxedSimd, i32, type I32, type V128, v128 } from "./instructions.ts"

export type FloatType = "f32" | "f64"

/** What differs between the two element types. Panels of A are 4 wide, those of B `columns`. */
export interface Element {
  readonly bytes: number
  readonly lanes: number
  readonly columns: number
  readonly splat: (address: I32, offset?: number) => V128
  readonly multiplyAdd: (a: V128, b: V128, c: V128) => V128
  readonly add: (a: V128, b: V128) => V128
  /** Copies one element. */
  readonly copy: (target: I32, source: I32, offset?: number) => Statement
  /** target += source, one element. */
  readonly addTo: (target: I32, source: I32) => Statement
}

/**
 * Rows of a block of C held in registers: 4 by 8 (f32) or 4 by 4 (f64) fill the sixteen vector registers without
 * spilling.
 */
export const rows = 4

export const elements: Readonly<Record<FloatType, Element>> = {
  f32: {
    bytes: 4, lanes: 4, columns: 8, splat: v128.load32_splat, add: f32x4.add,
    multiplyAdd: hasRelaxedSimd ? f32x4.relaxed_madd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
    copy: (target, source, offset = 0) => f32.store(target, f32.load(source), offset),
    addTo: (target, source) => f32.store(target, f32.add(f32.load(target), f32.load(source)))
  },
  f64: {
    bytes: 8, lanes: 2, columns: 4, splat: v128.load64_splat, add: f64x2.add,
    multiplyAdd: hasRelaxedSimd ? f64x2.relaxed_madd : (a, b, c) => f64x2.add(f64x2.mul(a, b), c),
    copy: (target, source, offset = 0) => f64.store(target, f64.load(source), offset),
    addTo: (target, source) => f64.store(target, f64.add(f64.load(target), f64.load(source)))
  }
}

/** How far k is unrolled; packed panels are padded with zeros to a multiple of it. */
export const unroll = 4

/** Panels that are packed together, so that a row of the source is read a cache line or more at a time. */
export const panelGroup = 4

/** How an operand may be read: element by element, whole panel rows at a time, or four steps of k at a time. */
export const gather = { scattered: 0, alongPanel: 1, alongSum: 2 } as const

/** Word indices of the arguments. Offsets are tables of byte offsets, one i32 an index. */
export const argument = {
  a: 0, b: 1, c: 2, aRow: 3, aSum: 4, bSum: 5, bColumn: 6, cRow: 7, cColumn: 8, aBatch: 9, bBatch: 10, cBatch: 11,
  m: 12, n: 13, k: 14, kBlock: 15, aGather: 16, bGather: 17, accumulate: 18, denseC: 19,
  packedA: 20, packedB: 21, packedABatch: 22, packedBBatch: 23,
  tileRows: 24, tileColumns: 25, tilesDown: 26, tilesAcross: 27, groupsA: 28, groupsB: 29, kBlocks: 30, unitsA: 31,
  scale: 32, sColumn: 33, sSum: 34, scaled: 35, aDense: 36, words: 37
} as const

/** The parameters of every kernel that a pool dispatches. */
export const kernelParameters = { begin: "i32", end: "i32", args: "i32", scratch: "i32" } as const

const c = i32.const

/** A reader of the argument block at `args`. */
export const reader = (args: I32) => (name: keyof typeof argument): I32 => i32.load(args, argument[name] * 4)

export const minimum = (a: I32, b: I32): I32 => select(i32.lt_u(a, b), a, b)

/** ceil(a / by) for a power of two. */
export const ceilDivide = (a: I32, by: number): I32 => i32.shr_u(i32.add(a, c(by - 1)), c(Math.log2(by)))

/** A block's k padded to whole turns of the unrolled loop. */
export const padded = (k: I32): I32 => i32.and(i32.add(k, c(unroll - 1)), c(-unroll))
