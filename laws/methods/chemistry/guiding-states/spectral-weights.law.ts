/**
 * The lines of a state in a symmetric operator are its eigenvalues with the squared components: weights add up to one
 * and give the mean value, whole or cut short.
 */
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { eigh } from "../../../../src/algebra/backends/factorisation/symmetric.ts"
import * as Key from "../../../../src/core/key.ts"
import { spectralLines } from "../../../../src/methods/chemistry/guiding-states/spectral-weights.ts"
import { seeds, total, worst } from "./systems.ts"

const system = (seed: number, n: number) => {
  const drawn = Key.normal(Key.make(seed), n * n + n)
  const matrix = Float64Array.from({ length: n * n }, (_, at) =>
    (drawn[at] ?? 0) + (drawn[(at % n) * n + Math.floor(at / n)] ?? 0))
  const start = drawn.slice(n * n)
  const length = Math.sqrt(total(start.map((value) => value ** 2)))
  const apply = (vector: Float64Array): Float64Array => vector.map((_, row) =>
    vector.reduce((sum, value, column) => sum + (matrix[row * n + column] ?? NaN) * value, 0))
  return { matrix, apply, start: start.map((value) => value / length) }
}

const sizes = fc.integer({ min: 1, max: 12 })

describe("the lines of a state", () => {
  test("are the eigenvalues, with its squared components", () => {
    fc.assert(fc.property(seeds, sizes, (seed, n) => {
      const { matrix, apply, start } = system(seed, n)
      const { values, vectors } = eigh({ rows: n, columns: n, data: matrix })
      const expected = Array.from(values.data, (energy, line) => ({
        energy, weight: total(start.map((value, row) => value * (vectors.data[row * n + line] ?? NaN))) ** 2
      }))
      // lines that the state has next to nothing of may come out elsewhere or not at all
      const moments = (lines: ReadonlyArray<{ energy: number, weight: number }>) =>
        [0, 1, 2, 3].map((power) => total(lines.map(({ energy, weight }) => weight * energy ** power)))
      const found = spectralLines(apply, start)
      expect(worst(moments(found), moments(expected)) / (1 + Math.abs(moments(expected)[3] ?? 0))).toBeLessThan(1e-9)
      for (const { energy, weight } of expected)
        if (weight > 1e-6) expect(Math.min(...found.map((line) => Math.abs(line.energy - energy)))).toBeLessThan(1e-6)
    }), { numRuns: 60 })
  })

  test("cut short still add up to one and give the mean value, which other weights do not", () => {
    const [large, few] = [fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 6 })]
    fc.assert(fc.property(seeds, large, few, (seed, n, vectors) => {
      const { apply, start } = system(seed, n)
      const mean = total(apply(start).map((value, at) => value * (start[at] ?? NaN)))
      const lines = spectralLines(apply, start, { vectors })
      const sum = (of: (weight: number) => number) => total(lines.map(({ energy, weight }) => of(weight) * energy))
      expect(Math.abs(total(lines.map(({ weight }) => weight)) - 1)).toBeLessThan(1e-11)
      expect(Math.abs(sum((weight) => weight) - mean)).toBeLessThan(1e-10)
      // components in place of their squares do not add up to one, unless there is but one line
      if (lines.filter(({ weight }) => weight > 1e-3).length > 1)
        expect(total(lines.map(({ weight }) => Math.sqrt(weight)))).toBeGreaterThan(1 + 1e-6)
    }), { numRuns: 60 })
  })
})
