/**
 * Repulsion integrals (ij|kl) with each of their eight equal permutations stored once: pairs i >= j are numbered
 * i (i + 1) / 2 + j, and pairs of pairs likewise.
 */

/** How many pairs i >= j there are of `size` things. */
export const pairCount = (size: number): number => size * (size + 1) / 2

/** The number of the pair of i and j, in either order. */
export const pairIndex = (i: number, j: number): number => (i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i)

/** Repulsion integrals over `size` orbitals in chemists' order, packed. */
export interface Packed {
  readonly kind: "packed"
  readonly size: number
  readonly values: Float64Array
}

/** Repulsion integrals as a sum of products, (ij|kl) = sum_P B_P,ij B_P,kl. */
export interface Factored {
  readonly kind: "factored"
  readonly size: number
  readonly rank: number
  /** B, rank x pairs i >= j. */
  readonly vectors: Float64Array
}

/** Repulsion integrals, however they are held. */
export type Repulsion = Packed | Factored

/** (ij|kl). */
export const repulsionAt = ({ values }: Packed, i: number, j: number, k: number, l: number): number =>
  values[pairIndex(pairIndex(i, j), pairIndex(k, l))]!

/** Bytes that packed integrals over `size` orbitals take. */
export const packedBytes = (size: number): number => 8 * pairCount(pairCount(size))

/** All permutations, row-major in i, j, k, l. */
export const unpack = (repulsion: Repulsion): Float64Array => {
  const { size } = repulsion
  const width = pairCount(size)
  const value = (ij: number, kl: number): number => {
    if (repulsion.kind === "packed") return repulsion.values[pairIndex(ij, kl)]!
    let sum = 0
    const { rank, vectors } = repulsion
    for (let p = 0; p < rank; p++) sum += vectors[p * width + ij]! * vectors[p * width + kl]!
    return sum
  }
  const full = new Float64Array(size ** 4)
  const square = size * size
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const ij = pairIndex(i, j)
      for (let k = 0; k < size; k++)
        for (let l = 0; l <= k; l++) {
          const found = value(ij, pairIndex(k, l))
          full[(i * size + j) * square + k * size + l] = found
          full[(i * size + j) * square + l * size + k] = found
          full[(j * size + i) * square + k * size + l] = found
          full[(j * size + i) * square + l * size + k] = found
        }
    }
  return full
}

/** The other way: what is asked for twice or more is taken from where i >= j, k >= l and ij >= kl. */
export const pack = (full: Float64Array, size: number): Packed => {
  const values = new Float64Array(packedBytes(size) / 8)
  let at = 0
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const row = (i * size + j) * size * size
      for (let k = 0; k <= i; k++)
        for (let l = 0; l <= (k === i ? j : k); l++) values[at++] = full[row + k * size + l]!
    }
  return { kind: "packed", size, values }
}
