/**
 * What guiding states conserve, measured on one molecule, core or model: the norm under the rotation to natural
 * orbitals, the order of overlaps of nested spaces, every bound, and the energy that the weights of eigenstates give.
 */
import type { Law, Measurement } from "../../../core/law.ts"
import { compare, measurements, observe } from "../../../core/law.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { referenceEnergy } from "../correlation/hamiltonian.ts"
import type { Bound } from "./bounds.ts"
import type { Overlaps } from "./overlaps.ts"
import type { EnergyWindow } from "./phase-estimation.ts"
import { leakage, outcomeOf } from "./phase-estimation.ts"
import type { SpectralLine } from "./spectral-weights.ts"

export const normKept: Law = {
  name: "the norm is kept",
  statement: "|Psi| is one over natural orbitals too: rotating orbitals is unitary",
  tolerance: 1e-10
}

export const neverFalls: Law = {
  name: "the overlap never falls as orbitals are added",
  statement: "w(k) <= w(k + 1) for nested active spaces, and w is one at last (T2)",
  tolerance: 1e-10
}

export const groundBelowWeight: Law = {
  name: "no state of an active space has more overlap than its weight",
  statement: "|<CAS|Psi>|^2 <= <Psi|Pi|Psi>",
  tolerance: 1e-10
}

export const boundsHold: Law = {
  name: "every bound holds",
  statement: "lower bounds <= overlap <= upper bounds (T1, T2, T4, Eckart)",
  tolerance: 1e-6
}

export const weightsGiveEnergy: Law = {
  name: "weights of eigenstates add up to one and give the mean field's energy",
  statement: "sum w_k = 1, sum w_k E_k = <Phi|H|Phi> = E_HF",
  tolerance: 1e-8
}

export const probabilitiesAddUp: Law = {
  name: "outcomes of phase estimation add up to one",
  statement: "sum P(m) = 1",
  tolerance: 1e-8
}

export const foundWithOverlap: Law = {
  name: "phase estimation finds the ground state with its overlap",
  statement: "w_0 <= P(m_0) <= w_0 + what leaks from other eigenstates, E_0 being on outcome m_0",
  tolerance: 1e-8
}

export const circuitAgrees: Law = {
  name: "the circuit has the exact distribution",
  statement: "P(m) of the state vector = sum w_k times the kernel of the Fourier transform",
  tolerance: 1e-8
}

/** Of overlaps, then of phase estimation. */
export const laws: ReadonlyArray<Law> = [
  normKept, neverFalls, groundBelowWeight, boundsHold, weightsGiveEnergy,
  probabilitiesAddUp, foundWithOverlap, circuitAgrees
]

const all = (seen: ReadonlyArray<Measurement>): Measurement => seen.reduce(measurements.concat, measurements.empty)

/** How far an overlap is on the wrong side of a bound; 0 on the right one. */
export const violation = (overlap: number, { side, value }: Bound): number =>
  Math.max(0, side === "at least" ? value - overlap : overlap - value)

/** What each law of overlaps saw, in the order of `laws`. */
export const measure = (
  of: Hamiltonian, { turned, spaces, meanField, naturalDeterminant, lines }: Overlaps
): ReadonlyArray<readonly [Law, Measurement]> => {
  const solved = spaces.filter(({ overlap }) => !Number.isNaN(overlap))
  return [
    [normKept, observe(turned.reduce((sum, value) => sum + value ** 2, 0) - 1, "natural orbitals")],
    [neverFalls, all([
      ...spaces.slice(1).map(({ weight }, at) =>
        observe(Math.max(0, spaces[at]!.weight - weight), `space ${at + 1}`)),
      observe(1 - (spaces.at(-1)?.weight ?? NaN), "all orbitals")
    ])],
    [groundBelowWeight, all(solved.map(({ overlap, weight }, at) =>
      observe(Math.max(0, overlap - weight), `space ${at}`)))],
    [boundsHold, all([
      ...[meanField, naturalDeterminant].flatMap(({ overlap, bounds }) =>
        bounds.map((bound) => observe(violation(overlap, bound), bound.name))),
      ...spaces.map(({ weight, bound }, at) => observe(violation(weight, bound), `space ${at}`))
    ])],
    [weightsGiveEnergy, all([
      observe(lines.reduce((sum, { weight }) => sum + weight, 0) - 1, "sum of weights"),
      observe(
        lines.reduce((sum, { weight, energy }) => sum + weight * energy, 0) - referenceEnergy(of), "mean energy"
      )
    ])]
  ]
}

/** What each law of phase estimation saw; `simulated` is the circuit's distribution, where it was run. */
export const measurePhases = (
  lines: ReadonlyArray<SpectralLine>, window: EnergyWindow, bits: number, exact: Float64Array, simulated?: Float64Array
): ReadonlyArray<readonly [Law, Measurement]> => {
  const [first] = lines
  const [weight, energy] = [first?.weight ?? NaN, first?.energy ?? NaN]
  const found = (simulated ?? exact)[outcomeOf(energy, window, bits)] ?? NaN
  const most = weight + leakage(lines, window, bits)
  return [
    [probabilitiesAddUp, observe(exact.reduce((sum, value) => sum + value, 0) - 1, "exact distribution")],
    [foundWithOverlap, observe(Math.max(0, weight - found, found - most), "ground state")],
    ...(simulated === undefined ? [] : [[circuitAgrees, compare(simulated, exact, "outcome")] as const])
  ]
}
