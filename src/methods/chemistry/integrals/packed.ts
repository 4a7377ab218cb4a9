/**
 * Repulsion integrals (ij|kl) with each of their eight equal permutations stored once: pairs i >= j are numbered
 * i (i + 1) / 2 + j, and pairs of pairs likewise.
 */

/** How many pairs i >= j there are of `size` things. */
export const pairCount = (size: number): number => size * (size + 1) / 2

/** The number of the pair of i and j, in either order. */
export const pairIndex = (i: number, j: number): number => (i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i)

/** Repulsion integrals over `size` orbitals in chemists' order, packed. */
export interface Repulsion {
  readonly size: number
  readonly values: Float64Array
}

/** (ij|kl). */
export const repulsionAt = ({ values }: Repulsion, i: number, j: number, k: number, l: number): number =>
  values[pairIndex(pairIndex(i, j), pairIndex(k, l))]!

/** Bytes that packed integrals over `size` orbitals take. */
export const packedBytes = (size: number): number => 8 * pairCount(pairCount(size))

/** All permutations, row-major in i, j, k, l. */
export const unpack = ({ size, values }: Repulsion): Float64Array => {
  const full = new Float64Array(size ** 4)
  const square = size * size
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const ij = pairIndex(i, j)
      for (let k = 0; k < size; k++)
        for (let l = 0; l <= k; l++) {
          const value = values[pairIndex(ij, pairIndex(k, l))]!
          full[(i * size + j) * square + k * size + l] = value
          full[(i * size + j) * square + l * size + k] = value
          full[(j * size + i) * square + k * size + l] = value
          full[(j * size + i) * square + l * size + k] = value
        }
    }
  return full
}
