/**
 * Programs on the webgpu backend: the same values however they are divided into kernels, workgroups and dispatches;
 * memory that is free again when its scope has ended, and whose lack is a typed error that leaves nothing behind.
 */
import { Cause, Effect, Exit } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Buffer, Host } from "../../../../src/algebra/backend.ts"
import { OutOfMemory } from "../../../../src/algebra/backend.ts"
import { scaledBytes, scaledHalves } from "../../../../src/algebra/derived/quantised.ts"
import { softmax } from "../../../../src/algebra/derived/softmax.ts"
import type { DType } from "../../../../src/algebra/dtype.ts"
import type { Expression } from "../../../../src/algebra/expression.ts"
import * as U from "../../../../src/algebra/interpreters/untyped.ts"
import * as T from "../../../../src/algebra/tensor.ts"
import type { Program } from "../../../backends.ts"
import { onReference } from "../../../backends.ts"
import { bounds } from "../../error.ts"
import { noise, program } from "../../generators.ts"
import { expectSame, inOrder, isRefused } from "../../values.ts"
import type { Machine } from "./machine.ts"
import { machines, withoutAdapter } from "./machine.ts"

/** Runs a program with all inputs donated, or none. */
const results = ({ backend }: Machine, { inputs, data, outputs }: Program, donate: boolean) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const compiled = yield* backend.compile({ inputs, state: [] as ReadonlyArray<Expression> }, outputs, {
      donate: donate ? ["inputs"] : []
    })
    const given: Array<unknown> = []
    for (const [index, { dtype, axes }] of inputs.entries())
      given.push(yield* backend.put<DType, string>(dtype, Object.fromEntries(axes), data[index] ?? new Float32Array()))
    // buffers made from the list of inputs, whose types it forgets
    const made = yield* compiled.run({ inputs: given, state: [] } as never)
    const values: Array<Host<DType>> = []
    for (const buffer of made) values.push(yield* backend.read(buffer as unknown as Buffer<DType, never>))
    return values
  })))

const failureOf = async (effect: Effect.Effect<unknown, unknown>): Promise<unknown> => {
  const exit = await Effect.runPromiseExit(effect)
  return Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
}

