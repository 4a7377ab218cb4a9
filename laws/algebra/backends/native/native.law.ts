import { Effect, Exit, Result, Scope } from "effect"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Backend } from "../../../../src/algebra/backend.ts"
import { layerWith } from "../../../../src/algebra/backends/cpu/index.ts"
import { hasRelaxedSimd } from "../../../../src/algebra/backends/cpu/instructions.ts"
import { makeMemory } from "../../../../src/algebra/backends/cpu/memory.ts"
import { makeThreads, type Threads } from "../../../../src/algebra/backends/cpu/threads.ts"
import { native, tried } from "../../../../src/algebra/backends/native/index.ts"
import { baseOf } from "../../../../src/algebra/backends/native/machine.ts"
import { stepCode } from "../../../../src/algebra/backends/native/step.ts"
import { cases, evaluate, matrixCases } from "../contractions.ts"

const reason = tried(() => ({ f32: stepCode("f32"), f64: stepCode("f64") }))
const available = typeof reason !== "string"
if (!available) console.log(`machine code is not to be had here, so its laws do not run: ${reason}`)

describe.runIf(available)("machine code", () => {
  const scope = Scope.makeUnsafe()
  let pools: { readonly plain: Threads; readonly one: Threads; readonly two: Threads }
  beforeAll(async () => {
    pools = await Effect.runPromise(Scope.provide(scope)(Effect.gen(function*() {
      const memory = yield* makeMemory()
      const machine = yield* native(memory.wasm)
      return {
        plain: yield* makeThreads(memory, 1), one: yield* makeThreads(memory, 1, machine),
        two: yield* makeThreads(memory, 2, machine)
      }
    })))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  test.runIf(hasRelaxedSimd)("gives the bits of WebAssembly for any contraction, on any threads", () => {
    fc.assert(fc.property(fc.oneof(matrixCases, cases(7)), (one) => {
      const plain = evaluate(pools.plain, one)
      expect(evaluate(pools.one, one)).toEqual(plain)
      expect(evaluate(pools.two, one)).toEqual(plain)
    }), { numRuns: 120 })
  })

  test("finds its memory where it was after it has grown", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4096, shared: true })
    const before = baseOf(memory)
    memory.grow(4000)
    expect(baseOf(memory)).toBe(before)
  })

  test("is refused when it multiplies wrong", () => {
    // the first multiply-add of the code made to subtract
    const wrong = stepCode("f64")
    wrong[wrong.indexOf(0xb8)] = 0xbc
    const outcome = tried(() => ({ f32: stepCode("f32"), f64: wrong }))
    expect(outcome).toMatch(/a product of whole numbers in f64 is .* at 0, 0/)
  })
})

describe("a cpu backend", () => {
  const outcome = (wanted: boolean) => Effect.runPromise(Effect.result(Effect.scoped(
    Effect.provide(Effect.map(Backend, ({ name }) => name), layerWith({ threads: 1, native: wanted })))))

  test("that must have machine code has it, or fails with the reason", async () => {
    const made = await outcome(true)
    if (Result.isSuccess(made)) expect(available).toBe(true)
    else expect(made.failure.message).toBe(`cpu: no machine code: ${String(reason)}`)
  })

  test("that must not have it needs nothing for it", async () => {
    expect(await outcome(false)).toEqual(Result.succeed("cpu"))
  })
})
