/** Random rotations of orbitals for laws of invariance. */
import * as Key from "../../../../src/core/key.ts"

/** An orthogonal matrix, row-major, that mixes orbitals only between the given cuts: a product of plane rotations. */
export const rotation = (seed: number, orbitals: number, cuts: ReadonlyArray<number>): Float64Array => {
  const matrix = Float64Array.from({ length: orbitals ** 2 }, (_, pq) => (pq % (orbitals + 1) === 0 ? 1 : 0))
  const angles = Key.normal(Key.make(seed), orbitals ** 2)
  const side = (p: number): number => cuts.filter((cut) => p >= cut).length
  for (let p = 0; p < orbitals; p++)
    for (let q = 0; q < p; q++) {
      if (side(p) !== side(q)) continue
      const angle = angles[p * orbitals + q] ?? 0
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
      for (let row = 0; row < orbitals; row++) {
        const [left, right] = [matrix[row * orbitals + p] ?? 0, matrix[row * orbitals + q] ?? 0]
        matrix[row * orbitals + p] = cosine * left - sine * right
        matrix[row * orbitals + q] = sine * left + cosine * right
      }
    }
  return matrix
}
