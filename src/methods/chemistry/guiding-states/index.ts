/**
 * Guiding states (2408.01940): states that are cheap to prepare and have enough of the ground state for phase
 * estimation to find it. Natural orbitals are chosen by occupation, the rest is full or empty; the norm is conserved,
 * and the overlap never falls as orbitals are added. Laws: laws/methods/chemistry/guiding-states/.
 */
import { Effect, Layer } from "effect"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { Backend, BackendError } from "../../../algebra/backend.ts"
import type { Method } from "../../../core/method.ts"
import type { Solver, SolverError } from "../correlation/solver.ts"
import type { MemoryEstimate } from "../integrals/integrals.ts"
import { MeanField } from "../mean-field.ts"
import type { MeanFieldError } from "../mean-field/restricted.ts"
import { molecularHamiltonian } from "../molecular-hamiltonian.ts"
import { Configuration } from "./configuration.ts"
import { laws } from "./conservation.ts"
import type { GuideError } from "./guide.ts"
import { guide, GuidingState } from "./guide.ts"

export * as ActiveSpaces from "./active-space.ts"
export * as Bounds from "./bounds.ts"
export { Configuration } from "./configuration.ts"
export * as Conservation from "./conservation.ts"
export { chemicalAccuracy, costOf } from "./cost.ts"
export type { Cost, CostRequest } from "./cost.ts"
export * as Determinants from "./determinants.ts"
export { coreHamiltonian, schmidtCore } from "./embedded-core.ts"
export * as Entropies from "./entropies.ts"
export * as Evolution from "./evolution.ts"
export { FragmentOverlaps, watched } from "./fragments.ts"
export type { Observed } from "./fragments.ts"
export { guide, GuideError, GuidingState, overlapWith } from "./guide.ts"
export type { Guide } from "./guide.ts"
export * as ImpurityModels from "./impurity-model.ts"
export * as JordanWigner from "./jordan-wigner.ts"
export { oneNorm } from "./one-norm.ts"
export { overlaps } from "./overlaps.ts"
export type { Measured, MeasuredSpace, OverlapOptions, Overlaps } from "./overlaps.ts"
export * as Pauli from "./pauli.ts"
export * as PhaseEstimation from "./phase-estimation.ts"
export { piCore } from "./pi-orbitals.ts"
export * as Projection from "./projection-embedding.ts"
export { linesOf, spectralLines } from "./spectral-weights.ts"
export type { RitzLine, SpectralLine } from "./spectral-weights.ts"
export { rotateState } from "./state-rotation.ts"


/** What can go wrong between a mean field and a guiding state. */
export type GuideFailure = GuideError | SolverError | MeanFieldError | MemoryEstimate | BackendError | ShapeError

const layer = (
  configuration: Configuration = {}
): Layer.Layer<GuidingState, GuideFailure, MeanField | Solver | Backend> =>
  Layer.effect(GuidingState, Effect.gen(function*() {
    const field = yield* MeanField
    return yield* guide(yield* molecularHamiltonian(field), configuration)
  }))

/** Guiding states as a method of the library: from a `MeanField` and a `Solver` to a `GuidingState`. */
export const GuidingStates: Method<Configuration, GuidingState, GuideFailure, MeanField | Solver | Backend> & {
  readonly layer: typeof layer
} = {
  name: "Guiding states",
  paper: {
    title: "High ground state overlap via quantum embedding methods",
    authors: "Erakovic, Witteveen, Harley, Günther, Bensberg, Meitei, Cho, Van Voorhis, Reiher, Christandl",
    arxiv: "2408.01940"
  },
  configuration: Configuration,
  laws,
  layer
}
