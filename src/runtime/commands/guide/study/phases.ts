/** Phase estimation on a state vector: hydrogen near and far, and the chain of four. */
import { Effect } from "effect"
import { tracked } from "../../../../core/progress.ts"
import { oneNorm } from "../../../../methods/chemistry/guiding-states/index.ts"
import { Conservation } from "../../../../methods/chemistry/guiding-states/index.ts"
import { molecularHamiltonian } from "../../../../methods/chemistry/molecular-hamiltonian.ts"
import { figure } from "../../request.ts"
import { phasePlot, phasesOf, successes } from "../phases.ts"
import { chance } from "../shown.ts"
import type { Part, Seen } from "./part.ts"
import { measured } from "./part.ts"
import { chain, fieldOf } from "./systems.ts"

const systems = [
  ["H2, 0.74 Å", chain(2, 0.74)], ["H2, 2 Å", chain(2, 2)], ["H4, 1 Å", chain(4, 1)], ["H4, 1.8 Å", chain(4, 1.8)]
] as const

export const phaseEstimation = (seed: number) =>
  tracked({ name: "phase estimation", total: systems.length }, (tracker) => Effect.gen(function*() {
    const seen: Array<Seen> = []
    const rows: Array<ReadonlyArray<string>> = []
    const plots: Array<ReturnType<typeof phasePlot>> = []
    const figures: Array<ReturnType<typeof figure>> = []
    for (const [name, made] of systems) {
      const of = yield* molecularHamiltonian(yield* fieldOf(made))
      const { found, seen: laws } = yield* measured(of)
      const phases = yield* phasesOf(of, found, { bits: 6, trotter: 8, runs: 10_000, seed })
      seen.push(...laws,
        ...Conservation.measurePhases(phases.lines, phases.window, phases.bits, phases.exact, phases.simulated))
      const at = (values: Float64Array | undefined) => chance(values?.[phases.outcome] ?? NaN)
      rows.push([name, String(2 * of.orbitals), String(phases.words ?? ""), oneNorm(of).toFixed(4),
        chance(found.meanField.overlap), at(phases.exact), at(phases.simulated), at(phases.trotter),
        chance(successes(phases))])
      plots.push(phasePlot(phases, name))
      figures.push(
        figure(`overlap of the mean field, ${name}`, found.meanField.overlap),
        figure(`runs of 10,000 that found the ground state, ${name}`, successes(phases))
      )
      yield* tracker.advance()
    }
    return {
      seen, figures, plots,
      tables: [{
        title: "Phase estimation with 6 bits from the mean field: how likely the ground state is found",
        heading: ["system", "qubits", "Pauli words", "one-norm (Ha)", "overlap", "exact", "circuit",
          "circuit, product formula of 8 steps", "of 10,000 runs drawn"],
        rows
      }]
    } satisfies Part
  }))
