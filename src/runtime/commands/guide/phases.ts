/**
 * Phase estimation of a Hamiltonian from its mean field's determinant: the exact outcomes, the circuit's where it is
 * small enough to run, and some runs drawn from them.
 */
import { Effect } from "effect"
import * as Key from "../../../core/key.ts"
import type { Verdict } from "../../../core/law.ts"
import { judge } from "../../../core/law.ts"
import { tracked } from "../../../core/progress.ts"
import type { Hamiltonian } from "../../../methods/chemistry/correlation/hamiltonian.ts"
import type { SpectralLine } from "../../../methods/chemistry/guiding-states/index.ts"
import {
  Conservation, JordanWigner, type Overlaps, Pauli, PhaseEstimation
} from "../../../methods/chemistry/guiding-states/index.ts"
import type { Plot, Table } from "../../report/content.ts"

/** What is asked of phase estimation. */
export interface PhaseRequest {
  readonly bits: number
  readonly trotter: number | undefined
  readonly runs: number
  readonly seed: number
}

export interface Phases {
  readonly lines: ReadonlyArray<SpectralLine>
  readonly window: PhaseEstimation.EnergyWindow
  readonly bits: number
  readonly exact: Float64Array
  readonly simulated: Float64Array | undefined
  readonly trotter: Float64Array | undefined
  /** Which outcomes the drawn runs had. */
  readonly drawn: Uint32Array
  /** The outcome of the ground state. */
  readonly outcome: number
  /** Pauli words of the Hamiltonian, where it was transformed. */
  readonly words: number | undefined
  readonly laws: ReadonlyArray<Verdict>
}

/** Eigenstates with less than this of the determinant are rounding. */
const traces = 1e-12

/** Amplitudes, over all branches, up to which the circuit is run, and those of its whole register. */
const most = { reached: 2 ** 17, register: 2 ** 25, trotter: 2 ** 16 }

/** Runs phase estimation as far as the system's size allows. */
export const phasesOf = (of: Hamiltonian, { state, lines: all }: Overlaps, request: PhaseRequest) =>
  tracked({ name: "phase estimation" }, () => Effect.gen(function*() {
    const { bits, trotter: steps, runs, seed } = request
    const lines = all.filter(({ weight }) => weight > traces)
    const window = PhaseEstimation.windowOf(lines, bits)
    const exact = PhaseEstimation.distribution(lines, window, bits)
    const branches = 2 ** bits
    const register = branches * 2 ** (2 * of.orbitals)
    const fits = branches * state.vector.length <= most.reached && register <= most.register
    const guide = new Float64Array(state.vector.length)
    guide[0] = 1
    const qubits = fits ? yield* JordanWigner.jordanWigner(of) : undefined
    const start = fits ? JordanWigner.register({ vector: guide, strings: state.strings }) : new Float64Array()
    const simulated = qubits === undefined ? undefined : PhaseEstimation.simulate(qubits, start, window, bits)
    const trotter = qubits === undefined || steps === undefined || register > most.trotter
      ? undefined
      : PhaseEstimation.simulate(qubits, start, window, bits, { steps })
    return {
      lines, window, bits, exact, simulated, trotter,
      drawn: PhaseEstimation.sample(simulated ?? exact, Key.make(seed), runs),
      outcome: PhaseEstimation.outcomeOf(lines[0]?.energy ?? NaN, window, bits),
      words: qubits === undefined ? undefined : Pauli.count(qubits),
      laws: Conservation.measurePhases(lines, window, bits, exact, simulated).map(([law, seen]) => judge(law, seen))
    } satisfies Phases
  }))

/** How many of the drawn runs found the ground state, of all. */
export const successes = ({ drawn, outcome }: Phases): number =>
  drawn.filter((each) => each === outcome).length / drawn.length

/** The outcomes that are likely enough to be seen, most likely first. */
export const phaseTable = (phases: Phases, name = "phase estimation"): Table => {
  const { exact, simulated, trotter, drawn, window, bits } = phases
  const likely = [...exact.keys()].filter((m) => (exact[m] ?? 0) > 0.002)
    .sort((left, right) => (exact[right] ?? 0) - (exact[left] ?? 0)).slice(0, 12)
  return {
    title: `Outcomes of ${name} with ${bits} bits`,
    heading: ["outcome", "energy (Ha)", "probability", "circuit", "product formula", "drawn"],
    rows: likely.map((m) => [
      String(m), PhaseEstimation.energyOf(m, window, bits).toFixed(6), (exact[m] ?? NaN).toFixed(6),
      simulated === undefined ? "not run" : (simulated[m] ?? NaN).toFixed(6),
      trotter === undefined ? "not run" : (trotter[m] ?? NaN).toFixed(6),
      String(drawn.filter((each) => each === m).length)
    ])
  }
}

/** Probabilities over energies. */
export const phasePlot = (phases: Phases, name = "Phase estimation"): Plot => {
  const { exact, simulated, trotter, drawn, window, bits } = phases
  const points = (values: ArrayLike<number>) => Array.from(values, (value, m) =>
    [PhaseEstimation.energyOf(m, window, bits), value] as const)
  const counts = exact.map((_, m) => drawn.filter((each) => each === m).length / drawn.length)
  return {
    title: `${name}: outcomes of ${bits} bits from the mean field's determinant`, x: "energy (Ha)", y: "probability",
    series: [
      { name: "exact", points: points(exact) },
      ...(simulated === undefined ? [] : [{ name: "circuit on a state vector", points: points(simulated) }]),
      ...(trotter === undefined ? [] : [{ name: "circuit by the product formula", points: points(trotter) }]),
      { name: `${drawn.length} runs drawn`, points: points(counts) }
    ]
  }
}
