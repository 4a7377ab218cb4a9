/**
 * Coulomb and exchange matrices from packed repulsion integrals: J_ij = sum (ij|kl) D_kl and K_ik = sum (ij|kl) D_jl,
 * for a symmetric density. Each unique integral is read once and adds to every place where one of its permutations
 * counts; the sums are made symmetric at the end (Almlof, Faegri, Korsell, J. Comput. Chem. 3, 385 (1982)).
 */
import { Effect } from "effect"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import type { Factored, Packed, Repulsion } from "../integrals/packed.ts"
import { pairCount } from "../integrals/packed.ts"

export interface CoulombExchange {
  readonly coulomb: Float64Array
  readonly exchange: Float64Array
}

/** J and K of a symmetric density from packed integrals; matrices are row-major. */
export const fromPacked = ({ size, values }: Packed, density: Float64Array): CoulombExchange => {
  const count = pairCount(size)
  const folded = new Float64Array(count)
  const packedCoulomb = new Float64Array(count)
  const half = new Float64Array(size * size)
  for (let i = 0, ij = 0; i < size; i++)
    for (let j = 0; j <= i; j++, ij++) folded[ij] = density[i * size + j]! * (i === j ? 1 : 2)
  let at = 0
  for (let i = 0, ij = 0; i < size; i++)
    for (let j = 0; j <= i; j++, ij++) {
      const same = i === j ? 0.5 : 1
      const of = folded[ij]!
      const ri = i * size
      const rj = j * size
      let coulomb = 0
      for (let k = 0, kl = 0; kl <= ij; k++) {
        const last = Math.min(k, ij - kl)
        const djk = density[rj + k]!
        const dik = density[ri + k]!
        let ik = 0
        let jk = 0
        for (let l = 0; l <= last; l++, kl++, at++) {
          const value = values[at]!
          coulomb += value * folded[kl]!
          packedCoulomb[kl] = packedCoulomb[kl]! + value * of
          const weighted = value * (k === l ? 0.5 * same : same) * (kl === ij ? 0.5 : 1)
          ik += weighted * density[rj + l]!
          jk += weighted * density[ri + l]!
          half[ri + l] = half[ri + l]! + weighted * djk
          half[rj + l] = half[rj + l]! + weighted * dik
        }
        half[ri + k] = half[ri + k]! + ik
        half[rj + k] = half[rj + k]! + jk
      }
      // the diagonal pair has been counted from both sides
      packedCoulomb[ij] = packedCoulomb[ij]! + coulomb - values[at - 1]! * of
    }
  const coulomb = new Float64Array(size * size)
  const exchange = new Float64Array(size * size)
  for (let i = 0, ij = 0; i < size; i++)
    for (let j = 0; j <= i; j++, ij++) {
      coulomb[i * size + j] = coulomb[j * size + i] = packedCoulomb[ij]!
      exchange[i * size + j] = exchange[j * size + i] = half[i * size + j]! + half[j * size + i]!
    }
  return { coulomb, exchange }
}

interface Factors {
  /** c_k, orbitals x k. */
  readonly columns: Float64Array
  readonly count: number
  readonly signs: Float64Array
}

/** Pivoted Cholesky, which a density of occupied orbitals ends after as many steps; undefined where it does not end. */
const cholesky = (density: Float64Array, size: number): Factors | undefined => {
  const rest = Float64Array.from({ length: size }, (_, i) => density[i * (size + 1)]!)
  const largest = rest.reduce((most, value) => Math.max(most, value), 0)
  const rows: Array<Float64Array> = []
  for (;;) {
    const pivot = rest.reduce((best, value, i) => (value > rest[best]! ? i : best), 0)
    const left = rest[pivot]!
    if (!(left > 1e-14 * largest)) break
    if (rows.length === size) return undefined
    const column = density.slice(pivot * size, (pivot + 1) * size)
    for (const row of rows) {
      const factor = row[pivot]!
      for (let i = 0; i < size; i++) column[i] = column[i]! - factor * row[i]!
    }
    const scale = 1 / Math.sqrt(left)
    for (let i = 0; i < size; i++) {
      column[i] = column[i]! * scale
      rest[i] = rest[i]! - column[i]! ** 2
    }
    rest[pivot] = 0
    rows.push(column)
  }
  // a matrix that is not positive has elements left beside its diagonal
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let value = density[i * size + j]!
      for (const row of rows) value -= row[i]! * row[j]!
      if (!(Math.abs(value) < 1e-11 * Math.max(1, largest))) return undefined
    }
  const columns = new Float64Array(size * rows.length)
  for (const [k, row] of rows.entries()) for (let i = 0; i < size; i++) columns[i * rows.length + k] = row[i]!
  return { columns, count: rows.length, signs: new Float64Array(rows.length).fill(1) }
}

