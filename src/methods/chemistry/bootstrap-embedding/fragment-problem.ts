/**
 * The electronic problem of a fragment (Ye, Tran and Van Voorhis, J. Chem. Theory Comput. 16, 5035 (2020), section 2):
 * the fragment's sites and their bath, with every other electron of the molecule as a fixed potential. Conserved: the
 * mean field of the molecule, projected, is that of each fragment.
 */
import { Effect } from "effect"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { Backend, BackendError } from "../../../algebra/backend.ts"
import { tracked } from "../../../core/progress.ts"
import { defaultMemory, MemoryEstimate } from "../integrals/integrals.ts"
import type { Packed } from "../integrals/packed.ts"
import { pack, packedBytes } from "../integrals/packed.ts"
import type { ValenceElectrons } from "../localisation/core.ts"
import type { LocalisedOrbitals } from "../localisation/localised.ts"
import { between } from "../localisation/matrices.ts"
import type { RestrictedMeanField } from "../mean-field.ts"
import { coulombExchange } from "../mean-field/coulomb-exchange.ts"
import { multiply, transpose } from "../mean-field/dense.ts"
import { transform } from "../molecular-hamiltonian.ts"
import { embeddingSpace } from "../schmidt.ts"
import { EmbeddingError } from "./connectivity.ts"
import type { FragmentSites } from "./sites.ts"

/** Matrices are row-major over the fragment's sites, then its bath; energies in Ha. */
export interface FragmentProblem extends FragmentSites {
  /** Orbitals of fragment and bath, and how many of them are the fragment's own. */
  readonly orbitals: number
  readonly fragment: number
  readonly electrons: number
  /** Atomic orbitals x orbitals. */
  readonly coefficients: Float64Array
  /** h_A. */
  readonly coreHamiltonian: Float64Array
  /** v0_A: the potential of all electrons of the molecule. */
  readonly whole: Float64Array
  /** v_A: that of the electrons outside. */
  readonly outside: Float64Array
  /** The projected density of the mean field, spin-summed. */
  readonly density: Float64Array
  readonly repulsion: Packed
}

/** How far from a whole number the electrons of a fragment may be. */
const wholeness = 1e-5

/** The one-body operator of a fragment in a potential over its orbitals: h_A + v_A + u_A. */
export const oneBodyOf = (
  { coreHamiltonian, outside }: FragmentProblem, potential?: Float64Array
): Float64Array => coreHamiltonian.map((value, at) => value + outside[at]! + (potential?.[at] ?? 0))

/** J - K/2 of a density over the orbitals of a fragment. */
export const closedShellPotential = (repulsion: Packed, density: Float64Array): Effect.Effect<Float64Array> =>
  Effect.map(coulombExchange(repulsion, density), ({ coulomb, exchange }) =>
    coulomb.map((value, at) => value - exchange[at]! / 2))

/** One fragment's problem; `density` is that of one spin over the sites. */
const problemOf = (
  field: RestrictedMeanField, valence: ValenceElectrons, { count, coefficients }: LocalisedOrbitals,
  density: Float64Array, sites: FragmentSites
): Effect.Effect<FragmentProblem, EmbeddingError | BackendError | ShapeError, Backend> => Effect.gen(function*() {
  const size = field.integrals.orbitals.count
  const space = embeddingSpace(density, count, sites.sites)
  const orbitals = space.count
  const turned = multiply(coefficients, space.orbitals, size, count, orbitals)
  const within = between(space.orbitals, density, space.orbitals, count, orbitals, orbitals).map((value) => 2 * value)
  const electrons = within.reduce((sum, value, at) => (at % (orbitals + 1) === 0 ? sum + value : sum), 0)
  const pairs = Math.round(electrons / 2)
  const name = `fragment of sites ${sites.sites.map((site) => site + 1).join(", ")}`
  if (Math.abs(electrons - 2 * pairs) > wholeness)
    return yield* EmbeddingError.of(name, `${electrons} electrons are no closed shell`)
  if (pairs === 0) return yield* EmbeddingError.of(name, "it has no electrons")
  const repulsion = pack(yield* transform(field.integrals.repulsion, turned, orbitals), orbitals)
  const whole = between(turned, valence.potential, turned, size, orbitals, orbitals)
  const own = yield* closedShellPotential(repulsion, within)
  return {
    ...sites, orbitals, fragment: space.fragment, electrons: 2 * pairs, coefficients: turned,
    coreHamiltonian: between(turned, valence.coreHamiltonian, turned, size, orbitals, orbitals),
    whole, outside: whole.map((value, at) => value - own[at]!), density: within, repulsion
  }
})

/** The density of one spin over the sites: P = W^T S C C^T S W. */
export const siteDensity = (
  field: RestrictedMeanField, valence: ValenceElectrons, { count, coefficients }: LocalisedOrbitals
): Float64Array => {
  const { overlap, orbitals: { count: size } } = field.integrals
  const occupied = between(coefficients, overlap, valence.occupiedOrbitals, size, count, valence.occupied)
  return multiply(occupied, transpose(occupied, count, valence.occupied), count, valence.occupied, count)
}

/** The problems of all fragments. */
export const problems = (
  field: RestrictedMeanField, valence: ValenceElectrons, localised: LocalisedOrbitals,
  fragments: ReadonlyArray<FragmentSites>, memory = defaultMemory
): Effect.Effect<
  ReadonlyArray<FragmentProblem>, EmbeddingError | MemoryEstimate | BackendError | ShapeError, Backend
> => Effect.gen(function*() {
  const widths = fragments.map(({ sites }) => Math.min(2 * sites.length, localised.count))
  // packed integrals of all, and those of the largest in full, over two sets of orbitals and with a density matrix
  const most = widths.reduce((sum, width) => sum + packedBytes(width), 3 * 8 * Math.max(...widths) ** 4)
  yield* MemoryEstimate.check(`integrals of ${fragments.length} fragments`, most, memory)
  const density = siteDensity(field, valence, localised)
  return yield* tracked({ name: "fragments", unit: "fragments", total: fragments.length }, (tracker) =>
    Effect.forEach(fragments, (sites) =>
      problemOf(field, valence, localised, density, sites).pipe(Effect.tap(() => tracker.advance()))))
})
