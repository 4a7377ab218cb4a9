/**
 * Overlaps of Slater determinants, in any orthonormal orbitals, with an exact state (Loewdin, Phys. Rev. 97, 1474
 * (1955)): a determinant over other orbitals has, on each string, the minor of its coefficients as amplitude. Squares
 * of overlaps are probabilities: those of all determinants over one set of orbitals add up to one.
 */
import type { State } from "./fci.ts"
import type { Strings } from "./strings.ts"

/** A determinant: for each spin, which of some orbitals are occupied. */
export interface Determinant {
  readonly alpha: ReadonlyArray<number>
  readonly beta: ReadonlyArray<number>
}

/** A determinant of a superposition. */
export interface Term extends Determinant {
  readonly weight: number
}

const determinantOf = (rows: ReadonlyArray<Float64Array>): number => {
  let value = 1
  for (let column = 0; column < rows.length; column++) {
    const rest = rows.slice(column)
    const largest = rest.reduce((best, row) => (Math.abs(row[column]!) > Math.abs(best[column]!) ? row : best))
    if (largest[column] === 0) return 0
    const index = column + rest.indexOf(largest)
    const held = rows[column]
    if (held === undefined) return 0
    if (index !== column) {
      const copy = held.slice()
      held.set(largest)
      largest.set(copy)
      value = -value
    }
    value *= held[column]!
    for (const row of rows.slice(column + 1)) {
      const factor = row[column]! / held[column]!
      for (let at = column; at < rows.length; at++) row[at] = row[at]! - factor * held[at]!
    }
  }
  return value
}

/** The amplitude of each string in the determinant of some columns of an orbital matrix (row-major, square). */
export const minors = (
  { orbitals: n, masks }: Strings, matrix: Float64Array, occupied: ReadonlyArray<number>
): Float64Array => Float64Array.from(masks, (mask) => {
  const rows = Array.from({ length: n }, (_, p) => p).filter((p) => (mask & (1 << p)) !== 0)
  return determinantOf(rows.map((p) => Float64Array.from(occupied, (q) => matrix[p * n + q]!)))
})

const identity = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, pq) => (Math.floor(pq / n) === pq % n ? 1 : 0))

/**
 * <Phi|Psi> of a superposition of determinants over the columns of `orbitals`, given over the orbitals of the state;
 * over those themselves when left out.
 */
export const overlap = (
  { vector, strings }: State, terms: ReadonlyArray<Term>, orbitals: Float64Array = identity(strings.orbitals)
): number => terms.reduce((sum, { weight, alpha, beta }) => {
  const [left, right] = [minors(strings, orbitals, alpha), minors(strings, orbitals, beta)]
  const size = right.length
  return sum + weight * left.reduce((total, amplitude, row) => {
    if (amplitude === 0) return total
    let inner = 0
    for (let column = 0; column < size; column++) inner += vector[row * size + column]! * right[column]!
    return total + amplitude * inner
  }, 0)
}, 0)

/** The closed-shell determinant of the first orbitals. */
export const closedShell = ({ particles }: Strings): Determinant => {
  const occupied = Array.from({ length: particles }, (_, index) => index)
  return { alpha: occupied, beta: occupied }
}
