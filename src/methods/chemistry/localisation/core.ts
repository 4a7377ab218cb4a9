/**
 * What frozen orbitals leave to the others: their energy, and the field that they add to the core Hamiltonian. The
 * lowest canonical orbitals are frozen, as many as the atoms have inner shells. Conserved: the energy of the mean
 * field, which is the frozen energy and that of the valence electrons in the field.
 */
import { Effect } from "effect"
import type { RestrictedMeanField } from "../mean-field.ts"
import { coulombExchange } from "../mean-field/coulomb-exchange.ts"
import { multiply, trace, transpose } from "../mean-field/dense.ts"
import { coreOrbitals } from "../molecular-hamiltonian.ts"
import type { Molecule } from "../molecule.ts"
import { columns } from "./matrices.ts"

/** Electrons that move, and what they move in. Matrices are row-major over atomic orbitals, energies in Ha. */
export interface ValenceElectrons {
  /** Frozen orbitals. */
  readonly frozen: number
  /** Atomic orbitals x frozen. */
  readonly frozenOrbitals: Float64Array
  /** The repulsion of the nuclei and the energy of the frozen electrons. */
  readonly core: number
  /** Doubly occupied orbitals that are not frozen. */
  readonly occupied: number
  /** Atomic orbitals x occupied. */
  readonly occupiedOrbitals: Float64Array
  /** h, with the field of the frozen electrons. */
  readonly coreHamiltonian: Float64Array
  /** J - K/2 of the valence electrons alone. */
  readonly potential: Float64Array
}

/** How many inner orbitals an atom has. */
export const coreOfAtom = (molecule: Molecule, atom: number): number =>
  coreOrbitals({ ...molecule, atomicNumbers: molecule.atomicNumbers.slice(atom, atom + 1) })

/** The electrons of a mean field that are not frozen. */
export const valenceElectrons = (
  field: RestrictedMeanField, freeze: boolean
): Effect.Effect<ValenceElectrons> => Effect.gen(function*() {
  const { integrals: { coreHamiltonian, repulsion, orbitals: { count: size } }, orbitalCoefficients } = field
  const width = field.orbitalEnergies.length
  const frozen = freeze ? coreOrbitals(field.molecule) : 0
  const range = (from: number, to: number) =>
    columns(orbitalCoefficients, width, Array.from({ length: to - from }, (_, at) => from + at))
  /** The density of pairs in some orbitals, and its J - K/2. */
  const filled = (orbitals: Float64Array, count: number) => Effect.gen(function*() {
    const density = multiply(orbitals, transpose(orbitals, size, count), size, count, size).map((value) => 2 * value)
    const { coulomb, exchange } = yield* coulombExchange(repulsion, density)
    return { density, potential: coulomb.map((value, at) => value - exchange[at]! / 2) }
  })
  const frozenOrbitals = range(0, frozen)
  const occupiedOrbitals = range(frozen, field.occupied)
  const core = yield* filled(frozenOrbitals, frozen)
  // from the orbitals themselves: the last Fock matrix is that of the density before them
  const valence = yield* filled(occupiedOrbitals, field.occupied - frozen)
  return {
    frozen,
    frozenOrbitals,
    core: field.nuclearRepulsion + trace(core.density, coreHamiltonian) + trace(core.density, core.potential) / 2,
    occupied: field.occupied - frozen,
    occupiedOrbitals,
    coreHamiltonian: coreHamiltonian.map((value, at) => value + core.potential[at]!),
    potential: valence.potential
  }
})

/** Columns without their part in the frozen orbitals: (1 - P S) X. */
export const withoutCore = (
  x: Float64Array, count: number, overlap: Float64Array, { frozen, frozenOrbitals }: ValenceElectrons
): Float64Array => {
  const size = x.length / count
  const along = multiply(
    transpose(frozenOrbitals, size, frozen), multiply(overlap, x, size, size, count), frozen, size, count
  )
  const part = multiply(frozenOrbitals, along, size, frozen, count)
  return x.map((value, at) => value - part[at]!)
}
