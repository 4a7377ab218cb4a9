/**
 * Coulomb and exchange matrices from packed repulsion integrals: J_ij = sum (ij|kl) D_kl and K_ik = sum (ij|kl) D_jl,
 * for a symmetric density. Each unique integral is read once and adds to every place where one of its permutations
 * counts; the sums are made symmetric at the end (Almlof, Faegri, Korsell, J. Comput. Chem. 3, 385 (1982)).
 */
import type { Repulsion } from "../integrals/packed.ts"
import { pairCount } from "../integrals/packed.ts"

export interface CoulombExchange {
  readonly coulomb: Float64Array
  readonly exchange: Float64Array
}

/** J and K of a symmetric density; matrices are row-major. */
export const coulombExchange = ({ size, values }: Repulsion, density: Float64Array): CoulombExchange => {
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

/** The Fock matrix of a closed shell, h + J - K/2, from its spin-summed density. */
export const fockMatrix = (
  coreHamiltonian: Float64Array, repulsion: Repulsion, density: Float64Array
): Float64Array => {
  const { coulomb, exchange } = coulombExchange(repulsion, density)
  return coreHamiltonian.map((h, at) => h + coulomb[at]! - 0.5 * exchange[at]!)
}
