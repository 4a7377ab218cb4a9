/**
 * Integrals over one electron from Hermite expansions: overlap, dipole, and the attraction by point charges, of which
 * nuclei are a case (Helgaker, Jorgensen, Olsen, 9.5 and 9.9). Matrices are over atomic orbitals, row-major.
 */
import { hermiteCoulomb } from "./hermite.ts"
import type { ShellPair } from "./pairs.ts"

/** Charges in units of e, and where they are in bohr, three coordinates each. */
export interface PointCharges {
  readonly charges: ArrayLike<number>
  readonly positions: ArrayLike<number>
}

/** Writes the product f of a pair's functions to both places where a symmetric matrix has it. */
export const place = (matrix: Float64Array, size: number, pair: ShellPair, f: number, value: number): void => {
  const { left, right } = pair
  const i = left.orbitals[Math.floor(f / right.orbitals.length)]!
  const j = right.orbitals[f % right.orbitals.length]!
  matrix[i * size + j] = value
  matrix[j * size + i] = value
}

/** The overlap (i|j). */
export const overlap = (pairs: ReadonlyArray<ShellPair>, size: number): Float64Array => {
  const matrix = new Float64Array(size * size)
  for (const pair of pairs)
    for (let f = 0; f < pair.functions; f++) {
      let sum = 0
      for (let p = 0; p < pair.primitives; p++)
        sum += (Math.PI / pair.exponents[p]!) ** 1.5 * pair.expansion[(p * pair.functions + f) * pair.hermites]!
      place(matrix, size, pair, f, sum)
    }
  return matrix
}

/** The integrals (i| x |j), (i| y |j) and (i| z |j) of the position relative to `origin`. */
export const dipole = (
  pairs: ReadonlyArray<ShellPair>, size: number, origin: readonly [number, number, number] = [0, 0, 0]
): readonly [Float64Array, Float64Array, Float64Array] => {
  const along = (axis: number): Float64Array => {
    const matrix = new Float64Array(size * size)
    for (const pair of pairs)
      for (let f = 0; f < pair.functions; f++) {
        let sum = 0
        for (let p = 0; p < pair.primitives; p++) {
          const at = (p * pair.functions + f) * pair.hermites
          const first = pair.hermites > 1 ? pair.expansion[at + 1 + axis]! : 0
          sum += (Math.PI / pair.exponents[p]!) ** 1.5
            * (first + (pair.centres[3 * p + axis]! - origin[axis]!) * pair.expansion[at]!)
        }
        place(matrix, size, pair, f, sum)
      }
    return matrix
  }
  return [along(0), along(1), along(2)]
}

/** The attraction of an electron by point charges, (i| sum of -q / |r - R| |j): negative for nuclei. */
export const attraction = (
  pairs: ReadonlyArray<ShellPair>, size: number, { charges, positions }: PointCharges
): Float64Array => {
  const matrix = new Float64Array(size * size)
  for (const pair of pairs) {
    const { functions, hermites, degree, centres, exponents, expansion } = pair
    const sums = new Float64Array(functions)
    for (let p = 0; p < pair.primitives; p++)
      for (let c = 0; c < charges.length; c++) {
        const r = hermiteCoulomb(
          degree, exponents[p]!, centres[3 * p]! - positions[3 * c]!, centres[3 * p + 1]! - positions[3 * c + 1]!,
          centres[3 * p + 2]! - positions[3 * c + 2]!, -charges[c]! * 2 * Math.PI / exponents[p]!
        )
        for (let f = 0; f < functions; f++) {
          const from = (p * functions + f) * hermites
          let sum = 0
          for (let h = 0; h < hermites; h++) sum += expansion[from + h]! * r[h]!
          sums[f] = sums[f]! + sum
        }
      }
    for (let f = 0; f < functions; f++) place(matrix, size, pair, f, sums[f]!)
  }
  return matrix
}
