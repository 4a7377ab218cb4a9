/** The laws of the Boys function: its values to 20 digits, its recursion, its derivative and its series. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { boys, boysSeries, highestOrder } from "../../../../src/methods/chemistry/integrals/boys.ts"
import reference from "../reference/boys.json" with { type: "json" }

type Boys = (m: number, x: number, out: Float64Array) => void

const values = (of: Boys, x: number): Float64Array => {
  const out = new Float64Array(highestOrder + 1)
  of(highestOrder, x, out)
  return out
}
const point = fc.oneof(fc.double({ min: 0, max: 40, noNaN: true }), fc.double({ min: 0, max: 1e4, noNaN: true }))

const recursion = (of: Boys) => fc.property(point, (x) => {
  const f = values(of, x)
  for (let m = 0; m < highestOrder; m++)
    expect(Math.abs((2 * m + 1) * f[m]! - 2 * x * f[m + 1]! - Math.exp(-x))).toBeLessThan(1e-14 * (1 + x))
})

const series = (of: Boys) => fc.property(fc.double({ min: 0, max: 40, noNaN: true }), (x) => {
  const f = values(of, x)
  for (let m = 0; m <= highestOrder; m++) expect(Math.abs(f[m]! - boysSeries(m, x))).toBeLessThan(1e-14)
})

/** A Taylor step that stops too early. */
const coarse: Boys = (m, x, out) => boys(m, Math.round(x * 1e4) / 1e4, out)

describe("the Boys function", () => {
  test("has the values that arbitrary precision gives, to 1e-14", () => {
    for (const [m, x, text] of reference.values) {
      const value = values(boys, Number(x))[Number(m)] ?? NaN
      expect(Math.abs(value - Number(text)), `F_${m}(${x})`).toBeLessThan(1e-14)
    }
  })

  test("obeys its recursion in every order", () => {
    fc.assert(recursion(boys), { numRuns: 1000 })
  })

  test("is the sum of its series wherever that is taken from the table", () => {
    fc.assert(series(boys), { numRuns: 300 })
  })

  test("falls with x by the next order: F_m' = -F_m+1", () => {
    fc.assert(fc.property(fc.double({ min: 0.01, max: 30, noNaN: true }), fc.nat(highestOrder - 1), (x, m) => {
      const step = 1e-4
      const slope = (values(boys, x + step)[m]! - values(boys, x - step)[m]!) / (2 * step)
      expect(Math.abs(slope + values(boys, x)[m + 1]!)).toBeLessThan(1e-8)
    }))
  })

  test("a version that rounds its argument is caught", () => {
    expect(fc.check(series(coarse)).failed).toBe(true)
  })
})
