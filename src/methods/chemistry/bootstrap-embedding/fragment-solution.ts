/**
 * A fragment solved: its mean field in the matching potential, then the method of the context on top, and what its
 * centres have of the energy, by the cumulant or as a whole (Cho et al., J. Phys. Chem. A 129, 6538
 * (2025)). Conserved: the energies of the centres of all fragments add up to that of the molecule, and for the
 * mean field exactly so.
 */
import { Effect } from "effect"
import type { Backend } from "../../../algebra/backend.ts"
import type { DensityMatrices } from "../correlation/density-matrices.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { Solver } from "../correlation/solver.ts"
import { unpack } from "../integrals/packed.ts"
import { between } from "../localisation/matrices.ts"
import { multiply, transpose } from "../mean-field/dense.ts"
import type { MeanFieldOptions, MeanFieldState } from "../mean-field/restricted.ts"
import { restrictedHartreeFock } from "../mean-field/restricted.ts"
import { EmbeddingError } from "./connectivity.ts"
import { integralsOver, pairEnergies } from "./fragment-orbitals.ts"
import type { FragmentProblem } from "./fragment-problem.ts"
import { closedShellPotential, oneBodyOf } from "./fragment-problem.ts"

/** Energies of the centres of a fragment, in Ha. */
export interface CentreEnergies {
  /** What correlation changes: h and v0 with the change of the density, and half the cumulant with the repulsion. */
  readonly oneBody: number
  readonly potential: number
  readonly pairs: number
  /** All of it, from the density matrices as they are. */
  readonly whole: number
}

export interface FragmentSolution {
  /** The density matrix, spin-summed, over the fragment's orbitals. */
  readonly density: Float64Array
  readonly energies: CentreEnergies
}

const identity = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0))

/** The mean field of a fragment in a potential; harder to converge ones get a level shift. */
export const fragmentField = (problem: FragmentProblem, potential?: Float64Array) => {
  const { density, electrons, orbitals, repulsion } = problem
  const coreHamiltonian = oneBodyOf(problem, potential)
  const given = { overlap: identity(orbitals), coreHamiltonian, repulsion, nuclearRepulsion: 0 }
  const from = (start: Float64Array, options?: MeanFieldOptions) =>
    restrictedHartreeFock(given, electrons / 2, start, options)
  return from(density).pipe(Effect.catchTag("NotConverged", ({ state }) =>
    from(state.density, { levelShift: 0.2, subspace: 25 })))
}

/** The Hamiltonian of a fragment in a potential, over the orbitals of its mean field there. */
export const fragmentHamiltonian = (
  problem: FragmentProblem, { orbitalCoefficients }: MeanFieldState, potential?: Float64Array
) => Effect.gen(function*() {
  const { electrons, orbitals: n, repulsion } = problem
  const found: Hamiltonian = {
    orbitals: n, electrons, core: 0,
    oneBody: between(orbitalCoefficients, oneBodyOf(problem, potential), orbitalCoefficients, n, n, n),
    twoBody: yield* integralsOver(unpack(repulsion), orbitalCoefficients, n)
  }
  return found
})

/** The sum of (A B)_ii over the places `i`, for symmetric B. */
const partialTrace = (a: Float64Array, b: Float64Array, n: number, places: ReadonlyArray<number>): number => {
  let sum = 0
  for (const i of places) for (let j = 0; j < n; j++) sum += a[i * n + j]! * b[i * n + j]!
  return sum
}

/** What the centres of a fragment have of the energy of its mean field: sum of (2h + v)_ij P_ij + G[2P]_ij P_ij. */
export const meanFieldEnergy = (
  { centres, coreHamiltonian, orbitals: n, outside, repulsion }: FragmentProblem, density: Float64Array
): Effect.Effect<number> => Effect.map(closedShellPotential(repulsion, density), (own) =>
  partialTrace(coreHamiltonian.map((h, at) => h + (outside[at]! + own[at]!) / 2), density, n, centres))

/**
 * The energies of the centres from density matrices over molecular orbitals, columns of `coefficients`, the lowest of
 * which are occupied in the mean field. The cumulant is what is left of the two-particle matrix without products of
 * mean-field densities and of one of them with the change.
 */
export const centreEnergies = (
  problem: FragmentProblem, field: MeanFieldState, { twoBody }: Hamiltonian, { one, two }: DensityMatrices
) => Effect.gen(function*() {
  const { centres, coreHamiltonian, orbitals: n, outside, repulsion, whole } = problem
  const coefficients = field.orbitalCoefficients
  const turned = transpose(coefficients, n, n)
  const density = between(turned, one, turned, n, n, n)
  const change = density.map((value, at) => value - field.density[at]!)
  const own = yield* closedShellPotential(repulsion, field.density)
  const other = yield* closedShellPotential(repulsion, density)
  const pairs = yield* pairEnergies(two, twoBody, n)
  const local = multiply(coefficients, multiply(pairs, turned, n, n, n), n, n, n)
  const all = centres.reduce((sum, i) => sum + local[i * (n + 1)]!, 0)
  const products = partialTrace(field.density, other, n, centres) + partialTrace(change, own, n, centres)
  const surrounded = coreHamiltonian.map((h, at) => h + outside[at]! / 2)
  const solution: FragmentSolution = {
    density,
    energies: {
      oneBody: partialTrace(coreHamiltonian, change, n, centres),
      potential: partialTrace(whole, change, n, centres),
      pairs: (all - products) / 2,
      whole: partialTrace(surrounded, density, n, centres) + all / 2
    }
  }
  return solution
})

/** Solves a fragment in a potential. */
export const solveFragment = (problem: FragmentProblem, potential?: Float64Array) => Effect.gen(function*() {
  const solver = yield* Solver
  const field = yield* fragmentField(problem, potential)
  const hamiltonian = yield* fragmentHamiltonian(problem, field, potential)
  const { densityMatrices } = yield* solver.solve(hamiltonian)
  if (densityMatrices === undefined)
    return yield* EmbeddingError.of(
      "solver", `${solver.name} has no density matrices, which the energy of a fragment's centre is made of`
    )
  return yield* centreEnergies(problem, field, hamiltonian, densityMatrices)
})

/** What solving a fragment can fail with, and needs. */
export type SolveError = Effect.Error<ReturnType<typeof solveFragment>>
export type SolveNeeds = Solver | Backend
