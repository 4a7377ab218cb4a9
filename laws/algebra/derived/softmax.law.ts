import * as fc from "fast-check"
import { expect, it } from "vitest"
import { crossEntropy } from "../../../src/algebra/derived/loss.ts"
import { logSoftmax, logSumExp, softmax } from "../../../src/algebra/derived/softmax.ts"
import type { Expression } from "../../../src/algebra/expression.ts"
import { gradient } from "../../../src/algebra/interpreters/gradient.ts"
import * as T from "../../../src/algebra/tensor.ts"
import type { Runner } from "../../backends.ts"
import { forEachBackend } from "../../backends.ts"
import { tensor } from "../generators.ts"
import { expectSame, isRefused } from "../values.ts"

const equal = async (runner: Runner, left: Expression, right: Expression, bound: number): Promise<void> => {
  const [x, y] = await runner.values(left, right)
  expectSame(x, y, runner.bound(bound))
}
const scores = tensor("f64", ["time", "class"]).map((x) => T.multiply(x, 30))
const shift = fc.oneof(fc.double({ min: -700, max: 700, noNaN: true }), fc.constantFrom(-2000, 2000))

/** Adding a constant along the axis changes nothing, however large it is. */
const shifts = (runner: Runner, of: typeof softmax) => fc.asyncProperty(scores, shift, (x, constant) =>
  equal(runner, of(T.add(x, constant), "class"), of(x, "class"), 1e-11))

forEachBackend("softmax", (runner) => {
  it("is a distribution along its axis, which a shift does not change", async () => {
    await fc.assert(fc.asyncProperty(scores, (x) =>
      equal(runner, T.sum(softmax(x, "class"), "class"), T.add(T.multiply(T.sum(x, "class"), 0), 1), 1e-14)),
        { numRuns: runner.cases(20) })
    await fc.assert(shifts(runner, softmax), { numRuns: runner.cases(20) })
  })

  it("has its logarithm, and log-sum-exp is its normalisation", () =>
    fc.assert(fc.asyncProperty(scores, async (x) => {
      await equal(runner, T.exponential(logSoftmax(x, "class")), softmax(x, "class"), 1e-13)
      await equal(runner, T.add(logSoftmax(x, "class"), logSumExp(x, "class")), x, 1e-13)
    }), { numRuns: runner.cases(20) }))

  it("gives nothing to what is masked by -Infinity, and no gradient either", async () => {
    const x = T.literal("f64", { class: 3 }, Float64Array.of(1, 2, 3))
    const seen = T.less(T.iota("i32", "class", 3), 2)
    const weight = softmax(T.where(seen, x, -Infinity), "class")
    const slope =
      gradient(T.sum(T.multiply(weight, T.literal("f64", { class: 3 }, Float64Array.of(3, 1, 5))), "class"), x)
    const [values, found] = await runner.values(weight, slope)
    const share = 1 / (1 + Math.E)
    const digits = runner.float === "f64" ? 14 : 5
    for (const [at, expected] of [share, 1 - share, 0].entries()) expect(values?.data[at]).toBeCloseTo(expected, digits)
    for (const [at, expected] of [2, -2, 0].entries()) expect(found?.data[at]).toBeCloseTo(
      expected * share * (1 - share), digits)
  })

  it("less the labels is the gradient of cross entropy", () =>
    fc.assert(fc.asyncProperty(scores, fc.nat(99), async (x, seed) => {
      const [time, classes] = [x.axes.get("time") ?? 0, x.axes.get("class") ?? 0]
      const labels = T.literal("i32", { time }, Int32Array.from({ length: time }, (_, at) => (seed + 3 * at) % classes))
      const one = T.cast(T.equal(T.iota("i32", "class", classes), labels), "f64")
      await equal(runner, gradient(T.sum(crossEntropy(x, labels, "class"), "time"), x),
        T.subtract(softmax(x, "class"), one), 1e-12)
    }), { numRuns: runner.cases(20) }))

  it("is caught when it exponentiates without its largest element taken away", async () => {
    const naive: typeof softmax = (x, over) => T.divide(T.exponential(x), T.sum(T.exponential(x), over))
    expect(await isRefused(() => fc.assert(shifts(runner, naive), { numRuns: 60, endOnFailure: true }))).toBe(true)
  })
})
