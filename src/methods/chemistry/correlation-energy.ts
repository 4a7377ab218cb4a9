/**
 * Methods by name, from the mean field to the exact energy in a basis set: each takes the Hamiltonian over the orbitals
 * of a mean field and says how far the energy is below it. Laws: laws/methods/chemistry/correlation-energy.law.ts.
 */
import { Data, Effect } from "effect"
import { ccsd } from "./correlation/ccsd.ts"
import { fci } from "./correlation/fci.ts"
import { referenceEnergy } from "./correlation/hamiltonian.ts"
import { mp2 } from "./correlation/mp2.ts"
import { triples } from "./correlation/triples.ts"
import type { Energy } from "./energy-method.ts"
import type { RestrictedMeanField } from "./mean-field.ts"
import type { Window } from "./molecular-hamiltonian.ts"
import { molecularHamiltonian } from "./molecular-hamiltonian.ts"

/** Names of the methods, the cheapest first. */
export const methods = ["hf", "mp2", "ccsd", "ccsd(t)", "fci"] as const
export type MethodName = (typeof methods)[number]

/** The method found no state. */
export class NoState extends Data.TaggedError("NoState")<{ readonly method: string; readonly message: string }> {}

/** The energy of a method on top of a mean field. */
export const correlationEnergy = (field: RestrictedMeanField, method: MethodName, window: Window = {}) =>
  Effect.gen(function*() {
    const from = (correlation: number): Energy => ({ total: field.energy + correlation, correlation })
    if (method === "hf") return from(0)
    const hamiltonian = yield* molecularHamiltonian(field, window)
    switch (method) {
      case "mp2": return from(yield* mp2(hamiltonian))
      case "ccsd": return from((yield* ccsd(hamiltonian)).correlation)
      case "ccsd(t)": {
        const { correlation, amplitudes } = yield* ccsd(hamiltonian)
        return from(correlation + (yield* triples(hamiltonian, amplitudes)))
      }
      case "fci": {
        const [ground] = yield* fci(hamiltonian)
        return ground === undefined
          ? yield* new NoState({ method, message: "fci: no state was found" })
          : from(ground.energy - referenceEnergy(hamiltonian))
      }
    }
  })
