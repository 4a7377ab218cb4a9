/**
 * Bootstrap embedding (Ye, Tran and Van Voorhis, J. Chem. Theory Comput. 16, 5035 (2020)) from a mean field to an
 * energy: sites, fragments with their baths, each solved, their densities matched, the energies of their centres added.
 * Conserved: the energy of the mean field, and the number of electrons where densities are matched. One fragment that
 * is the whole molecule gives the solver's own answer.
 */
import { Data, Effect } from "effect"
import { tracked } from "../../../core/progress.ts"
import type { RestrictedMeanField } from "../mean-field.ts"
import { multiply, transpose } from "../mean-field/dense.ts"
import type { Configuration } from "./configuration.ts"
import type { Connectivity } from "./connectivity.ts"
import { EmbeddingError } from "./connectivity.ts"
import { motifsOf } from "./fragmentation.ts"
import type { FragmentProblem } from "./fragment-problem.ts"
import type { CentreEnergies, FragmentSolution, SolveError } from "./fragment-solution.ts"
import { meanFieldEnergy, solveFragment } from "./fragment-solution.ts"
import type { Condition } from "./matching.ts"
import { conditions, disagreement, potentialOn } from "./matching.ts"
import { prepare } from "./preparation.ts"
import type { Iterate } from "./quasi-newton.ts"
import { quasiNewton } from "./quasi-newton.ts"
import { jacobian } from "./response.ts"

/** A fragment as it ended; atoms are counted from 0, energies in Ha. */
export interface EmbeddedFragment {
  /** Atoms of all its motifs, and of those that its energy is taken from. */
  readonly atoms: ReadonlyArray<number>
  readonly centres: ReadonlyArray<number>
  /** Sites of its own, and orbitals of its bath. */
  readonly sites: number
  readonly bath: number
  readonly electrons: number
  /** Electrons on the centres. */
  readonly population: number
  /** What the centres have of the correlation energy, and of the mean field's (without nuclei). */
  readonly correlation: number
  readonly meanField: number
  readonly energies: CentreEnergies
}

/** Where the matching stands: it goes on from `unknowns`. */
export interface MatchingState {
  readonly step: number
  /** The root mean square of what is matched, in electrons of one spin. */
  readonly error: number
  readonly unknowns: ReadonlyArray<number>
}

/** The energy of a molecule by its fragments, in Ha. */
export interface Embedding {
  readonly total: number
  readonly correlation: number
  /** The energy of the mean field, and the same by fragments. */
  readonly meanField: number
  readonly meanFieldByFragments: number
  readonly fragments: ReadonlyArray<EmbeddedFragment>
  /** Electrons on all centres, and those that should be there. */
  readonly population: number
  readonly electrons: number
  readonly frozen: number
  /** Every point of the matching; one where there is none. */
  readonly matching: ReadonlyArray<MatchingState>
  /** Spin-summed, over atomic orbitals, without frozen electrons. */
  readonly density: Float64Array
}

/** The densities of fragments did not come to agree; `state` is where they stood, from which it can be gone on. */
export class NotMatched extends Data.TaggedError("NotMatched")<{
  readonly field: string
  readonly state: MatchingState
  readonly message: string
}> {}

/** What is not part of a configuration: where to go on from, and who hears of each step. */
export interface Course<E = never> {
  /** Potentials of a `MatchingState`; zeros by default. */
  readonly start?: ReadonlyArray<number>
  readonly watch?: (state: MatchingState) => Effect.Effect<void, E>
  /** Bytes that the integrals of fragments may take. */
  readonly memory?: number
}

