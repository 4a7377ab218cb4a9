/**
 * Methods by name, from the mean field to the exact energy in a basis set: each solves the Hamiltonian over the
 * orbitals of a mean field, as its Layer of `Solver` does, and says how far the energy is below it.
 * Laws: laws/methods/chemistry/correlation-energy.law.ts.
 */
import { Effect } from "effect"
import type { MethodName, Solution } from "./correlation/solver.ts"
import { named, Solver } from "./correlation/solver.ts"
import type { Energy } from "./energy-method.ts"
import type { RestrictedMeanField } from "./mean-field.ts"
import type { Window } from "./molecular-hamiltonian.ts"
import { molecularHamiltonian } from "./molecular-hamiltonian.ts"

export type { MethodName } from "./correlation/solver.ts"
export { methods } from "./correlation/solver.ts"

/** What the `Solver` in the context finds of the orbitals of a mean field, all or a window of them. */
export const solved = (field: RestrictedMeanField, window: Window = {}) =>
  Effect.flatMap(molecularHamiltonian(field, window), (of) => Effect.flatMap(Solver, ({ solve }) => solve(of)))

/** The energy of a method on top of a mean field, which is itself the energy of `hf`. */
export const correlationEnergy = (field: RestrictedMeanField, method: MethodName, window: Window = {}) => {
  const from = ({ correlation }: Pick<Solution, "correlation">): Energy =>
    ({ total: field.energy + correlation, correlation })
  return method === "hf" ? Effect.succeed(from({ correlation: 0 })) : Effect.map(solved(field, window), from).pipe(
    Effect.provide(named(method, window.memory === undefined ? {} : { memory: window.memory }))
  )
}