describe.runIf(withoutAdapter === undefined)("a program on webgpu", () => {
  const machine = machines()
  const reference = onReference()

  const agrees = async (found: Machine, of: Program, exact = false): Promise<void> => {
    const values = await found.run(of)
    const expected = await reference.run(of)
    const allowed = exact ? [] : await reference.run({ ...of, outputs: bounds(of.outputs) })
    for (const [index, value] of values.entries()) {
      const limit = allowed[index]
      expectSame(value, expected[index], limit === undefined ? 0 : inOrder(limit, value.axes))
    }
  }

  it("has the reference's values when workgroups share its rows, and when nothing is fused", () =>
    fc.assert(fc.asyncProperty(program("analytic", "f32"), fc.constantFrom({ sharedFrom: 1 }, { fuse: false }),
      (of, options) => agrees(machine(options), of)), { numRuns: 12 }))

  it("has them in however few buffers a kernel may see, and however few workgroups a dispatch may have", () =>
    fc.assert(fc.asyncProperty(program("exact", "f32"), (of) =>
      agrees(machine({ limits: { buffers: 4, groups: 2 } }), of, true)), { numRuns: 12 }))

  it("adds up more tensors than a kernel sees buffers", async () => {
    const inputs = Array.from({ length: 40 }, (_, index) => T.input("f32", { a: 5 }, `x${index}`))
    const data = inputs.map((_, index) => noise("f32", 5, index, "integers"))
    const sum = inputs.reduce<Expression>((total, x) => U.add(total, x), U.fill("f32", new Map(), 0))
    await agrees(machine(), { inputs, data, outputs: [sum, U.sum(sum, ["a"])] }, true)
  })

  const tall = fc.integer({ min: 1, max: 31 })

  it("contracts in tiles and in blocks of any size, over any strides and batches", () =>
    fc.assert(fc.asyncProperty(tall, tall, tall, fc.integer({ min: 1, max: 3 }), fc.constantFrom(1, Infinity),
      fc.boolean(), fc.boolean(), async (m, n, k, z, sharedFrom, turnX, turnY) => {
        const x = T.input("f32", turnX ? { k, z, m } : { z, m, k }, "x")
        const y = T.input("f32", turnY ? { n, z, k } : { z, k, n }, "y")
        const data = [noise("f32", m * k * z, m, "reals"), noise("f32", n * k * z, n, "reals")]
        await agrees(machine({ sharedFrom }), { inputs: [x, y], data, outputs: [T.contract(x, y, "k")] })
      }), { numRuns: 5, examples: [[40, 65, 20, 2, 1, true, false]] }))

  const forms = {
    bf16: (n: number, k: number) => {
      const codes = T.input("bf16", { n, k }, "codes")
      const words = new Uint32Array(noise("f32", n * k, n, "reals").buffer)
      return { wide: T.cast(codes, "f32"), inputs: [codes], data: [Uint16Array.from(words, (word) => word >>> 16)] }
    },
    "scaled bytes": (n: number, k: number) => {
      const [codes, scale] = [T.input("i8", { n, k }, "codes"), T.input("f32", { n }, "scale")]
      const data = [noise("i8", n * k, n, "integers"), noise("f32", n, k, "reals")]
      return { wide: scaledBytes(codes, scale), inputs: [codes, scale], data }
    },
    "scaled halves": (n: number, k: number) => {
      const group = k / 32
      const [codes, scale] = [T.input("i8", { n, group, byte: 16 }, "codes"), T.input("f32", { n, group }, "scale")]
      const data = [Int8Array.from({ length: n * group * 16 }, (_, i) => i * 37), noise("f32", n * group, k, "reals")]
      return { wide: scaledHalves(codes, scale, "k"), inputs: [codes, scale], data }
    }
  } as const

  // tiles, alone and by parts; a software adapter takes seconds to compile a tile, so that one form must do for it
  const sizes = [[34, 33, 32, 1], [5, 6, 64, Infinity], [2, 3, 64, 1]] as const

  it.each(Object.entries(forms))("contracts weights that are stored as %s", async (name, form) => {
    for (const [m, n, k, sharedFrom] of name === "scaled bytes" ? sizes : sizes.slice(1)) {
      const x = T.input("f32", { m, k }, "x")
      const { wide, inputs, data } = form(n, k)
      const of = {
        inputs: [x, ...inputs],
        data: [noise("f32", m * k, m, "reals"), ...data],
        outputs: [T.contract(x, wide as T.Tensor<"f32", "n" | "k">, "k")]
      }
      await agrees(machine({ sharedFrom }), of)
    }
  })

  it("passes over long rows with few invocations, in workgroups and alone", async () => {
    const x = T.input("f32", { row: 3, column: 3000 }, "x")
    const data = [noise("f32", 9000, 3, "reals")]
    const outputs = [softmax(x, "column"), T.largest(x, "column"), T.sum(x, ["row", "column"])]
    for (const sharedFrom of [1, Infinity])
      await agrees(machine({ sharedFrom, limits: { shared: 8192 } }), { inputs: [x], data, outputs })
  })

  it("changes no value when its inputs are donated", () =>
    fc.assert(fc.asyncProperty(program("analytic", "f32"), async (of) => {
      const [kept, donated] = [await results(machine(), of, false), await results(machine(), of, true)]
      kept.forEach((values, index) => expectSame(values, donated[index]))
    }), { numRuns: 8 }))

  it("reads an input as it was, though another that is the same buffer is donated", async () => {
    const { backend } = machine()
    const [x, y] = [T.input("f32", { a: 3 }, "x"), T.input("f32", { a: 3 }, "y")]
    const value = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { run } = yield* backend.compile({ x, y }, { z: T.add(T.multiply(x, 2), T.sum(y, "a")) }, { donate: ["x"] })
      const both = yield* backend.put("f32", { a: 3 }, Float32Array.of(1, 2, 3))
      return Array.from((yield* backend.read((yield* run({ x: both, y: both })).z)).data)
    })))
    expect(value).toEqual([8, 10, 12])
  })

  it("gives back all that it took, when its scope ends and when it fails", () =>
    fc.assert(fc.asyncProperty(program("analytic", "f32"), fc.boolean(), async (of, donate) => {
      const found = machine()
      await results(found, of, donate)
      expect(found.memory.inUse()).toBe(0)
    }), { numRuns: 8 }))

  it("fails with the bytes that it lacks, and leaves nothing behind", async () => {
    const x = T.input("f32", { a: 100, b: 100 }, "x")
    const large = { y: T.expand(T.exponential(x), "c", 64) }
    for (const limits of [{ memory: 2 ** 20 }, { limits: { binding: 2 ** 20 } }, { limits: { buffer: 2 ** 20 } }]) {
      const { backend, memory } = machine(limits)
      const error = await failureOf(Effect.scoped(Effect.gen(function* () {
        const compiled = yield* backend.compile({ x }, large)
        const given = yield* backend.put("f32", { a: 100, b: 100 }, new Float32Array(10_000))
        return yield* compiled.run({ x: given })
      })))
      expect(error).toBeInstanceOf(OutOfMemory)
      expect(error instanceof OutOfMemory && error.bytes).toBeGreaterThanOrEqual(64 * 40_000)
      expect(memory.inUse()).toBe(0)
    }
  })

  it("is caught when a workgroup's rows are added up without their last element", async () => {
    const x = T.input("f32", { row: 4, column: 50 }, "x")
    const of: Program = { inputs: [x], data: [noise("f32", 200, 1, "reals")], outputs: [T.sum(x, "column")] }
    const broken: Machine = { ...machine({ sharedFrom: 1 }) }
    const careless: Machine = { ...broken, run: (given) =>
      broken.run({ ...given, outputs: [T.sum(T.slice(x, "column", 0, 49), "column")] }) }
    expect(await isRefused(() => agrees(careless, of))).toBe(true)
  })
})
