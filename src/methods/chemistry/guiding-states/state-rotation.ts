/**
 * A state in other orbitals. Rotating two orbitals into one another mixes pairs of strings that differ in which of the
 * two is filled; every orthogonal matrix is a product of rotations of neighbours and signs (Givens, 1958), so a whole
 * set of orbitals is turned at n (n - 1) / 2 passes over the vector, exactly. The norm is conserved, and the state:
 * amplitudes are those that minors of the matrix give (Malmqvist, Int. J. Quantum Chem. 30, 479 (1986)).
 */
import type { Strings } from "../correlation/strings.ts"
import { address } from "../correlation/strings.ts"

/** A rotation of orbitals r and r + 1. */
interface Plane {
  readonly r: number
  readonly cosine: number
  readonly sine: number
}

/** Rotations of neighbours, in turn, and signs, whose product is an orthogonal matrix. */
const planes = (
  rotation: Float64Array, n: number
): { readonly turns: ReadonlyArray<Plane>, readonly signs: ReadonlyArray<number> } => {
  const matrix = rotation.slice()
  const turns: Array<Plane> = []
  for (let column = 0; column < n; column++)
    for (let r = n - 2; r >= column; r--) {
      const [above, under] = [matrix[r * n + column]!, matrix[(r + 1) * n + column]!]
      const length = Math.hypot(above, under)
      if (length === 0 || under === 0) continue
      const [cosine, sine] = [above / length, under / length]
      for (let at = 0; at < n; at++) {
        const [upper, lower] = [matrix[r * n + at]!, matrix[(r + 1) * n + at]!]
        matrix[r * n + at] = cosine * upper + sine * lower
        matrix[(r + 1) * n + at] = cosine * lower - sine * upper
      }
      turns.push({ r, cosine, sine })
    }
  return { turns, signs: Array.from({ length: n }, (_, q) => (matrix[q * (n + 1)]! < 0 ? -1 : 1)) }
}

/** Pairs of strings that differ only in that the first has orbital r and the second r + 1. */
const neighbours = (masks: Uint32Array, r: number): ReadonlyArray<readonly [number, number]> => {
  const pairs: Array<readonly [number, number]> = []
  masks.forEach((mask, string) => {
    if ((mask >>> r & 3) === 1) pairs.push([string, address(mask ^ (3 << r))])
  })
  return pairs
}

/**
 * C(alpha, beta) over the orbitals that are the columns of a rotation (row-major, orthogonal), from C over the rows.
 */
export const rotateState = (
  vector: Float64Array, { orbitals: n, masks }: Strings, rotation: Float64Array
): Float64Array => {
  const turned = vector.slice()
  const size = masks.length
  const mix = (at: number, other: number, { cosine, sine }: Plane): void => {
    const [a, b] = [turned[at]!, turned[other]!]
    turned[at] = cosine * a + sine * b
    turned[other] = cosine * b - sine * a
  }
  const { turns, signs } = planes(rotation, n)
  for (const plane of turns) {
    const pairs = neighbours(masks, plane.r)
    for (const [first, second] of pairs)
      for (let beta = 0; beta < size; beta++) mix(first * size + beta, second * size + beta, plane)
    for (let row = 0; row < turned.length; row += size)
      for (const [first, second] of pairs) mix(row + first, row + second, plane)
  }
  const sign = Float64Array.from(masks, (mask) =>
    signs.reduce((product, each, q) => ((mask >>> q & 1) === 1 ? product * each : product), 1))
  for (let at = 0; at < turned.length; at++) turned[at] = turned[at]! * sign[Math.floor(at / size)]! * sign[at % size]!
  return turned
}
