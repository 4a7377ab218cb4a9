/**
 * A program's memory: donating inputs changes no result, what a scope held is free after it, a run that has no room
 * fails with a typed error and leaves nothing behind.
 */
import { Effect, Exit } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Backend } from "../../../../src/algebra/backend.ts"
import type { Buffer, Host } from "../../../../src/algebra/backend.ts"
import * as Engine from "../../../../src/algebra/backends/cpu/engine.ts"
import { makeMemory } from "../../../../src/algebra/backends/cpu/memory.ts"
import { makeThreads } from "../../../../src/algebra/backends/cpu/threads.ts"
import type { DType } from "../../../../src/algebra/dtype.ts"
import type { Expression } from "../../../../src/algebra/expression.ts"
import * as T from "../../../../src/algebra/tensor.ts"
import type { Program } from "../../../backends.ts"
import { noise, program } from "../../generators.ts"
import { expectSame, isRefused } from "../../values.ts"

const within = <A, E>(
  limit: number,
  use: (backend: ReturnType<typeof Backend.make>, inUse: () => number) => Effect.Effect<A, E>
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const memory = yield* makeMemory(limit)
        const threads = yield* makeThreads(memory, 1)
        return yield* use(Backend.make(Engine.make(threads)), memory.inUse)
      })
    )
  )

/** Runs a program with all inputs donated, or none. */
const results = (backend: ReturnType<typeof Backend.make>, { inputs, data, outputs }: Program, donate: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const compiled = yield* backend.compile({ inputs, state: [] as ReadonlyArray<Expression> }, outputs, {
        donate: donate ? ["inputs"] : []
      })
      const given: Array<unknown> = []
      for (const [index, { dtype, axes }] of inputs.entries())
        given.push(
          yield* backend.put<DType, string>(dtype, Object.fromEntries(axes), data[index] ?? new Float32Array())
        )
      // buffers made from the list of inputs, whose types it forgets
      const made = yield* compiled.run({ inputs: given, state: [] } as never)
      const values: Array<Host<DType>> = []
      for (const buffer of made) values.push(yield* backend.read(buffer as unknown as Buffer<DType, never>))
      return values
    })
  )

const same = (left: ReadonlyArray<Host<DType>>, right: ReadonlyArray<Host<DType>>): void =>
  left.forEach((values, index) => expectSame(values, right[index]))

/** An input updated in place by what reads it at the same element, in another order, and after others. */
const updates = (size: number): Program => {
  const x = T.input("f32", { row: size, column: size }, "x")
  const y = T.input("f32", { row: size, column: size }, "y")
  const turned = T.rename(T.rename(x, { row: "t", column: "row" }), { t: "column" })
  const moved = T.add(T.multiply(x, 0.5), y)
  const places = T.literal("i32", { at: 2 }, Int32Array.of(0, size - 1))
  const set = T.scatter(y, places, T.gather(x, places, "row"), "row", "at", "set")
  return {
    inputs: [x, y],
    data: [noise("f32", size * size, 1, "reals"), noise("f32", size * size, 2, "reals")],
    outputs: [moved, T.add(turned, moved), set, T.divide(x, T.sum(x, "column"))]
  }
}

describe("a program's memory", () => {
  it(
    "donated inputs change no result",
    () =>
      within(2 ** 28, (backend) =>
        Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(program("analytic", "f32"), async (of) => {
              same(
                await Effect.runPromise(results(backend, of, true)),
                await Effect.runPromise(results(backend, of, false))
              )
            }),
            { numRuns: 80 }
          )
        )
      ),
    60_000
  )

  it(
    "updates in place read each element before they write it",
    () =>
      within(2 ** 28, (backend) =>
        Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (size) => {
              const all = updates(size)
              // alone, so that nothing else still needs its inputs, and together
              for (const outputs of [...all.outputs.map((output) => [output]), all.outputs]) {
                const of = { ...all, outputs }
                same(
                  await Effect.runPromise(results(backend, of, true)),
                  await Effect.runPromise(results(backend, of, false))
                )
              }
            }),
            { numRuns: 20 }
          )
        )
      ),
    60_000
  )

  it(
    "is free again when its scope has ended",
    () =>
      within(2 ** 28, (backend, inUse) =>
        Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(program("analytic", "f32"), fc.boolean(), async (of, donate) => {
              // modules and offset tables of the pool stay, so the same program is run before
              await Effect.runPromise(results(backend, of, donate))
              const before = inUse()
              await Effect.runPromise(results(backend, of, donate))
              expect(inUse()).toBe(before)
            }),
            { numRuns: 40 }
          )
        )
      ),
    60_000
  )

  it(
    "fails with the bytes that it lacks, and leaves nothing behind",
    () =>
      within(2 ** 22, (backend, inUse) =>
        Effect.gen(function* () {
          const x = T.input("f32", { a: 400, b: 400 }, "x")
          const before = inUse()
          const exit = yield* Effect.exit(
            Effect.scoped(
              Effect.gen(function* () {
                const compiled = yield* backend.compile({ x }, { y: T.expand(T.exponential(x), "c", 64) })
                const buffer = yield* backend.put("f32", { a: 400, b: 400 }, new Float32Array(160_000))
                return yield* compiled.run({ x: buffer })
              })
            )
          )
          expect(Exit.isFailure(exit) && JSON.stringify(exit)).toContain("OutOfMemory")
          const after = yield* Effect.exit(Effect.scoped(backend.put("f32", { a: 4 }, new Float32Array(4))))
          expect(Exit.isSuccess(after)).toBe(true)
          expect(inUse() - before).toBeLessThan(2 ** 17)
        })
      ),
    60_000
  )

  it("refuses a run that leaves its input changed", async () => {
    const of = updates(8)
    const [kept] = of.data
    expect(
      await isRefused(() =>
        within(2 ** 28, (backend) =>
          Effect.gen(function* () {
            const right = yield* results(backend, of, false)
            const wrong = yield* results(
              backend,
              {
                ...of,
                data: [
                  kept?.map((value, index) => (index === 5 ? value + 1 : value)) ?? new Float32Array(),
                  ...of.data.slice(1)
                ]
              },
              true
            )
            same(right, wrong)
          })
        )
      )
    ).toBe(true)
  })
})
