/**
 * Contractions with operands in fewer bits, read where they lie: the plain sum of products of what the codes mean,
 * within rounding, in every format, shape and orientation; the same bits for any number of threads; and no wide copy.
 */
import { Effect, ManagedRuntime } from "effect"
import * as fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { layout } from "../../../../src/algebra/backends/fusion/plan.ts"
import { steps } from "../../../../src/algebra/backends/fusion/steps.ts"
import * as Cpu from "../../../../src/algebra/backends/cpu/index.ts"
import { groupSize, scaledBytes, scaledHalves } from "../../../../src/algebra/derived/quantised.ts"
import type { HostArray } from "../../../../src/algebra/dtype.ts"
import type { Expression } from "../../../../src/algebra/expression.ts"
import * as Graphs from "../../../../src/algebra/graph.ts"
import * as T from "../../../../src/algebra/tensor.ts"
import * as Reference from "../../../../src/algebra/backends/reference/index.ts"
import type { Program } from "../../../backends.ts"
import { run } from "../../../backends.ts"
import { isRefused } from "../../values.ts"

const runnerOf = (threads: number) => {
  const runtime = ManagedRuntime.make(Cpu.layerWith({ threads }))
  afterAll(() => runtime.dispose())
  return async (of: Program) => (await runtime.runPromise(run(of)))[0]?.data ?? new Float32Array()
}
const [single, double] = [runnerOf(1), runnerOf(2)]
const reference = async (of: Program) =>
  (await Effect.runPromise(Effect.provide(run(of), Reference.layer)))[0]?.data ?? new Float32Array()

type Form = "bf16" | "bytes" | "scaled bytes" | "halves" | "channels summed"
interface Case {
  readonly form: Form
  readonly m: number
  readonly n: number
  readonly k: number
  readonly seed: number
  /** The other operand comes first, and lies with its sum outermost. */
  readonly turned: boolean
}

const noise = (seed: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233) * 2)
const bytes = (seed: number, length: number): Int8Array =>
  Int8Array.from({ length }, (_, i) => Math.floor(Math.sin(i * 7.77 + seed) * 128))

/** The matrix over n and k in a form, as an expression with its inputs, and those inputs' values. */
const matrix = ({ form, n, k, seed }: Case): {
  readonly wide: T.Tensor<"f32", "n" | "k">
  readonly inputs: ReadonlyArray<Expression>
  readonly data: ReadonlyArray<HostArray>
} => {
  switch (form) {
    case "bf16": {
      const codes = T.input("bf16", { n, k })
      const patterns = Uint16Array.from(new Uint32Array(noise(seed, n * k).buffer), (word) => word >>> 16)
      return { wide: T.cast(codes, "f32"), inputs: [codes], data: [patterns] }
    }
    case "bytes": {
      const codes = T.input("i8", { n, k })
      return { wide: T.cast(codes, "f32"), inputs: [codes], data: [bytes(seed, n * k)] }
    }
    case "scaled bytes":
    case "channels summed": {
      const [codes, scale] = [T.input("i8", { n, k }), T.input("f32", { n })]
      return {
        wide: scaledBytes(codes, scale), inputs: [codes, scale], data: [bytes(seed, n * k), noise(seed + 1, n)]
      }
    }
    case "halves": {
      const group = k / groupSize
      const codes = T.input("i8", { n, group, byte: groupSize / 2 })
      const scale = T.input("f32", { n, group })
      return {
        wide: scaledHalves<"n", "k">(codes, scale, "k"), inputs: [codes, scale],
        data: [bytes(seed, n * k / 2), noise(seed + 1, n * group)]
      }
    }
  }
}

const product = (of: Case, change = (wide: T.Tensor<"f32", "n" | "k">) => wide): Program => {
  const { form, m, n, k, seed, turned } = of
  const { wide, inputs, data } = matrix(of)
  const over = form === "channels summed" ? "n" : "k"
  const size = over === "n" ? n : k
  const x = T.input<"f32", string>("f32", turned ? { [over]: size, m } : { m, [over]: size })
  // the axis that is summed over is a value here
  const w = change(wide) as T.Some<"f32"> as T.Tensor<"f32", string>
  const y = turned ? T.contract(w, x, over) : T.contract(x, w, over)
  return { inputs: [x, ...inputs], data: [noise(seed + 2, m * size), ...data], outputs: [y] }
}

