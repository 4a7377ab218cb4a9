/** The laws of laws: measurements are a monoid, and a verdict follows the worst case. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Law from "../../src/core/law.ts"

const measurement = fc.record({ cases: fc.nat(100), worst: fc.double({ min: 0, noNaN: true }), where: fc.string() })
const { concat, empty } = Law.measurements

describe("measurements", () => {
  it("combine associatively, with an identity", () => {
    fc.assert(fc.property(measurement, measurement, measurement, (a, b, c) => {
      expect(concat(concat(a, b), c)).toEqual(concat(a, concat(b, c)))
      expect(concat(a, empty)).toEqual(a)
      expect(concat(empty, a).worst).toBe(a.worst)
    }))
  })

  it("catch a combination that keeps the better case", () => {
    const better = (a: Law.Measurement, b: Law.Measurement) => (a.worst < b.worst ? a : b)
    expect(better(Law.observe(1, "a"), Law.observe(2, "b")).worst).not.toBe(
      concat(Law.observe(1, "a"), Law.observe(2, "b")).worst
    )
  })

  it("of arrays find the largest deviation and where it is", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -10, max: 10 }), { minLength: 1 }), fc.nat(), (values, at) => {
        const moved = values.map((value, index) => (index === at % values.length ? value + 100 : value))
        expect(Law.compare(values, moved, "x")).toMatchObject({
          cases: values.length,
          where: `x[${at % values.length}]`
        })
      })
    )
  })
})

describe("a verdict", () => {
  const law = { name: "a law", statement: "", tolerance: 1e-3 }
  it("holds exactly when something was seen and nothing deviates beyond the tolerance", () => {
    fc.assert(fc.property(measurement, (seen) => {
      expect(Law.judge(law, seen).holds).toBe(seen.cases > 0 && seen.worst <= law.tolerance)
    }))
  })
  it("does not hold on a NaN, nor on nothing", () => {
    expect(Law.judge(law, Law.observe(NaN, "x")).holds).toBe(false)
    expect(Law.judge(law, Law.compare([NaN], [0], "x")).holds).toBe(false)
    expect(Law.judge(law, empty).holds).toBe(false)
  })
})
