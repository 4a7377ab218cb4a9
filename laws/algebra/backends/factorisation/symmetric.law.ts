import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { eigh } from "../../../../src/algebra/backends/factorisation/symmetric.ts"
import * as Key from "../../../../src/core/key.ts"

/** X Xᵀ for a random X of `size` rows and `rank` columns: all but `rank` eigenvalues are 0. */
const ofRank = (size: number, rank: number, seed: number): Float64Array => {
  const x = Key.normal(Key.make(seed), size * rank)
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size) * rank, at % size * rank]
    let sum = 0
    for (let k = 0; k < rank; k++) sum += (x[row + k] ?? 0) * (x[column + k] ?? 0)
    return sum
  })
}

describe("the eigenvalues of a large symmetric matrix of low rank", () => {
  const sizes = fc.record({
    size: fc.integer({ min: 90, max: 130 }), rank: fc.integer({ min: 1, max: 12 }), seed: fc.nat()
  })

  it("are as many above 0 as its rank, and add up to its trace", () =>
    fc.assert(fc.property(sizes, ({ size: n, rank, seed }) => {
      const data = ofRank(n, rank, seed)
      const trace = data.reduce((sum, value, at) => at % (n + 1) === 0 ? sum + value : sum, 0)
      const { values: { data: values } } = eigh({ rows: n, columns: n, data })
      expect(values.filter((value) => value > 1e-10 * trace)).toHaveLength(rank)
      expect(values.reduce((sum, value) => sum + value, 0) / trace).toBeCloseTo(1, 12)
    }), { numRuns: 10 }))
})
