/**
 * A guiding state: the ground state of a few natural orbitals, the rest full or empty. The one-particle density of a
 * solver gives the orbitals and says, before the state is known, how much of it the active space holds at least. The
 * norm is conserved, and the overlap never falls as orbitals are added.
 */
import { Context, Data, Effect } from "effect"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { referenceEnergy, rotate } from "../correlation/hamiltonian.ts"
import type { Natural } from "../correlation/density-matrices.ts"
import { natural } from "../correlation/density-matrices.ts"
import type { State } from "../correlation/fci.ts"
import { fci } from "../correlation/fci.ts"
import { dot } from "../correlation/davidson.ts"
import { Solver } from "../correlation/solver.ts"
import { strings } from "../correlation/strings.ts"
import type { ActiveSpace } from "./active-space.ts"
import { degeneracy, embed, nested, restrictTo } from "./active-space.ts"
import { spaceBound } from "./bounds.ts"
import type { Configuration } from "./configuration.ts"
import { rotateState } from "./state-rotation.ts"

/** A setting or a solver that no guiding state can be made with; names the field. */
export class GuideError extends Data.TaggedError("GuideError")<{ readonly field: string; readonly message: string }> {
  static readonly of = (field: string, reason: string): GuideError =>
    new GuideError({ field, message: `guiding state: ${field}: ${reason}` })
}

export interface Guide {
  /** Over natural orbitals, fullest first. */
  readonly hamiltonian: Hamiltonian
  readonly natural: Natural
  readonly space: ActiveSpace
  /** The weight of the solver's state within the active space is at least this (T2); exactly so for an exact solver. */
  readonly promised: number
  /** The Hamiltonian of the active electrons. */
  readonly active: Hamiltonian
  /** C(alpha, beta) over all natural orbitals, of length one. */
  readonly vector: Float64Array
  /** The energy of the guiding state, in Ha. */
  readonly energy: number
}

/** The ground state of an active space of orbitals, and its energy: a determinant where nothing can move. */
export const groundOf = (of: Hamiltonian, space: ActiveSpace, over: State["strings"]) => Effect.gen(function*() {
  const active = restrictTo(of, space)
  if (active.electrons === 0 || active.electrons === 2 * active.orbitals) {
    const vector = new Float64Array(over.masks.length ** 2)
    vector[0] = 1
    return { active, vector, energy: active.electrons === 0 ? active.core : referenceEnergy(active) }
  }
  const [ground] = yield* fci(active, { iterations: 1000 })
  if (ground === undefined) return yield* GuideError.of("active space", "no state was found")
  return { active, vector: embed(ground.vector, ground.strings, over, space), energy: ground.energy }
})

/** The smallest of nested spaces that occupations promise enough of, within so many orbitals. */
export const choose = (
  occupations: ArrayLike<number>, electrons: number, { weight = 0.99, orbitals, degeneracy: apart }: Configuration = {}
): Effect.Effect<ActiveSpace, GuideError> => Effect.suspend(() => {
  const most = orbitals ?? occupations.length
  if (!(weight >= 0 && weight <= 1))
    return Effect.fail(GuideError.of("weight", `expected a number from 0 to 1, got ${weight}`))
  if (!Number.isInteger(most) || most < 0)
    return Effect.fail(GuideError.of("orbitals", `expected a whole number from 0, got ${most}`))
  const spaces = nested(occupations, electrons, apart ?? degeneracy).filter(({ active }) => active <= most)
  const chosen = spaces.find((space) => spaceBound(occupations, space).value >= weight) ?? spaces.at(-1)
  return chosen === undefined
    ? Effect.fail(GuideError.of("orbitals", `no space of at most ${most} orbitals is cut at a gap of the occupations`))
    : Effect.succeed(chosen)
})

/** The guiding state of a Hamiltonian, of a molecule, a core or a model, by the solver in the context. */
export const guide = (given: Hamiltonian, configuration: Configuration = {}) => Effect.gen(function*() {
  const solver = yield* Solver
  const { densityMatrices } = yield* solver.solve(given)
  if (densityMatrices === undefined)
    return yield* GuideError.of("solver", `${solver.name} gives no density matrix: take ccsd or fci`)
  const orbitals = natural(densityMatrices.one, given.orbitals)
  const space = yield* choose(orbitals.occupations, given.electrons, configuration)
  const hamiltonian = rotate(given, orbitals.orbitals)
  const found = yield* groundOf(hamiltonian, space, strings(given.orbitals, given.electrons / 2))
  return {
    hamiltonian, natural: orbitals, space, promised: spaceBound(orbitals.occupations, space).value, ...found
  } satisfies Guide
})

/** |<Phi|Psi>|^2 of a guiding state with a state over the orbitals that the guide was made from. */
export const overlapWith = ({ natural: { orbitals }, vector }: Guide, state: State): number =>
  dot(vector, rotateState(state.vector, state.strings, orbitals)) ** 2

/** The guiding state of the molecule, core or model in the context. */
export class GuidingState extends Context.Service<GuidingState, Guide>()("noether/GuidingState") {}
