/** The laws of DIIS: weights of sum one, no error shorter than the best, and exactness on linear problems. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { extrapolate, solveSquare, weights } from "../../../src/methods/chemistry/diis.ts"

const entry = fc.double({ min: -1, max: 1, noNaN: true }).map((x) => Math.round(x * 1e4) / 1e4)
const vector = fc.array(entry, { minLength: 6, maxLength: 6 }).map((values) => Float64Array.from(values))
const trials = fc.array(fc.record({ vector, error: vector }), { minLength: 1, maxLength: 5 })
const norm = (values: Float64Array): number => Math.hypot(...values)

describe("DIIS", () => {
  test("gives weights of sum one whose error is no longer than that of any trial it kept", () => {
    fc.assert(fc.property(trials, (given) => {
      const found = weights(given)
      expect(Math.abs(found.reduce((sum, weight) => sum + weight, 0) - 1)).toBeLessThan(1e-6)
      const combined = extrapolate(given.map(({ error }) => ({ vector: error, error })))
      const kept = given.filter((_, at) => found[at] !== 0)
      for (const { error } of kept) expect(norm(combined)).toBeLessThan(norm(error) + 1e-6)
    }))
  })

  test("finds the root where the error is linear in the vector", () => {
    fc.assert(fc.property(vector, vector, fc.double({ min: 0.2, max: 0.8, noNaN: true }), (root, direction, along) => {
      fc.pre(norm(direction) > 0.1)
      const trial = (t: number) => ({
        vector: root.map((x, at) => x + t * direction[at]!), error: direction.map((x) => t * x)
      })
      const found = extrapolate([trial(1), trial(-along)])
      const far = found.reduce((worst, x, at) => Math.max(worst, Math.abs(x - root[at]!)), 0)
      const simple = trial(-along).vector.reduce((worst, x, at) => Math.max(worst, Math.abs(x - root[at]!)), 0)
      expect(far).toBeLessThan(1e-6)
      expect(simple).toBeGreaterThan(1e-3)
    }))
  })

  test("solves what has a solution and says what has none", () => {
    expect(solveSquare([[0, 2], [4, 0]], [2, 4])).toEqual([1, 1])
    expect(solveSquare([[1, 1], [1, 1]], [1, 2])).toBeUndefined()
  })
})