/** D = sum_k sign_k c_k c_k^T, with few k for the density of a determinant. */
const factors = (density: Float64Array, size: number): Factors => {
  const found = cholesky(density, size)
  if (found !== undefined) return found
  const { values, vectors } = eigh({ rows: size, columns: size, data: density })
  const columns = vectors.data.map((value, at) => value * Math.sqrt(Math.abs(values.data[at % size]!)))
  return { columns, count: size, signs: values.data.map(Math.sign) }
}

/** J and K of a symmetric density from fitted integrals: J_ij = sum_P B_P,ij (B_P . D), K = sum_P (B_P C) (B_P C)^T. */
export const fromFactored = ({ size, rank, vectors }: Factored, density: Float64Array): CoulombExchange => {
  const width = pairCount(size)
  const folded = new Float64Array(width)
  for (let i = 0, ij = 0; i < size; i++)
    for (let j = 0; j <= i; j++, ij++) folded[ij] = density[i * size + j]! * (i === j ? 1 : 2)
  const { columns, count, signs } = factors(density, size)
  const packed = new Float64Array(width)
  const exchange = new Float64Array(size * size)
  const turned = new Float64Array(size * count)
  for (let p = 0; p < rank; p++) {
    const row = vectors.subarray(p * width, (p + 1) * width)
    let weight = 0
    for (let ij = 0; ij < width; ij++) weight += row[ij]! * folded[ij]!
    for (let ij = 0; ij < width; ij++) packed[ij] = packed[ij]! + weight * row[ij]!
    turned.fill(0)
    for (let i = 0, ij = 0; i < size; i++)
      for (let j = 0; j <= i; j++, ij++) {
        const value = row[ij]!
        if (value === 0) continue
        const [ti, tj, ci, cj] = [i * count, j * count, i * count, j * count]
        for (let k = 0; k < count; k++) turned[ti + k] = turned[ti + k]! + value * columns[cj + k]!
        if (i !== j) for (let k = 0; k < count; k++) turned[tj + k] = turned[tj + k]! + value * columns[ci + k]!
      }
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++) {
        let sum = 0
        for (let k = 0; k < count; k++) sum += signs[k]! * turned[i * count + k]! * turned[j * count + k]!
        exchange[i * size + j] = exchange[i * size + j]! + sum
      }
  }
  const coulomb = new Float64Array(size * size)
  for (let i = 0, ij = 0; i < size; i++)
    for (let j = 0; j <= i; j++, ij++) {
      coulomb[i * size + j] = coulomb[j * size + i] = packed[ij]!
      exchange[j * size + i] = exchange[i * size + j]!
    }
  return { coulomb, exchange }
}

/** J and K of a symmetric density, however the integrals are held; matrices are row-major. */
export const coulombExchange = (repulsion: Repulsion, density: Float64Array): Effect.Effect<CoulombExchange> =>
  Effect.sync(() => (repulsion.kind === "packed" ? fromPacked(repulsion, density) : fromFactored(repulsion, density)))

/** h + J - K/2. */
export const closedShell = (
  coreHamiltonian: Float64Array, { coulomb, exchange }: CoulombExchange
): Float64Array => coreHamiltonian.map((h, at) => h + coulomb[at]! - 0.5 * exchange[at]!)

/** The Fock matrix of a closed shell, h + J - K/2, from its spin-summed density. */
export const fockMatrix = (
  coreHamiltonian: Float64Array, repulsion: Repulsion, density: Float64Array
): Effect.Effect<Float64Array> =>
  Effect.map(coulombExchange(repulsion, density), (found) => closedShell(coreHamiltonian, found))
