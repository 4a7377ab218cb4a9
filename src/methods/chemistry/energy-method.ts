/**
 * What gives a molecule its energy, as a service: a mean field, a correlation method on top of it, an embedding, a
 * surrogate. Methods that need energies at many geometries take this and do not ask how they are made.
 * Laws: laws/methods/chemistry/mean-field.law.ts, laws/methods/chemistry/correlation-energy.law.ts.
 */
import { Context, Data, Effect, FileSystem, Layer } from "effect"
import { Backend } from "../../algebra/backend.ts"
import type { MethodName } from "./correlation-energy.ts"
import { correlationEnergy } from "./correlation-energy.ts"
import type { MeanFieldRequest } from "./mean-field.ts"
import { meanField } from "./mean-field.ts"
import type { Window } from "./molecular-hamiltonian.ts"
import type { Molecule } from "./molecule.ts"

/** Energies in Ha. `total` is everything; `correlation` is what is below the mean field. */
export interface Energy {
  readonly total: number
  readonly correlation: number
}

/** No energy could be had; `cause` is the error of the method itself. */
export class EnergyError extends Data.TaggedError("EnergyError")<{
  readonly method: string
  readonly message: string
  readonly cause: unknown
}> {}

export interface Energies {
  readonly name: string
  readonly energy: (molecule: Molecule) => Effect.Effect<Energy, EnergyError>
}

/** A method by name, on the backend in the context; `hf` is the mean field alone. */
const layer = (
  method: MethodName, request: MeanFieldRequest & Window
): Layer.Layer<EnergyMethod, never, Backend | FileSystem.FileSystem> =>
  Layer.effect(EnergyMethod, Effect.gen(function*() {
    const backend = yield* Backend
    const files = yield* FileSystem.FileSystem
    return {
      name: method,
      energy: (molecule) => meanField(molecule, request).pipe(
        Effect.flatMap((field) => correlationEnergy(field, method, request)),
        Effect.mapError((cause) => new EnergyError({ method, message: cause.message, cause })),
        Effect.provideService(Backend, backend),
        Effect.provideService(FileSystem.FileSystem, files)
      )
    }
  }))

export class EnergyMethod extends Context.Service<EnergyMethod, Energies>()("noether/EnergyMethod") {
  static readonly layer = layer
}
