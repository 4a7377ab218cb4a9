/**
 * Random programs: expressions of up to thirty nodes over every operation that has an error bound, generated so that
 * whatever the numbers are they mean a program, and shrunk by leaving operations out. Every backend gives the
 * reference's values: to the bit where all operations are exact, and else within the bound that a running error
 * analysis makes of the program itself (error.ts).
 */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import type { DType } from "../../src/algebra/dtype.ts"
import { expression } from "../../src/algebra/expression.ts"
import { gradient } from "../../src/algebra/interpreters/gradient.ts"
import * as U from "../../src/algebra/interpreters/untyped.ts"
import type * as T from "../../src/algebra/tensor.ts"
import type { Program, Runner } from "../backends.ts"
import { forEachBackend, onReference } from "../backends.ts"
import { bounds } from "./error.ts"
import { program } from "./generators.ts"
import { expectSame, inOrder, isRefused } from "./values.ts"

/** A backend that compiles slowly, as software that plays a GPU may, is held to the cases that this leaves time for. */
const interruptAfterTimeLimit = 40_000

/** Holds a backend to the reference on a program, within the bounds that its roundings may add up to. */
const agrees = async (runner: Runner, reference: Runner, of: Program, exact: boolean): Promise<void> => {
  const found = await runner.run(of)
  const expected = await reference.run(of)
  const allowed = exact ? [] : await reference.run({ ...of, outputs: bounds(of.outputs) })
  for (const [index, value] of found.entries()) {
    const limit = allowed[index]
    expectSame(value, expected[index], limit === undefined ? 0 : inOrder(limit, value.axes))
  }
}

const gradients = ({ inputs, data, outputs }: Program): Program => {
  const value =
    outputs.reduce((total, output) => U.add(total, U.sum(output, Array.from(output.axes.keys()))),
      U.fill(inputs[0]?.dtype ?? "f64", new Map(), 0))
  return { inputs, data, outputs: gradient(value as T.Tensor<"f64", never>, inputs) }
}

forEachBackend("a random program", (runner) => {
  const reference = onReference()
  /** f64 where the backend has it. */
  const isThere = (dtype: DType): boolean => dtype !== "f64" || runner.float === "f64"

  it.each((["f32", "f64", "i32", "u32"] as const).filter(isThere))(
    "of exact operations has the reference's values to the bit, in %s", (dtype) =>
    fc.assert(fc.asyncProperty(program("exact", dtype), (of) => agrees(runner, reference, of, true)),
      { numRuns: runner.cases(150), interruptAfterTimeLimit }), 60_000)

  it.each((["f32", "f64"] as const).filter(isThere))(
    "of real numbers has the reference's values within rounding, in %s", (dtype) =>
    fc.assert(fc.asyncProperty(program("analytic", dtype), (of) => agrees(runner, reference, of, false)),
      { numRuns: runner.cases(100), interruptAfterTimeLimit }), 60_000)

  it("has gradients with the reference's values", () =>
    fc.assert(fc.asyncProperty(program("analytic", runner.float, "last"), async (of) => {
      const derived = gradients(of)
      if (runner.float === "f32") return agrees(runner, reference, derived, false)
      const [found, expected] = [await runner.run(derived), await reference.run(derived)]
      const scale = expected.reduce((most, { data }) => Math.max(most, ...Array.from(data, Math.abs)), 1)
      found.forEach((value, index) => expectSame(value, expected[index], 1e-9 * scale))
    }), { numRuns: runner.cases(60), interruptAfterTimeLimit }), 60_000)

  it("has its result laid out as the axes are listed, whatever the order of its operands'", () =>
    fc.assert(fc.asyncProperty(program("exact", "f64"), async ({ inputs, data, outputs }) => {
      const last = outputs.at(-1)
      if (last === undefined) return
      const { op } = last.operation
      if (op === "input" || op === "literal") return
      const turned = expression(last.dtype, new Map(Array.from(last.axes).reverse()), last.operation)
      const [found, expected] = await runner.run({ inputs, data, outputs: [turned, U.multiply(last, 1)] })
      expectSame(found, expected)
    }), { numRuns: runner.cases(150), interruptAfterTimeLimit }), 60_000)

  it("is caught when an operand is left out", async () => {
    const careless: Runner = { ...runner,
      run: ({ inputs, data, outputs }) => runner.run({ inputs, data, outputs: outputs.map((output) => {
      const { operation } = output
      return operation.op === "binary" && operation.x.dtype === output.dtype
        && operation.x.axes.size === output.axes.size ? operation.x : output
    }) }) }
    expect(await isRefused(() =>
      fc.assert(fc.asyncProperty(program("exact", "f64"), (of) => agrees(careless, reference, of, true)),
        { numRuns: 200, endOnFailure: true }))).toBe(true)
  })

  it("is caught when numbers are off by more than rounding", async () => {
    const off: Runner = { ...runner, run: async (of) => (await runner.run(of)).map((value) =>
      ({ ...value, data: Float32Array.from(value.data, (x) => x * (1 + 2e-5)) })) }
    expect(await isRefused(() =>
      fc.assert(fc.asyncProperty(program("analytic", "f32"), (of) => agrees(off, reference, of, false)),
        { numRuns: 100, endOnFailure: true }))).toBe(true)
  })
})
