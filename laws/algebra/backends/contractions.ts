/** Contractions drawn at random, of any shape, strides and orientation, and what they give on a pool of threads. */
import { Effect } from "effect"
import * as fc from "fast-check"
import { type Axis, bindContraction, type Contraction } from "../../../src/algebra/backends/cpu/contraction.ts"
import type { Threads } from "../../../src/algebra/backends/cpu/threads.ts"

/** A contraction and how far each operand reaches. */
export interface Case {
  readonly contraction: Contraction
  readonly extent: { readonly a: number; readonly b: number; readonly c: number }
}

type Group = "batch" | "m" | "n" | "k"
type Operand = "a" | "b" | "c"
const holds: Readonly<Record<Group, readonly Operand[]>> = { batch: ["a", "b", "c"], m: ["a", "c"], n: ["b", "c"],
  k: ["a", "b"] }
const groups = ["batch", "m", "n", "k"] as const

interface Sketch {
  readonly dtype: "f32" | "f64"
  readonly accumulate: boolean
  readonly sizes: Readonly<Record<Group, readonly number[]>>
  readonly order: readonly number[]
  readonly gaps: readonly number[]
  readonly broadcast: readonly boolean[]
}

/** Strides for a sketch: each operand lays its axes out in an order of its own, with gaps, and may broadcast some. */
const lay = (sketch: Sketch): Case => {
  const axes = groups.flatMap((group) => sketch.sizes[group].map((size, i) => ({ group, i, size })))
  const extent = { a: 1, b: 1, c: 1 }
  const strides = new Map<string, number>()
  let draw = 0
  for (const operand of ["a", "b", "c"] as const) {
    const own = axes.filter(({ group }) => holds[group].includes(operand))
      .map((axis) => ({ axis, key: sketch.order[draw++ % sketch.order.length] ?? 0 }))
      .toSorted((x, y) => x.key - y.key)
    let step = 1
    for (const { axis } of own) {
      step += sketch.gaps[draw++ % sketch.gaps.length] ?? 0
      const repeated = operand !== "c" && (sketch.broadcast[draw++ % sketch.broadcast.length] ?? false)
      strides.set(`${axis.group}${axis.i}${operand}`, repeated ? 0 : step)
      if (!repeated) {
        extent[operand] += (axis.size - 1) * step
        step *= axis.size
      }
    }
  }
  const group = (name: Group): readonly Axis[] => sketch.sizes[name].map((size, i) => {
    const stride = (operand: Operand): number => strides.get(`${name}${i}${operand}`) ?? 0
    return { size, a: stride("a"), b: stride("b"), c: stride("c") }
  })
  const { dtype, accumulate } = sketch
  return { extent, contraction: { dtype, accumulate, batch: group("batch"), m: group("m"), n: group("n"),
    k: group("k") } }
}

const sizes = (largest: number) => fc.array(fc.integer({ min: 1, max: largest }), { maxLength: 3 })
export const cases = (largest: number): fc.Arbitrary<Case> => fc.record({
  dtype: fc.constantFrom("f32", "f64"),
  accumulate: fc.boolean(),
  sizes: fc.record({ batch: sizes(4), m: sizes(largest), n: sizes(largest), k: sizes(largest) }),
  order: fc.array(fc.nat(9), { minLength: 1, maxLength: 12 }),
  gaps: fc.array(fc.constantFrom(0, 0, 0, 1, 3), { minLength: 1, maxLength: 5 }),
  broadcast: fc.array(fc.constantFrom(false, false, false, true), { minLength: 1, maxLength: 7 })
}).map(lay)

/** A plain matrix product of given sizes, each operand row-major or column-major. */
export const matrices = (m: number, n: number, k: number, dtype: "f32" | "f64", [a, b, c]: readonly [boolean, boolean,
  boolean]): Case => ({
  extent: { a: m * k, b: k * n, c: m * n },
  contraction: {
    dtype, batch: [],
    m: [{ size: m, a: a ? 1 : k, b: 0, c: c ? 1 : n }],
    n: [{ size: n, a: 0, b: b ? k : 1, c: c ? m : 1 }],
    k: [{ size: k, a: a ? m : 1, b: b ? 1 : n, c: 0 }]
  }
})
export const matrixCases: fc.Arbitrary<Case> = fc.tuple(
  fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 150 })),
  fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 150 }), fc.integer({ min: 2000, max: 2200 })),
  fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 200, max: 700 })),
  fc.constantFrom("f32" as const, "f64" as const), fc.tuple(fc.boolean(), fc.boolean(), fc.boolean())
).map(([m, n, k, dtype, turned]) => matrices(m, n, m * n * k > 1_000_000 ? 1 + (k % 40) : k, dtype, turned))

export const noise = (length: number, seed: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => Math.fround(Math.sin(i * 12.9898 + seed * 78.233) * 2))

/** Guard words around every operand: whatever is written outside C shows. */
const guard = 16

/** What a contraction of noise gives on a pool; fails if anything outside C was written. */
export const evaluate = (threads: Threads, { contraction, extent }: Case,
  packedLimit?: number): Float64Array => Effect.runSync(Effect.scoped(Effect.gen(
  function* () {
    const { dtype } = contraction
    const { memory } = threads
    const bytes = dtype === "f32" ? 4 : 8
    const place = (length: number, seed: number) => Effect.map(
      Effect.acquireRelease(memory.allocate((length + 2 * guard) * bytes),
        (pointer) => Effect.sync(() => memory.free(pointer))),
      (pointer) => {
        const view = memory[dtype](pointer, length + 2 * guard).fill(NaN)
        view.set(noise(length, seed), guard)
        return { pointer: pointer + guard * bytes, view }
      })
    const [a, b, c] = [yield* place(extent.a, 1), yield* place(extent.b, 2), yield* place(extent.c, 3)]
    const { run } = yield* bindContraction(threads, contraction, packedLimit)
    run(a.pointer, b.pointer, c.pointer)
    const edges = [...c.view.subarray(0, guard), ...c.view.subarray(-guard)]
    if (!edges.every(Number.isNaN)) throw new Error("wrote outside C")
    return Float64Array.from(c.view.subarray(guard, guard + extent.c))
  }
)))
