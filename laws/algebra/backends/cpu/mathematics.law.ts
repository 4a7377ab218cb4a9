/**
 * The transcendental functions of the cpu engine: a few units in the last place of the exact value over the whole line,
 * and the values of IEEE 754 at zero, the infinities and NaN.
 */
import { ManagedRuntime } from "effect"
import * as fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { layerWith } from "../../../../src/algebra/backends/cpu/index.ts"
import { errorFunction } from "../../../../src/algebra/backends/reference/errorFunction.ts"
import type { Float } from "../../../../src/algebra/dtype.ts"
import { zeros } from "../../../../src/algebra/dtype.ts"
import type { UnaryKind } from "../../../../src/algebra/expression.ts"
import * as T from "../../../../src/algebra/tensor.ts"
import { run } from "../../../backends.ts"
import { isRefused } from "../../values.ts"

const runtime = ManagedRuntime.make(layerWith({ threads: 1 }))
afterAll(() => runtime.dispose())

const functions = {
  exponential: Math.exp,
  logarithm: Math.log,
  sine: Math.sin,
  cosine: Math.cos,
  tangentHyperbolic: Math.tanh,
  errorFunction
} as const satisfies { readonly [Kind in UnaryKind]?: (x: number) => number }
type Kind = keyof typeof functions

const apply = async (kind: Kind, dtype: Float, xs: ReadonlyArray<number>): Promise<ReadonlyArray<number>> => {
  const data = zeros(dtype, xs.length)
  data.set(xs)
  const [values] = await runtime.runPromise(
    run({ inputs: [], data: [], outputs: [T.unary(kind, T.literal<Float, "x">(dtype, { x: xs.length }, data))] })
  )
  return Array.from(values?.data ?? [])
}

/** The distance of neighbouring numbers of a dtype at x. */
const unit = (dtype: Float, x: number): number => {
  const [fraction, smallest] = dtype === "f32" ? [23, -149] : [52, -1074]
  const exponent = Math.floor(Math.log2(Math.abs(x)))
  return 2 ** Math.max(smallest, (Number.isFinite(exponent) ? exponent : smallest) - fraction)
}

/** Units in the last place by which a value misses an exact one; the host's own functions miss by less than one. */
const units = (dtype: Float, value: number, exact: number): number => {
  const rounded = dtype === "f32" ? Math.fround(exact) : exact
  if (Object.is(value, rounded) || value === rounded) return 0
  return Math.abs(value - exact) / unit(dtype, exact)
}

const limits: { readonly [K in Kind]: number } = {
  exponential: 2,
  logarithm: 2,
  sine: 2,
  cosine: 2,
  tangentHyperbolic: 3,
  errorFunction: 4
}
/** Near a zero of sine and cosine, other than 0, the reduced argument has lost digits: there the error is absolute. */
const circular = (kind: Kind): boolean => kind === "sine" || kind === "cosine"

const check = (kind: Kind, dtype: Float, xs: ReadonlyArray<number>, values: ReadonlyArray<number>): void =>
  xs.forEach((x, index) => {
    const exact = functions[kind](dtype === "f32" ? Math.fround(x) : x)
    const value = values[index] ?? NaN
    const missed =
      circular(kind) && Math.abs(exact) < 2 ** -10 && x !== 0
        ? Math.abs(value - exact) / unit(dtype, 2 ** -10)
        : units(dtype, value, exact)
    expect(missed <= limits[kind], `${kind} of ${x} in ${dtype} is ${value}, not ${exact}: ${missed} units`).toBe(true)
  })

const numbers = fc.oneof(
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.double({ min: -1000, max: 1000, noNaN: true }),
  fc.double({ noNaN: true }),
  fc.double({ min: -1e-3, max: 1e-3, noNaN: true })
)

describe("functions on vectors", () => {
  for (const kind of Object.keys(functions) as ReadonlyArray<Kind>)
    // the keys of the table above
    for (const dtype of ["f32", "f64"] as const) {
      it(
        `${kind} in ${dtype} is within ${limits[kind]} units in the last place`,
        () =>
          fc.assert(
            fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 200 }), async (xs) =>
              check(kind, dtype, xs, await apply(kind, dtype, xs))
            ),
            { numRuns: 60 }
          ),
        60_000
      )

      it(`${kind} in ${dtype} has the limits of IEEE 754`, async () => {
        const xs = [0, -0, Infinity, -Infinity, NaN, 1, -1, 1e-40, 1e-310, 88.7, 89, -104, 709.7, 710, -746]
        const values = await apply(kind, dtype, xs)
        check(kind, dtype, xs, values)
        if (kind !== "exponential" && kind !== "cosine" && kind !== "logarithm")
          expect(Object.is(values[1], -0)).toBe(true)
      })
    }

  it("are refused when they are off by a millionth", async () => {
    const xs = [0.5, 1.5, 2.5]
    const values = (await apply("exponential", "f32", xs)).map((value) => value * (1 + 1e-6))
    expect(await isRefused(() => check("exponential", "f32", xs, values))).toBe(true)
  })
})
