/**
 * The mean field of a Hamiltonian that is given over orthonormal orbitals: of a fragment, a model, an active space. It
 * has no atoms to start from, so it takes a density, or that of the lowest orbitals of the one-body part.
 */
import { Effect } from "effect"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { make, rotate } from "../correlation/hamiltonian.ts"
import { pack } from "../integrals/packed.ts"
import { multiply, rotated, transpose } from "./dense.ts"
import type { MeanFieldOptions } from "./restricted.ts"
import { restrictedHartreeFock } from "./restricted.ts"

const identity = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0))

/** The spin-summed density of the lowest orbitals of a matrix over `size` orthonormal orbitals. */
export const lowest = (matrix: Float64Array, size: number, occupied: number): Float64Array => {
  const { coefficients } = rotated(matrix, { basis: identity(size), kept: size, condition: 1 }, size)
  const filled = Float64Array.from({ length: size * occupied }, (_, at) =>
    Math.SQRT2 * coefficients[Math.floor(at / occupied) * size + at % occupied]!)
  return multiply(filled, transpose(filled, size, occupied), size, occupied, size)
}

export interface Start extends MeanFieldOptions {
  /** The spin-summed density to start from, row-major over the orbitals. */
  readonly density?: Float64Array
}

/** The restricted Hartree-Fock state of a Hamiltonian; its orbitals are over those of the Hamiltonian. */
export const meanFieldOf = (given: Hamiltonian, { density, ...options }: Start = {}) => Effect.gen(function*() {
  const of = yield* make(given)
  const { orbitals, electrons, core, oneBody, twoBody } = of
  return yield* restrictedHartreeFock(
    {
      overlap: identity(orbitals), coreHamiltonian: oneBody, repulsion: pack(twoBody, orbitals), nuclearRepulsion: core
    },
    electrons / 2, density ?? lowest(oneBody, orbitals, electrons / 2), options
  )
})

/** The Hamiltonian over the orbitals of its mean field, occupied ones first: what a `Solver` takes. */
export const inOrbitals = (of: Hamiltonian, orbitalCoefficients: Float64Array): Hamiltonian =>
  rotate(of, orbitalCoefficients)
