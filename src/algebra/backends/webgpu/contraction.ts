/**
 * Contractions as WGSL, over any strides and batch axes, nothing transposed beforehand, weights of fewer bits read as
 * they are stored. Laws: laws/algebra/backends/webgpu/program.law.ts.
 */
import type { Contraction } from "../fusion/contraction.ts"
import type { Shape } from "./contraction-blocks.ts"
import { alone, byParts, depth, inTiles, side } from "./contraction-blocks.ts"
import type { Operand } from "./contraction-operand.ts"
import { prepare } from "./contraction-operand.ts"
import type { Module } from "./kernel.ts"
import { bind, declare } from "./slots.ts"
import type { Slot } from "./slots.ts"

/** What decides how a contraction is divided. */
export interface Machine {
  /** Whether invocations work together by way of a workgroup's memory. */
  readonly together: boolean
  /** Most invocations of a workgroup. */
  readonly invocations: number
  /** Most workgroups along one dimension of a dispatch. */
  readonly groups: number
}

/** Sums of few rows are divided from this length on. */
const longSum = 64

/** The blocks that suit a contraction on a machine. */
export const shapeOf = (contraction: Contraction, { together, invocations, groups }: Machine): Shape => {
  const { sizes } = prepare(contraction)
  const [rows, columns] = [Math.min(4, sizes.m), Math.min(4, sizes.n)]
  if (together && Math.min(sizes.m, sizes.n) <= 4 && sizes.k >= longSum)
    return { by: "parts", rows, columns, invocations: 64, groups }
  if (together && sizes.m >= 2 * side && sizes.n >= 2 * side && sizes.k >= depth && invocations >= side * side) {
    const block = sizes.m >= 512 && sizes.n >= 512 ? 8 : 4
    return { by: "tiles", rows: block, columns: block, invocations: side * side, groups }
  }
  return { by: "alone", rows, columns, invocations: 64, groups }
}

const emitters = { alone, tiles: inTiles, parts: byParts } as const

/** The operands of a contraction in memory, and the elements at which they begin. */
export interface Operands {
  readonly a: Slot
  readonly b: Slot
  readonly c: Slot
  readonly scale: Slot | undefined
  readonly starts: { readonly a: number; readonly b: number; readonly scale: number }
}

/** A contraction as a module. */
export const emit = (contraction: Contraction, { a, b, c, scale, starts }: Operands, shape: Shape): Module => {
  const of = prepare(contraction)
  const { storage } = contraction
  const slots = scale === undefined ? [a, b, c] : [a, b, c, scale]
  const bound = bind(slots, new Set(slots.keys()), new Set([2]))
  const name = (slot: number): string => `b${bound.bindingOf[slot] ?? 0}`
  const operand = (given: "a" | "b", walk: "a" | "b"): Operand => {
    const stored = storage?.operand === given ? storage : undefined
    return {
      walk,
      name: name(given === "a" ? 0 : 1),
      start: starts[given],
      format: stored?.format,
      scale: stored?.scaled ? { name: name(3), start: starts.scale } : undefined
    }
  }
  const [first, second] = of.swapped ? (["b", "a"] as const) : (["a", "b"] as const)
  const { code, grid } = emitters[shape.by]({ of, shape, a: operand(first, "a"), b: operand(second, "b"), c: name(2) })
  return { code: `${declare(bound.bindings)}\n${code}`, grid, bindings: bound.bindings }
}
