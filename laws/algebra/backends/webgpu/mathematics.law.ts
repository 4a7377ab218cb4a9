/**
 * The functions that WGSL lacks or leaves too loose: a few units in the last place of the exact value over the whole
 * line, with IEEE 754's values at zero, the infinities and NaN. Numbers below the smallest normal one count as zero,
 * which WGSL may make of them.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { errorFunction } from "../../../../src/algebra/backends/reference/errorFunction.ts"
import type { UnaryKind } from "../../../../src/algebra/expression.ts"
import * as U from "../../../../src/algebra/interpreters/untyped.ts"
import * as T from "../../../../src/algebra/tensor.ts"
import { isRefused } from "../../values.ts"
import { machines, withoutAdapter } from "./machine.ts"

const functions = {
  exponential: Math.exp,
  logarithm: Math.log,
  sine: Math.sin,
  cosine: Math.cos,
  tangentHyperbolic: Math.tanh,
  errorFunction,
  squareRoot: Math.sqrt,
  reciprocal: (x: number) => 1 / x
} as const satisfies { readonly [Kind in UnaryKind]?: (x: number) => number }
type Kind = keyof typeof functions

const limits: { readonly [K in Kind]: number } = {
  exponential: 2, logarithm: 3, sine: 2, cosine: 2, tangentHyperbolic: 5, errorFunction: 4,
  // what WGSL allows
  squareRoot: 5, reciprocal: 3
}

const smallest = 2 ** -126
const flushed = (x: number): number => (Math.abs(x) < smallest ? 0 : Math.fround(x))
const unit = (x: number): number => 2 ** Math.max(-149, Math.floor(Math.log2(Math.max(smallest, Math.abs(x)))) - 23)

/** Units in the last place by which a value misses an exact one. */
const missed = (value: number, exact: number): number => {
  if (Object.is(value, exact) || flushed(value) === flushed(exact)) return 0
  // a result that is about to leave the range of f32 may do so
  if (Math.abs(exact) > 2 ** 127 && Math.abs(value) === Infinity) return Math.sign(exact) === Math.sign(value) ? 0 : 9
  return Math.abs(value - exact) / unit(exact)
}

/** Near a zero of sine and cosine, other than 0, the reduced argument has lost digits: there the error is absolute. */
const isNearZero = (kind: Kind, x: number, exact: number): boolean =>
  (kind === "sine" || kind === "cosine") && x !== 0 && Math.abs(exact) < 2 ** -10

const check = (kind: Kind, xs: ReadonlyArray<number>, values: ReadonlyArray<number>): void =>
  xs.forEach((given, index) => {
    const x = Math.fround(given)
    // a subnormal argument may count as zero
    if (x !== 0 && Math.abs(x) < smallest) return
    const exact = functions[kind](x)
    const value = values[index] ?? NaN
    const units = isNearZero(kind, x, exact) ? Math.abs(value - exact) / unit(2 ** -10) : missed(value, exact)
    expect(units <= limits[kind], `${kind} of ${x} is ${value}, not ${exact}: ${units} units`).toBe(true)
  })

const numbers = fc.oneof(
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.double({ min: -1000, max: 1000, noNaN: true }),
  fc.float({ noNaN: true }),
  fc.double({ min: -1e-3, max: 1e-3, noNaN: true })
)

describe.runIf(withoutAdapter === undefined)("functions in WGSL", () => {
  const machine = machines()

  const apply = async (of: (x: T.Tensor<"f32", "x">) => T.Tensor<"f32", "x">, xs: ReadonlyArray<number>) => {
    const x = T.input("f32", { x: xs.length }, "x")
    const [values] = await machine().run({ inputs: [x], data: [Float32Array.from(xs)], outputs: [of(x)] })
    return Array.from(values?.data ?? [])
  }

  // the keys of the table above
  for (const kind of Object.keys(functions) as ReadonlyArray<Kind>)
    it(`${kind} is within ${limits[kind]} units in the last place, and has the limits of IEEE 754`, async () => {
      const edges = [0, -0, Infinity, -Infinity, NaN, 1, -1, 88.7, 89, -104, 8191.9, 8192, 1e5, -3e9, 1e30, -3e38]
      const edgeValues = await apply((x) => T.unary(kind, x), edges)
      check(kind, edges, edgeValues)
      if (["sine", "tangentHyperbolic", "errorFunction"].includes(kind)) expect(Object.is(edgeValues[1], -0)).toBe(true)
      // one length, so that all cases share a kernel
      await fc.assert(
        fc.asyncProperty(fc.array(numbers, { minLength: 400, maxLength: 400 }), async (xs) =>
          check(kind, xs, await apply((x) => T.unary(kind, x), xs))),
        { numRuns: 10 }
      )
    })

  it("power is that of the host within the error of its exponent, with its special values", async () => {
    const values = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 2.5, 1e20, -1e20, Infinity, -Infinity, NaN]
    const pairs = values.flatMap((x) => values.map((y) => [x, y] as const))
    const [x, y] = [T.input("f32", { x: pairs.length }, "x"), T.input("f32", { x: pairs.length }, "y")]
    const [found] = await machine().run({
      inputs: [x, y],
      data: [Float32Array.from(pairs, ([of]) => of), Float32Array.from(pairs, ([, to]) => to)],
      outputs: [U.binary("power", x, y)]
    })
    pairs.forEach(([of, to], index) => {
      const exact = Math.fround(Math.fround(of) ** Math.fround(to))
      const value = found?.data[index] ?? NaN
      const allowed = Math.abs(exact) * 2 ** -23 * (5 * Math.abs(to * Math.log(Math.abs(of))) + 5)
      const same = Object.is(value, exact) || flushed(value) === flushed(exact) || Math.abs(value - exact) <= allowed
      expect(same, `${of} to the power of ${to} is ${value}, not ${exact}`).toBe(true)
    })
  })

  it("are refused when they are off by a millionth", async () => {
    const xs = [0.5, 1.5, 2.5]
    const values = (await apply(T.exponential, xs)).map((value) => value * (1 + 1e-6))
    expect(await isRefused(() => check("exponential", xs, values))).toBe(true)
  })
})
