/**
 * Quantum phase estimation (Kitaev, 1995): energies between two bounds become phases, and a measurement of `bits` bits
 * finds eigenstate k with the probability that the guiding state has of it, w_k = |<k|Phi>|^2, spread over neighbouring
 * outcomes by the kernel of a finite Fourier transform. Probabilities add up to one. Laws:
 * laws/methods/chemistry/guiding-states/phase-estimation.law.ts.
 */
import * as Key from "../../../core/key.ts"
import type { Register } from "./evolution.ts"
import { fromReal, propagator, trotter } from "./evolution.ts"
import type { PauliSum } from "./pauli.ts"
import type { SpectralLine } from "./spectral-weights.ts"

/** Energies, in Ha, that become the phases 0 and 1; the spectrum that matters lies between. */
export interface EnergyWindow {
  readonly low: number
  readonly high: number
}

/** [sin(pi 2^t x) / (2^t sin(pi x))]^2: how likely an outcome x away from the phase is. */
const kernel = (size: number, x: number): number => {
  const below = Math.sin(Math.PI * x)
  // at a whole number of turns the limit is one
  return Math.abs(below) < 1e-15 ? 1 : (Math.sin(Math.PI * size * x) / (size * below)) ** 2
}

/** P(m) of every outcome m, exactly, for a state with these weights on eigenstates. */
export const distribution = (
  lines: ReadonlyArray<SpectralLine>, { low, high }: EnergyWindow, bits: number
): Float64Array => {
  const size = 2 ** bits
  return new Float64Array(size).map((_, m) => lines.reduce((sum, { energy, weight }) =>
    sum + weight * kernel(size, (energy - low) / (high - low) - m / size), 0))
}

/**
 * A window around all lines with `margin` to spare, in Ha, moved so that the first line lies on an outcome: that is
 * then found with its whole weight, and a little more that leaks from other lines.
 */
export const windowOf = (lines: ReadonlyArray<SpectralLine>, bits: number, margin = 0.1): EnergyWindow => {
  const energies = lines.map(({ energy }) => energy)
  const ground = energies[0] ?? 0
  const width = Math.max(...energies) + 2 * margin - ground
  const step = width / 2 ** bits
  const low = ground - Math.max(1, Math.round(margin / step)) * step
  return { low, high: low + width }
}

/** What may leak at most from all lines but the first into its outcome, where it lies on one. */
export const leakage = (lines: ReadonlyArray<SpectralLine>, { low, high }: EnergyWindow, bits: number): number => {
  const [ground, ...others] = lines
  return others.reduce((sum, { energy, weight }) => {
    const phase = (energy - (ground?.energy ?? 0)) / (high - low)
    const away = Math.min(phase, 1 - phase)
    // sin(pi x) is at least 2 x up to a quarter turn from zero
    return sum + weight * Math.min(1, 1 / (2 ** (bits + 1) * away) ** 2)
  }, 0)
}

/** Outcomes of so many runs, drawn from a distribution. */
export const sample = (probabilities: Float64Array, key: Key.Key, runs: number): Uint32Array => {
  let sum = 0
  const cumulated = probabilities.map((value) => sum += value)
  return Uint32Array.from(Key.uniform(key, runs), (drawn) => {
    const at = cumulated.findIndex((value) => drawn * sum < value)
    return at < 0 ? probabilities.length - 1 : at
  })
}

/** The energy that an outcome stands for. */
export const energyOf = (outcome: number, { low, high }: EnergyWindow, bits: number): number =>
  low + outcome * (high - low) / 2 ** bits

/** The outcome closest to an energy. */
export const outcomeOf = (energy: number, { low, high }: EnergyWindow, bits: number): number =>
  Math.round((energy - low) / (high - low) * 2 ** bits) % 2 ** bits

/** How the evolution is made: exactly, or by so many steps of the product formula for the shortest one. */
export type Evolution = "exact" | { readonly steps: number }

/**
 * The circuit on a state vector: ancillas in a uniform superposition of j control j evolutions by one unit of time,
 * which leaves sum_j |j> U^j |Phi>, and the inverse Fourier transform over j is measured. U = exp(-2 pi i (H - low) /
 * (high - low)); the outcome is read backwards, so that it is the phase itself.
 */
export const simulate = (
  of: PauliSum, guide: Float64Array, { low, high }: EnergyWindow, bits: number, evolution: Evolution = "exact"
): Float64Array => {
  const size = 2 ** bits
  const time = 2 * Math.PI / (high - low)
  const centre = (low + high) / 2
  const first = fromReal(guide)
  // phases are counted from the middle of the window, half a turn from its lower end
  const step = evolution === "exact"
    ? propagator(of, time, centre, first)
    : (state: Register): Register => trotter(of, time, centre, evolution.steps, state)
  const branches: Array<Register> = [first]
  for (let j = 1; j < size; j++) branches.push(step(branches[j - 1]!))
  const found = new Float64Array(size)
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)]
  for (let at = 0; at < guide.length; at++) {
    branches.forEach((branch, j) => {
      // exp(-i pi j) is the half turn
      real[j] = (j % 2 === 0 ? 1 : -1) * branch.real[at]!
      imaginary[j] = (j % 2 === 0 ? 1 : -1) * branch.imaginary[at]!
    })
    if (!real.some((value) => value !== 0) && !imaginary.some((value) => value !== 0)) continue
    fourier(real, imaginary)
    for (let m = 0; m < size; m++) found[m] = found[m]! + (real[m]! ** 2 + imaginary[m]! ** 2) / size ** 2
  }
  return found
}

/** sum_j exp(2 pi i j m / size) v_j in place, by halves (Cooley and Tukey, 1965). */
const fourier = (real: Float64Array, imaginary: Float64Array): void => {
  const size = real.length
  if (size === 1) return
  const part = (from: Float64Array, odd: 0 | 1): Float64Array =>
    Float64Array.from({ length: size / 2 }, (_, at) => from[2 * at + odd]!)
  const [a, b] = [part(real, 0), part(imaginary, 0)]
  const [c, d] = [part(real, 1), part(imaginary, 1)]
  fourier(a, b)
  fourier(c, d)
  for (let m = 0; m < size / 2; m++) {
    const [cosine, sine] = [Math.cos(2 * Math.PI * m / size), Math.sin(2 * Math.PI * m / size)]
    const [x, y] = [cosine * c[m]! - sine * d[m]!, cosine * d[m]! + sine * c[m]!]
    real[m] = a[m]! + x
    imaginary[m] = b[m]! + y
    real[m + size / 2] = a[m]! - x
    imaginary[m + size / 2] = b[m]! - y
  }
}
