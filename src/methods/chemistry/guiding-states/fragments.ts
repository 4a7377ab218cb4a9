/**
 * Watches a solver: for every Hamiltonian that it is asked to solve, the overlap of its mean field's determinant with
 * its exact ground state is written down. An embedding that takes a `Solver` for its fragments is so observed without
 * knowing. What the solver answers is conserved.
 */
import { Context, Effect, Layer, Ref } from "effect"
import { natural, oneOfState } from "../correlation/density-matrices.ts"
import type { State } from "../correlation/fci.ts"
import { fci } from "../correlation/fci.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { Solver } from "../correlation/solver.ts"
import { holes } from "./bounds.ts"

/** A Hamiltonian that was solved, its size, and the overlap of its first determinant. */
export interface Observed {
  readonly orbitals: number
  readonly electrons: number
  /** Undefined where its exact ground state was not found: it was too large, or did not converge. */
  readonly overlap: number | undefined
  /** 1 - delta, what natural occupations promise of the determinant of natural orbitals. */
  readonly promised: number | undefined
}

/** What has been seen so far, in the order in which it was solved. */
export class FragmentOverlaps extends Context.Service<FragmentOverlaps, {
  readonly seen: Effect.Effect<ReadonlyArray<Observed>>
}>()("noether/FragmentOverlaps") {}

const observed = ({ orbitals, electrons }: Hamiltonian, state: State | undefined): Observed => ({
  orbitals, electrons,
  overlap: state === undefined ? undefined : state.vector[0]! ** 2,
  promised: state === undefined
    ? undefined
    : 1 - holes(natural(oneOfState(state), orbitals).occupations, electrons / 2)
})

/** The solver in the context, watched. Each Hamiltonian is solved exactly a second time for its state. */
export const watched: Layer.Layer<Solver | FragmentOverlaps, never, Solver> =
  Layer.effectContext(Effect.gen(function*() {
    const solver = yield* Solver
    const journal = yield* Ref.make<ReadonlyArray<Observed>>([])
    return Context.make(Solver, {
      name: solver.name,
      solve: (of) => Effect.gen(function*() {
        const solution = yield* solver.solve(of)
        const [state] = yield* fci(of, { iterations: 1000 }).pipe(Effect.orElseSucceed((): ReadonlyArray<State> => []))
        yield* Ref.update(journal, (before) => [...before, observed(of, state)])
        return solution
      })
    }).pipe(Context.add(FragmentOverlaps, { seen: Ref.get(journal) }))
  }))
