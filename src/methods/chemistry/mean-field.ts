/**
 * The mean field of a molecule as a service: restricted Hartree-Fock orbitals with the integrals that they came from,
 * which is where every correlation and embedding method starts. A Layer makes it from the molecule in the context.
 * Laws: laws/methods/chemistry/mean-field.law.ts.
 */
import type { FileSystem } from "effect"
import { Context, Effect, Layer } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { ShapeError } from "../../algebra/axis.ts"
import type { Backend, BackendError } from "../../algebra/backend.ts"
import type { CodecError } from "../../core/codec.ts"
import type { BasisError, BasisSet } from "./basis.ts"
import { basisNamed } from "./basis.ts"
import type { FittingError } from "./integrals/fitting.ts"
import type { IntegralOptions, Integrals, MemoryEstimate } from "./integrals/integrals.ts"
import { integralsOf } from "./integrals/integrals.ts"
import { atomicDensities } from "./mean-field/atomic-density.ts"
import { trace } from "./mean-field/dense.ts"
import type { MeanFieldOptions, MeanFieldState, NotConverged } from "./mean-field/restricted.ts"
import { MeanFieldError, restrictedHartreeFock } from "./mean-field/restricted.ts"
import type { Molecule } from "./molecule.ts"
import { electrons, TheMolecule } from "./molecule.ts"

/** A converged mean field, its molecule and its integrals. */
export interface RestrictedMeanField extends MeanFieldState {
  readonly molecule: Molecule
  readonly basis: BasisSet
  readonly integrals: Integrals
}

/** What a mean field is made with. */
export interface MeanFieldRequest extends Omit<IntegralOptions, "fitting">, MeanFieldOptions {
  /** A basis set, the name of a packaged one, or a file in the JSON format of the Basis Set Exchange. */
  readonly basis: BasisSet | string
  /** A basis set that densities are fitted in, or its name: less memory, at the price of its error. */
  readonly fitting?: BasisSet | string
  /** A spin-summed density to start from, as a state that did not converge carries it; atomic densities by default. */
  readonly density?: Float64Array
}

export type MeanFieldFailure =
  | BasisError | FittingError | CodecError | PlatformError | MemoryEstimate | MeanFieldError | NotConverged
  | BackendError | ShapeError

/** The restricted Hartree-Fock state of a molecule, which must be a closed shell. */
export const meanField = (
  molecule: Molecule, { basis: given, fitting, density, ...options }: MeanFieldRequest
): Effect.Effect<RestrictedMeanField, MeanFieldFailure, Backend | FileSystem.FileSystem> => Effect.gen(function*() {
  const count = electrons(molecule)
  if (count % 2 === 1)
    return yield* MeanFieldError.of(
      "electrons", `restricted Hartree-Fock pairs electrons: expected an even number, got ${count} `
        + `(charge ${molecule.charge})`
    )
  if (molecule.multiplicity !== 1)
    return yield* MeanFieldError.of(
      "multiplicity", `restricted Hartree-Fock is for closed shells: expected 1, got ${molecule.multiplicity}`
    )
  const basis = typeof given === "string" ? yield* basisNamed(given) : given
  const auxiliary = typeof fitting === "string" ? yield* basisNamed(fitting) : fitting
  const integrals = yield* integralsOf(
    molecule, basis, auxiliary === undefined ? options : { ...options, fitting: auxiliary }
  )
  const start = density ?? atomicDensities(molecule, basis, integrals.orbitals)
  const state = yield* restrictedHartreeFock(integrals, count / 2, start, options)
  return { ...state, molecule, basis, integrals }
})

/** The dipole moment in atomic units (e bohr), from the origin. */
export const dipoleMoment = (
  { molecule: { atomicNumbers, positions }, density, integrals }: RestrictedMeanField
): readonly [number, number, number] => {
  const along = (axis: 0 | 1 | 2): number =>
    atomicNumbers.reduce((sum, number, atom) => sum + number * positions[3 * atom + axis]!, 0)
      - trace(density, integrals.dipole[axis])
  return [along(0), along(1), along(2)]
}

const layer = (request: MeanFieldRequest) =>
  Layer.effect(MeanField, Effect.flatMap(TheMolecule, (molecule) => meanField(molecule, request)))

export class MeanField extends Context.Service<MeanField, RestrictedMeanField>()("noether/MeanField") {
  /** From the molecule in the context to its mean field. */
  static readonly layer = layer
}
