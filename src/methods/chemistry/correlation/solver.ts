/**
 * A correlation method as a service: from a Hamiltonian, of a molecule or of a fragment, to its energy and density
 * matrices. Methods are Layers, so that an embedding takes whichever it is given. Energies do not change with rotations
 * among occupied or among virtual orbitals, whatever the method.
 */
import { Context, Effect, Layer } from "effect"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { BackendError } from "../../../algebra/backend.ts"
import type { Backend } from "../../../algebra/backend.ts"
import type { NotConverged, Options as CcsdOptions } from "./ccsd.ts"
import { ccsd } from "./ccsd.ts"
import type { RootsNotFound } from "./davidson.ts"
import type { DensityMatrices } from "./density-matrices.ts"
import { ofAmplitudes, ofReference, ofState } from "./density-matrices.ts"
import type { FciError, Options as FciOptions } from "./fci.ts"
import { fci } from "./fci.ts"
import type { Hamiltonian, HamiltonianError, TooLarge } from "./hamiltonian.ts"
import { make, referenceEnergy, semicanonical } from "./hamiltonian.ts"
import { mp2 } from "./mp2.ts"
import type { NotCanonical } from "./triples.ts"
import { triples } from "./triples.ts"

/** What a method makes of a Hamiltonian; energies in Ha. */
export interface Solution {
  readonly energy: number
  /** The energy beyond that of the reference determinant. */
  readonly correlation: number
  /** Where the method has them; they give its energy. They are made when they are first asked for. */
  readonly densityMatrices?: DensityMatrices
}

export type SolverError =
  | HamiltonianError | TooLarge | NotConverged | NotCanonical | RootsNotFound | FciError | BackendError | ShapeError

/** Solves Hamiltonians one after another. */
export class Solver extends Context.Service<Solver, {
  readonly name: string
  readonly solve: (of: Hamiltonian) => Effect.Effect<Solution, SolverError>
}>()("noether/Solver") {}

interface Found {
  readonly correlation: number
  readonly matrices?: () => DensityMatrices
}
type Solve<R> = (of: Hamiltonian) => Effect.Effect<Found, SolverError, R>

const solution = (reference: number, { correlation, matrices }: Found): Solution => {
  const energies = { energy: reference + correlation, correlation }
  if (matrices === undefined) return energies
  let held: DensityMatrices | undefined
  return { ...energies, get densityMatrices() { return held ??= matrices() } }
}

const solver = <R>(name: string, correlate: Solve<R>): Layer.Layer<Solver, never, R> =>
  Layer.effect(Solver, Effect.map(Effect.context<R>(), (context) => ({
    name,
    solve: (given: Hamiltonian) => Effect.gen(function* () {
      const of = yield* make(given)
      return solution(referenceEnergy(of), yield* correlate(of))
    }).pipe(Effect.provideContext(context))
  })))

/** The reference determinant itself. */
export const hartreeFock: Layer.Layer<Solver> =
  solver("hf", (of) => Effect.succeed({ correlation: 0, matrices: () => ofReference(of) }))

/** Second-order perturbation theory; it has no density matrices here. */
export const secondOrder = (options: { readonly memory?: number } = {}): Layer.Layer<Solver, never, Backend> =>
  solver("mp2", (of) => Effect.map(mp2(of, options), (correlation) => ({ correlation })))

/** Coupled cluster with singles and doubles, and the density matrices of its energy at fixed amplitudes. */
export const coupledCluster = (options: CcsdOptions = {}): Layer.Layer<Solver, never, Backend> =>
  solver("ccsd", (of) => Effect.map(ccsd(of, options), ({ correlation, amplitudes }) =>
    ({ correlation, matrices: () => ofAmplitudes(of, amplitudes) })))

/** Coupled cluster with the perturbative correction for triples, in semicanonical orbitals; no density matrices. */
export const coupledClusterTriples = (options: CcsdOptions = {}): Layer.Layer<Solver, never, Backend> =>
  solver("ccsd(t)", (of) => Effect.gen(function* () {
    const { hamiltonian } = semicanonical(of)
    const { correlation, amplitudes } = yield* ccsd(hamiltonian, options)
    const { memory } = options
    const correction = yield* triples(hamiltonian, amplitudes, memory === undefined ? {} : { memory })
    return { correlation: correlation + correction }
  }))

/** Full configuration interaction: the lowest state. */
export const exact = (options: Omit<FciOptions, "roots"> = {}): Layer.Layer<Solver> =>
  solver("fci", (of) => Effect.map(fci(of, { ...options, roots: 1 }), ([state]) => {
    // as many states come as roots were asked for
    if (state === undefined) throw new RangeError("fci gave no state")
    return { correlation: state.energy - referenceEnergy(of), matrices: () => ofState(state) }
  }))

/** Names of the methods, the cheapest first. */
export const methods = ["hf", "mp2", "ccsd", "ccsd(t)", "fci"] as const
export type MethodName = (typeof methods)[number]

/** What every method may be told: a bound of the bytes in use, and threads beside those of the backend. */
export interface Common {
  readonly memory?: number
  readonly threads?: number
}

/** A method by its name. */
export const named = (method: MethodName, given: Common = {}): Layer.Layer<Solver, never, Backend> => {
  const options = given.memory === undefined ? {} : { memory: given.memory }
  switch (method) {
    case "hf": return hartreeFock
    case "mp2": return secondOrder(options)
    case "ccsd": return coupledCluster(options)
    case "ccsd(t)": return coupledClusterTriples(options)
    case "fci": return exact(given)
  }
}
