/**
 * Restricted Hartree-Fock: the closed-shell determinant of lowest energy, by Roothaan's equations with DIIS. Starts
 * from atomic densities or from a density that is given; an optional level shift holds the virtual orbitals off.
 * Conserved: the number of electrons, tr D S. Laws: laws/methods/chemistry/mean-field/.
 */
import { Data, Effect } from "effect"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { BackendError } from "../../../algebra/backend.ts"
import { Backend, building } from "../../../algebra/backend.ts"
import { tracked } from "../../../core/progress.ts"
import type { Integrals } from "../integrals/integrals.ts"
import { fockMatrix } from "./coulomb-exchange.ts"
import { orthogonalise, trace } from "./dense.ts"
import type { Trial } from "./diis.ts"
import { extrapolate } from "./diis.ts"
import * as Programs from "./programs.ts"

/** A mean field as far as it has come. Matrices are row-major over atomic orbitals; energies in Ha. */
export interface MeanFieldState {
  /** Total energy, with the repulsion of the nuclei. */
  readonly energy: number
  readonly nuclearRepulsion: number
  /** Doubly occupied orbitals. */
  readonly occupied: number
  /** Spin-summed. */
  readonly density: Float64Array
  readonly fock: Float64Array
  readonly orbitalEnergies: Float64Array
  /** Atomic orbitals x orbitals: column p is orbital p. */
  readonly orbitalCoefficients: Float64Array
  /** Functions left out because they depended linearly on the others. */
  readonly dropped: number
  readonly iterations: number
  /** The change of energy in the last iteration, and the largest element of the commutator. */
  readonly change: number
  readonly commutator: number
}

/** The mean field did not converge; `state` is where it stood, from which it can be resumed. */
export class NotConverged extends Data.TaggedError("NotConverged")<{
  readonly field: string
  readonly state: MeanFieldState
  readonly message: string
}> {}

/** A molecule or setting that restricted Hartree-Fock cannot treat; `field` says which. */
export class MeanFieldError extends Data.TaggedError("MeanFieldError")<{
  readonly field: string
  readonly message: string
}> {
  static readonly of = (field: string, reason: string): MeanFieldError =>
    new MeanFieldError({ field, message: `${field}: ${reason}` })
}

export interface MeanFieldOptions {
  /** Converged where the energy changes by less, in Ha; 1e-10 by default. */
  readonly energyTolerance?: number
  /** ... and no element of the commutator in an orthonormal basis is larger; 1e-8 by default. */
  readonly commutatorTolerance?: number
  readonly maximumIterations?: number
  /** How far virtual orbitals are raised, in Ha; 0 by default. */
  readonly levelShift?: number
  /** How many Fock matrices DIIS combines; 8 by default, as Pulay found enough. */
  readonly subspace?: number
  /** Functions whose overlap eigenvalue is below this part of the largest are left out; 1e-8 by default. */
  readonly dependence?: number
}

