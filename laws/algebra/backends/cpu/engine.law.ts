/**
 * The cpu engine against the reference: random programs of every primitive, exact ones to the bit and smooth ones
 * within the rounding of their functions; the same bits for one thread and two, fused or not.
 */
import { Effect, ManagedRuntime } from "effect"
import * as fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import * as Reference from "../../../../src/algebra/backends/reference/index.ts"
import { layerWith } from "../../../../src/algebra/backends/cpu/index.ts"
import type { Options } from "../../../../src/algebra/backends/cpu/index.ts"
import { epsilon } from "../../../../src/algebra/dtype.ts"
import type { Program, Values } from "../../../backends.ts"
import { run } from "../../../backends.ts"
import { program } from "../../generators.ts"
import { expectSame, isRefused } from "../../values.ts"

const runs = 150

const runnerOf = (options: Options) => {
  const runtime = ManagedRuntime.make(layerWith(options))
  afterAll(() => runtime.dispose())
  return (of: Program) => runtime.runPromise(run(of))
}
const single = runnerOf({ threads: 1 })
const double = runnerOf({ threads: 2 })
const unfused = runnerOf({ threads: 1, fuse: false })
const reference = (of: Program): Promise<ReadonlyArray<Values>> =>
  Effect.runPromise(Effect.provide(run(of), Reference.layer))

const same = (left: ReadonlyArray<Values>, right: ReadonlyArray<Values>, bound = 0): void => {
  expect(left.length).toBe(right.length)
  left.forEach((values, index) => expectSame(values, right[index], bound))
}

/** Functions bounded by 1 in slope and size, a program of them deep: thirty roundings, each a few units. */
const bound = (dtype: "f32" | "f64"): number => 4000 * epsilon(dtype)

describe("the cpu engine", () => {
  for (const dtype of ["f32", "f64", "i32"] as const)
    it(
      `computes exact programs in ${dtype} to the bit`,
      () =>
        fc.assert(
          fc.asyncProperty(program("exact", dtype), async (of) => {
            same(await single(of), await reference(of))
          }),
          { numRuns: runs }
        ),
      120_000
    )

  for (const dtype of ["f32", "f64"] as const)
    it(
      `computes smooth programs in ${dtype} within their rounding`,
      () =>
        fc.assert(
          fc.asyncProperty(program("analytic", dtype), async (of) => {
            const [expected, values] = [await reference(of), await single(of)]
            expected.forEach((each, index) => {
              const scale = Math.max(1, ...Array.from(each.data, Math.abs).filter(Number.isFinite))
              expectSame(values[index], each, bound(dtype) * scale)
            })
          }),
          { numRuns: runs }
        ),
      120_000
    )

  it(
    "gives the same bits on one thread and on two",
    () =>
      fc.assert(
        fc.asyncProperty(program("analytic", "f32"), async (of) => {
          same(await single(of), await double(of))
        }),
        { numRuns: 40 }
      ),
    120_000
  )

  it(
    "gives the same values when every operation is fused as when none is",
    () =>
      fc.assert(
        fc.asyncProperty(program("analytic", "f32", "last"), async (of) => {
          same(await single(of), await unfused(of), bound("f32"))
        }),
        { numRuns: runs }
      ),
    120_000
  )

  it("is caught when it rounds a result to fewer digits", async () => {
    const broken = async (of: Program): Promise<ReadonlyArray<Values>> =>
      (await single(of)).map((values) => ({
        ...values,
        data: values.data.map((value) => Math.fround(value * (1 + 2 ** -20))) as typeof values.data
      }))
    expect(
      await isRefused(() =>
        fc.assert(fc.asyncProperty(program("exact", "f64"), async (of) => same(await broken(of), await reference(of))))
      )
    ).toBe(true)
  })
})