/** The same program on absolute values bounds what rounding may do. */
const sizes = (of: Case): Program => {
  const { inputs, data, outputs: [y] } = product(of)
  const contraction = y?.operation
  if (y === undefined || contraction?.op !== "contract") throw new Error("not a contraction")
  const absolute = (x: Expression) => T.absolute(x as T.Tensor<"f32", string>)
  const [left, right] = [absolute(contraction.x), absolute(contraction.y)]
  return { inputs, data, outputs: [T.contract<"f32", string, string, string>(left, right, contraction.over)] }
}

const agrees = async (of: Case, given: Program = product(of)) => {
  const [found, expected, most] = await Promise.all([single(given), reference(product(of)), reference(sizes(of))])
  const terms = (of.form === "channels summed" ? of.n : of.k) + 4
  found.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThanOrEqual(terms * 2 ** -23 * (most[i] ?? NaN) + 1e-30)
  })
}

const cases: fc.Arbitrary<Case> = fc.record({
  form: fc.constantFrom<Form>("bf16", "bytes", "scaled bytes", "halves", "channels summed"),
  m: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 5, max: 40 })),
  n: fc.integer({ min: 1, max: 60 }), k: fc.integer({ min: 1, max: 200 }), seed: fc.nat(1000), turned: fc.boolean()
}).map((of) => (of.form === "halves" ? { ...of, k: groupSize * Math.ceil(of.k / groupSize) } : of))

const large = ["bf16", "scaled bytes", "halves"].flatMap((form) => [3, 70].map((m): Case =>
  ({ form: form as Form, m, n: 130, k: 544, seed: 5, turned: false })))

describe("a contraction with a stored operand", () => {
  it("is the sum of products of what the codes mean", () =>
    fc.assert(fc.asyncProperty(cases, (of) => agrees(of)), { numRuns: 60 }))

  it.each(large)("so it is where the sum goes in blocks: $form, $m rows", (of) => agrees(of))

  it("would be caught if two halves of a byte changed places", async () => {
    const of: Case = { form: "halves", m: 2, n: 3, k: 64, seed: 1, turned: false }
    const swapped = product(of, (wide) => {
      const parts = T.split(wide, "k", { group: 2, half: 2, byte: 16 })
      return T.merge(T.slice(parts, "half", 1, 2, -1), ["group", "half", "byte"], "k") as typeof wide
    })
    expect(await isRefused(() => agrees(of, swapped))).toBe(true)
  })

  it("gives the same bits on one thread and two", async () => {
    for (const form of ["bf16", "scaled bytes", "halves"] as const) for (const m of [1, 3, 9, 70]) {
      const of = product({ form, m, n: 700, k: 320, seed: m, turned: false })
      expect(await double(of)).toEqual(await single(of))
    }
  })

  it("never has the matrix in memory in single precision, where its sum runs along memory", () => {
    fc.assert(fc.property(cases, (of) => {
      const { inputs, outputs } = product(of)
      const graph = Graphs.make(inputs, outputs)
      const arena = (packed: boolean): number => {
        const { before, each } = steps(graph, { fuse: true, packed })
        return layout(graph, before, each).arenaBytes
      }
      if (of.form !== "channels summed") expect(arena(true)).toBe(0)
      expect(arena(false)).toBeGreaterThanOrEqual(of.n * of.k * 4)
    }))
  })
})

describe("a contraction of few rows with a large matrix", () => {
  it("reads it column by column to the sum of products, with the same bits on one thread and two", async () => {
    for (const m of [1, 2, 4]) {
      const [n, k] = [1100, 261]
      const [x, w] = [T.input("f32", { m, k }), T.input("f32", { n, k })]
      const of = { inputs: [x, w], data: [noise(1, m * k), noise(2, n * k)], outputs: [T.contract(x, w, "k")] }
      const [one, two, expected] = [await single(of), await double(of), await reference(of)]
      expect(two).toEqual(one)
      one.forEach((value, i) => expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(k * 4 * 2 ** -21))
    }
  })
})