/** Solves the mean field of `occupied` electron pairs from a starting density. */
export const restrictedHartreeFock = (
  integrals: Integrals, occupied: number, start: Float64Array, options: MeanFieldOptions = {}
): Effect.Effect<MeanFieldState, MeanFieldError | NotConverged | BackendError | ShapeError, Backend> => {
  const {
    energyTolerance = 1e-10, commutatorTolerance = 1e-8, maximumIterations = 100, levelShift = 0, subspace = 8,
    dependence = 1e-8
  } = options
  const { overlap, coreHamiltonian, repulsion, nuclearRepulsion, orbitals: { count: size } } = integrals
  return tracked({ name: "mean field", unit: "iterations" }, (tracker) => Effect.scoped(Effect.gen(function*() {
    const orthogonal = orthogonalise(overlap, size, dependence)
    const { kept } = orthogonal
    if (start.length !== size * size)
      return yield* MeanFieldError.of("density", `expected ${size} x ${size} values, got ${start.length}`)
    if (occupied > kept)
      return yield* MeanFieldError.of("basis", `${kept} independent functions do not hold ${2 * occupied} electrons`)
    const backend = yield* Backend
    const sizes = { size, kept, occupied }
    const solve = yield* building(() => Programs.roothaan(sizes))
    const measure = yield* building(() => Programs.commutator(sizes))
    const raise = yield* building(() => Programs.shifted(sizes, levelShift))
    const solver = yield* backend.compile(solve.inputs, solve.outputs)
    const measurer = yield* backend.compile(measure.inputs, measure.outputs)
    const raiser = yield* backend.compile(raise.inputs, raise.outputs)
    const put = (matrix: Float64Array) => backend.put("f64", { row: size, column: size }, matrix)
    const overlapBuffer = yield* put(overlap)
    const orthogonalBuffer = yield* backend.put("f64", { row: size, function: kept }, orthogonal.basis)

    const raised = (fock: Float64Array, density: Float64Array) => Effect.gen(function*() {
      if (levelShift === 0) return yield* put(fock)
      const given = { fock: yield* put(fock), density: yield* put(density), overlap: overlapBuffer }
      return (yield* raiser.run(given)).fock
    })
    const orbitalsOf = (fock: Float64Array, density: Float64Array) => Effect.scoped(Effect.gen(function*() {
      const found = yield* solver.run({ fock: yield* raised(fock, density), orthogonal: orthogonalBuffer })
      return {
        energies: (yield* backend.read(found.energies)).data,
        coefficients: (yield* backend.read(found.orbitals)).data,
        density: (yield* backend.read(found.density)).data
      }
    }))
    const errorOf = (fock: Float64Array, density: Float64Array) => Effect.scoped(Effect.gen(function*() {
      const { error } = yield* measurer.run({
        fock: yield* put(fock), density: yield* put(density), overlap: overlapBuffer, orthogonal: orthogonalBuffer
      })
      return (yield* backend.read(error)).data
    }))

    let density = start
    let energy = Infinity
    const trials: Array<Trial> = []
    for (let iteration = 1; ; iteration++) {
      const fock = fockMatrix(coreHamiltonian, repulsion, density)
      const before = energy
      energy = 0.5 * (trace(density, coreHamiltonian) + trace(density, fock)) + nuclearRepulsion
      const error = yield* errorOf(fock, density)
      const commutator = error.reduce((worst, value) => Math.max(worst, Math.abs(value)), 0)
      const change = Math.abs(energy - before)
      yield* tracker.advance(1, { figures: { energy, commutator } })
      yield* Effect.yieldNow
      // the density that starts is not of one determinant, so its own energy and commutator decide nothing
      const converged = iteration > 1 && change < energyTolerance && commutator < commutatorTolerance
      if (converged || iteration >= maximumIterations || !Number.isFinite(energy)) {
        const { energies, coefficients } = yield* Effect.scoped(Effect.gen(function*() {
          const found = yield* solver.run({ fock: yield* put(fock), orthogonal: orthogonalBuffer })
          return {
            energies: (yield* backend.read(found.energies)).data,
            coefficients: (yield* backend.read(found.orbitals)).data
          }
        }))
        const state: MeanFieldState = {
          energy, nuclearRepulsion, occupied, density, fock, orbitalEnergies: energies,
          orbitalCoefficients: coefficients, dropped: size - kept, iterations: iteration, change, commutator
        }
        return converged ? state : yield* new NotConverged({
          field: "mean field", state,
          message: `mean field: not converged after ${iteration} iterations: the energy still changes by `
            + `${change.toExponential(1)} Ha and the commutator is ${commutator.toExponential(1)}; `
            + "resume from its density, or raise the level shift"
        })
      }
      trials.push({ vector: fock, error })
      if (trials.length > subspace) trials.shift()
      density = (yield* orbitalsOf(extrapolate(trials), density)).density
    }
  })))
}
