import * as fc from "fast-check"
import { expect, it } from "vitest"
import { layerNorm, rootMeanSquareNorm } from "../../../src/algebra/derived/norm.ts"
import type { Expression } from "../../../src/algebra/expression.ts"
import * as T from "../../../src/algebra/tensor.ts"
import type { Runner } from "../../backends.ts"
import { forEachBackend } from "../../backends.ts"
import { tensor } from "../generators.ts"
import { expectSame, isRefused } from "../values.ts"

const equal = async (runner: Runner, left: Expression, right: Expression, bound: number): Promise<void> => {
  const [x, y] = await runner.values(left, right)
  expectSame(x, y, runner.bound(bound))
}
type Norm = typeof layerNorm
const rows = tensor("f64", ["time", "model"])

/** Tiling the axis whole changes no element. */
const tiles = (runner: Runner, norm: Norm) => fc.asyncProperty(rows, fc.integer({ min: 2, max: 4 }), (x, times) =>
  equal(runner, norm(T.tile(x, "model", times), "model", 1e-5), T.tile(norm(x, "model", 1e-5), "model", times), 1e-13))

forEachBackend("a normalisation", (runner) => {
  it.each([["layer norm", layerNorm], ["root mean square norm", rootMeanSquareNorm]] as const)(
    "keeps a tiling, as %s", (_, norm) => fc.assert(tiles(runner, norm), { numRuns: runner.cases(20) }))

  it("is caught when it divides by a sum in place of a mean", async () => {
    const summed: Norm = (x, over, epsilon) =>
      T.divide(x, T.squareRoot(T.add(T.sum(T.multiply(x, x), over), epsilon))) as never
    expect(await isRefused(() => fc.assert(tiles(runner, summed), { numRuns: 40, endOnFailure: true }))).toBe(true)
  })

  it("has a mean of 0 when it is layer norm, and a mean square below 1 by as much as epsilon takes", () =>
    fc.assert(fc.asyncProperty(rows, async (x) => {
      const size = x.axes.get("model") ?? 1
      const nothing = T.multiply(T.sum(x, "model"), 0)
      await equal(runner, T.sum(layerNorm(x, "model", 1e-5), "model"), nothing, 1e-12)
      const meanSquare = T.divide(T.sum(T.multiply(x, x), "model"), size)
      const normed = rootMeanSquareNorm(x, "model", 1e-5)
      await equal(runner, T.divide(T.sum(T.multiply(normed, normed), "model"), size),
        T.divide(meanSquare, T.add(meanSquare, 1e-5)), 1e-13)
    }), { numRuns: runner.cases(20) }))
})