interface Solved {
  readonly residual: Float64Array
  readonly solutions: ReadonlyArray<FragmentSolution>
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

const atomsOf = ({ motifs }: Connectivity, chosen: ReadonlyArray<number>): ReadonlyArray<number> =>
  chosen.flatMap((motif) => {
    const found = motifs[motif]
    return found === undefined ? [] : [found.atom, ...found.hydrogens]
  })

/** gamma over atomic orbitals: the rows of each fragment's centres, made symmetric. */
const wholeDensity = (
  size: number, prepared: ReadonlyArray<FragmentProblem>, solutions: ReadonlyArray<FragmentSolution>
): Float64Array => {
  const density = new Float64Array(size * size)
  for (const [at, { centres, coefficients, orbitals: n }] of prepared.entries()) {
    const rows = solutions[at]!.density.map((value, place) => (centres.includes(Math.floor(place / n)) ? value : 0))
    const turned = multiply(coefficients, multiply(rows, transpose(coefficients, size, n), n, n, size), size, n, size)
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        density[i * size + j] = density[i * size + j]! + (turned[i * size + j]! + turned[j * size + i]!) / 2
  }
  return density
}

/** The unknowns to start from, as many as there are conditions and one more. */
const startOf = (all: ReadonlyArray<Condition>, start: ReadonlyArray<number> | undefined) => {
  if (start === undefined) return Effect.succeed(new Float64Array(all.length + 1))
  return start.length === all.length + 1 && start.every(Number.isFinite)
    ? Effect.succeed(Float64Array.from(start))
    : Effect.fail(EmbeddingError.of(
      "start", `expected ${all.length + 1} finite potentials for these fragments, got ${start.length}`
    ))
}

/** Embeds the molecule of a mean field with the solver of the context. */
export const embed = <E = never>(
  field: RestrictedMeanField, configuration: Configuration = {}, course: Course<E> = {}
) => Effect.gen(function*() {
  const {
    concurrency = 1, energy: form = "cumulant", iterations = 100, matching = "chemical-potential", tolerance = 1e-7
  } = configuration
  const { bonded, found, valence, prepared } = yield* prepare(field, configuration, course.memory)
  const all = matching === "full" ? conditions(prepared) : []
  const start = yield* startOf(all, course.start)
  const solveAll = (unknowns: Float64Array) =>
    tracked({ name: "solve fragments", unit: "fragments", total: prepared.length }, (tracker) =>
      Effect.forEach(prepared, (problem, at) =>
        solveFragment(problem, potentialOn(at, problem, all, unknowns)).pipe(Effect.tap(() => tracker.advance())),
      { concurrency }))
  const evaluate = (unknowns: Float64Array) => Effect.map(solveAll(unknowns), (solutions): Solved => ({
    solutions, residual: disagreement(prepared, all, solutions.map(({ density }) => density), valence.occupied)
  }))
  const path: Array<MatchingState> = []
  const last = yield* tracked({ name: `matching, ${matching}`, unit: "steps" }, (tracker) =>
    quasiNewton<Solved, SolveError | E, SolveContext>({
      start, evaluate, tolerance,
      jacobian: jacobian(prepared, all, start),
      steps: matching === "one-shot" ? 0 : iterations,
      watch: ({ error, step, unknowns }: Iterate<Solved>) => {
        const state = { step, error, unknowns: Array.from(unknowns) }
        path.push(state)
        const told = tracker.advance(step === 0 ? 0 : 1, { figures: { error } })
        return Effect.andThen(told, course.watch?.(state) ?? Effect.void)
      }
    }))
  const state = path.at(-1) ?? { step: 0, error: Infinity, unknowns: [] }
  if (matching !== "one-shot" && !(last.error < tolerance))
    return yield* new NotMatched({
      field: "matching", state,
      message: `matching: the densities of fragments still differ by ${last.error.toExponential(1)} after ${last.step} `
        + `steps, more than ${tolerance}; go on from the potentials of this error`
    })
  const { solutions } = last.value
  const energies = solutions.map((solution) => solution.energies)
  const meanFields = yield* Effect.forEach(prepared, (problem) => meanFieldEnergy(problem, problem.density))
  const meanFieldByFragments = valence.core + sum(meanFields)
  const parts = energies.map(({ oneBody, pairs, potential, whole }, at) =>
    form === "cumulant" ? oneBody + potential + pairs : whole - meanFields[at]!)
  const populations = prepared.map(({ centres, orbitals: n }, at) =>
    sum(centres.map((i) => solutions[at]!.density[i * (n + 1)]!)))
  const embedding: Embedding = {
    total: meanFieldByFragments + sum(parts),
    correlation: sum(parts),
    meanField: field.energy,
    meanFieldByFragments,
    fragments: found.map((fragment, at): EmbeddedFragment => ({
      atoms: atomsOf(bonded, motifsOf(fragment)),
      centres: atomsOf(bonded, fragment.centres),
      sites: prepared[at]!.fragment,
      bath: prepared[at]!.orbitals - prepared[at]!.fragment,
      electrons: prepared[at]!.electrons,
      population: populations[at]!,
      correlation: parts[at]!,
      meanField: meanFields[at]!,
      energies: energies[at]!
    })),
    population: sum(populations),
    electrons: 2 * valence.occupied,
    frozen: valence.frozen,
    matching: path,
    density: wholeDensity(field.integrals.orbitals.count, prepared, solutions)
  }
  return embedding
})

type SolveContext = Effect.Services<ReturnType<typeof solveFragment>>

/** What an embedding can fail with. */
export type EmbeddingFailure = Effect.Error<ReturnType<typeof embed<never>>>
