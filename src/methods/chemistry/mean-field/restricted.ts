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
import { diis } from "../diis.ts"
import type { Repulsion } from "../integrals/packed.ts"
import { fockMatrix } from "./coulomb-exchange.ts"
import { orthogonalise, trace } from "./dense.ts"
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
  /** Energy and commutator of each iteration. */
  readonly history: ReadonlyArray<{ readonly energy: number, readonly commutator: number }>
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
  /** What is done about such functions: they are left out (the default), or the basis set is refused. */
  readonly dependent?: "leave out" | "refuse"
}

/** What a mean field is solved over: matrices row-major over any functions, in Ha. Integrals of a molecule are one. */
export interface Problem {
  readonly overlap: Float64Array
  readonly coreHamiltonian: Float64Array
  readonly repulsion: Repulsion
  /** The constant part of the energy. */
  readonly nuclearRepulsion: number
}

/** Solves the mean field of `occupied` electron pairs from a starting density. */
export const restrictedHartreeFock = (
  { overlap, coreHamiltonian, repulsion, nuclearRepulsion }: Problem, occupied: number, start: Float64Array,
  options: MeanFieldOptions = {}
): Effect.Effect<MeanFieldState, MeanFieldError | NotConverged | BackendError | ShapeError, Backend> => {
  const {
    energyTolerance = 1e-10, commutatorTolerance = 1e-8, maximumIterations = 100, levelShift = 0, subspace = 8,
    dependence = 1e-8, dependent = "leave out"
  } = options
  const { size } = repulsion
  return tracked({ name: "mean field", unit: "iterations" }, (tracker) => Effect.scoped(Effect.gen(function*() {
    const orthogonal = orthogonalise(overlap, size, dependence)
    const { kept } = orthogonal
    if (dependent === "refuse" && kept < size)
      return yield* MeanFieldError.of(
        "basis", `${size - kept} of ${size} functions depend linearly on the others: an eigenvalue of the overlap is `
          + `${orthogonal.condition.toExponential(1)} of the largest, less than ${dependence}`
      )
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
    const history: Array<MeanFieldState["history"][number]> = []
    const accelerate = diis(subspace)
    for (let iteration = 1; ; iteration++) {
      const fock = yield* fockMatrix(coreHamiltonian, repulsion, density)
      const before = energy
      energy = 0.5 * (trace(density, coreHamiltonian) + trace(density, fock)) + nuclearRepulsion
      const error = yield* errorOf(fock, density)
      const commutator = error.reduce((worst, value) => Math.max(worst, Math.abs(value)), 0)
      const change = Math.abs(energy - before)
      history.push({ energy, commutator })
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
          orbitalCoefficients: coefficients, dropped: size - kept, iterations: iteration, change, commutator,
          history
        }
        return converged ? state : yield* new NotConverged({
          field: "mean field", state,
          message: `mean field: not converged after ${iteration} iterations: the energy still changes by `
            + `${change.toExponential(1)} Ha and the commutator is ${commutator.toExponential(1)}; `
            + "go on from its state (which --restart FILE keeps), or raise the level shift"
        })
      }
      density = (yield* orbitalsOf(accelerate.next(fock, error), density)).density
    }
  })))
}
