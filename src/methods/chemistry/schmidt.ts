/**
 * The Schmidt decomposition of a determinant (Knizia and Chan, Phys. Rev. Lett. 109, 186404 (2012)): of everything
 * around a fragment, the few orbitals that are entangled with it. Eigenvectors of the environment's part of the density
 * whose occupation is neither 0 nor 1 are the bath; each has a partner in the fragment whose occupation it completes to
 * 1. Conserved: the determinant, which is a product of one over fragment and bath and one over the rest.
 */
import { eigh } from "../../algebra/backends/factorisation/symmetric.ts"

/** Fragment and bath. */
export interface EmbeddingSpace {
  /** Orbitals: the fragment's first, then the bath's. */
  readonly count: number
  readonly fragment: number
  readonly bath: number
  /** Sites x orbitals, row-major; orthonormal columns. */
  readonly orbitals: Float64Array
  /** Occupations of the environment's part of the density, ascending. */
  readonly occupations: Float64Array
}

/** Occupations closer than this to 0 or 1 are of no bath. */
export const entangled = 1e-10

/**
 * The embedding space of the sites of a fragment, in their order; `density` is that of one spin over `count`
 * orthonormal sites. The whole system has no bath.
 */
export const embeddingSpace = (
  density: Float64Array, count: number, fragment: ReadonlyArray<number>, threshold = entangled
): EmbeddingSpace => {
  const environment = Array.from({ length: count }, (_, site) => site).filter((site) => !fragment.includes(site))
  const size = environment.length
  const block = Float64Array.from({ length: size * size }, (_, at) =>
    density[environment[Math.floor(at / size)]! * count + environment[at % size]!]!)
  const { values, vectors } = eigh({ rows: size, columns: size, data: block })
  const bath = Array.from(values.data.keys()).filter((column) => {
    const occupation = Math.abs(values.data[column]!)
    return occupation > threshold && occupation < 1 - threshold
  })
  const width = fragment.length + bath.length
  const orbitals = new Float64Array(count * width)
  for (const [at, site] of fragment.entries()) orbitals[site * width + at] = 1
  for (const [at, column] of bath.entries())
    for (const [row, site] of environment.entries())
      orbitals[site * width + fragment.length + at] = vectors.data[row * size + column]!
  return { count: width, fragment: fragment.length, bath: bath.length, orbitals, occupations: values.data }
}
