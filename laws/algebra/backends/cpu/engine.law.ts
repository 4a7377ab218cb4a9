/**
 * The cpu engine against itself, on random programs: the same bits for one thread and two, the same values fused or
 * not. That they are the reference's is a law of every backend (laws/algebra/fuzz.law.ts).
 */
import { ManagedRuntime } from "effect"
import * as fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
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

const same = (left: ReadonlyArray<Values>, right: ReadonlyArray<Values>, bound = 0): void => {
  expect(left.length).toBe(right.length)
  left.forEach((values, index) => expectSame(values, right[index], bound))
}

/** Functions bounded by 1 in slope and size, a program of them deep: thirty roundings, each a few units. */
const bound = (dtype: "f32" | "f64"): number => 4000 * epsilon(dtype)

describe("the cpu engine", () => {
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
        fc.assert(fc.asyncProperty(program("exact", "f64"), async (of) => same(await broken(of), await double(of))))
      )
    ).toBe(true)
  })
})
