/**
 * Phase estimation finds each eigenstate with the weight that the guiding state has of it: probabilities add up to one,
 * the circuit agrees with the exact distribution, a phase on an outcome is one peak, and the ground state is found with
 * its overlap. Numbers are PySCF's.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Key from "../../../../src/core/key.ts"
import { register } from "../../../../src/methods/chemistry/guiding-states/jordan-wigner.ts"
import {
  distribution, energyOf, leakage, outcomeOf, sample, simulate, windowOf
} from "../../../../src/methods/chemistry/guiding-states/phase-estimation.ts"
import type { SpectralLine } from "../../../../src/methods/chemistry/guiding-states/spectral-weights.ts"
import { linesOf } from "../../../../src/methods/chemistry/guiding-states/spectral-weights.ts"
import { strings } from "../../../../src/methods/chemistry/correlation/strings.ts"
import { chain, chemistry, ground, hamiltonianOf, qubitsOf, random, reference, seeds, total, worst } from "./systems.ts"

const run = chemistry()

const spectra: fc.Arbitrary<ReadonlyArray<SpectralLine>> = fc.array(
  fc.tuple(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: -3, max: 3, noNaN: true })),
  { minLength: 1, maxLength: 6 }
).map((drawn) => {
  const sum = total(drawn.map(([weight]) => weight))
  return drawn.map(([weight, energy]) => ({ weight: weight / sum, energy })).sort((a, b) => a.energy - b.energy)
})
const bits = fc.integer({ min: 1, max: 9 })

describe("the outcomes of phase estimation", () => {
  test("have probabilities that add up to one", () => {
    fc.assert(fc.property(spectra, bits, (lines, count) => {
      const found = distribution(lines, { low: -3.3, high: 3.1 }, count)
      expect(Math.abs(total(found) - 1)).toBeLessThan(1e-10)
      expect(Math.min(...found)).toBeGreaterThanOrEqual(0)
      // without the window's own scale the kernel would be another, and its sum not one
      const wrong = total(found.map((value) => value * 2 ** count / (2 ** count + 1)))
      expect(Math.abs(wrong - 1)).toBeGreaterThan(1e-4)
    }), { numRuns: 60 })
  })

  test("are one peak for an eigenstate whose phase is an outcome, and not for one between two", () => {
    fc.assert(fc.property(bits, fc.nat(511), (count, at) => {
      const window = { low: -1, high: 1 }
      const outcome = at % 2 ** count
      const energy = energyOf(outcome, window, count)
      const found = distribution([{ energy, weight: 1 }], window, count)
      expect(Math.abs((found[outcome] ?? NaN) - 1)).toBeLessThan(1e-9)
      expect(outcomeOf(energy, window, count)).toBe(outcome)
      const between = distribution([{ energy: energyOf(outcome + 0.5, window, count), weight: 1 }], window, count)
      expect(Math.max(...between)).toBeLessThan(0.51)
    }), { numRuns: 60 })
  })

  test("find the first line with its weight, and no more than leaks from the others", () => {
    fc.assert(fc.property(spectra, bits, (lines, count) => {
      const window = windowOf(lines, count)
      const [first] = lines
      const found = distribution(lines, window, count)[outcomeOf(first?.energy ?? NaN, window, count)] ?? NaN
      expect(found).toBeGreaterThanOrEqual((first?.weight ?? NaN) - 1e-9)
      expect(found).toBeLessThanOrEqual((first?.weight ?? NaN) + leakage(lines, window, count) + 1e-9)
    }), { numRuns: 60 })
  })

  test("drawn at random come as often as they are likely", () => {
    fc.assert(fc.property(spectra, seeds, (lines, seed) => {
      const likely = distribution(lines, windowOf(lines, 5), 5)
      const runs = 2000
      const drawn = sample(likely, Key.make(seed), runs)
      const most = likely.indexOf(Math.max(...likely))
      const chance = likely[most] ?? NaN
      const seen = drawn.filter((outcome) => outcome === most).length / runs
      // no seed is seven standard deviations off
      expect(Math.abs(seen - chance)).toBeLessThan(7 * Math.sqrt(Math.max(0, chance * (1 - chance)) / runs) + 1e-3)
    }), { numRuns: 20 })
  })
})

const moleculesOf = { H2: "H 0 0 0; H 0 0 0.74", H4_chain_1A: chain(4, 1) }

describe("phase estimation of a molecule from its mean field", () => {
  test.each(["H2", "H4_chain_1A"] as const)("of %s has PySCF's lines and outcomes", async (name) => {
    const { lines, window: [low = NaN, high = NaN], outcomes } = reference.phaseEstimation[name]
    const of = await run(hamiltonianOf(moleculesOf[name], "sto-3g"))
    const over = strings(of.orbitals, of.electrons / 2)
    const guide = new Float64Array(over.masks.length ** 2)
    guide[0] = 1
    const found = linesOf(of, over, guide).filter(({ weight }) => weight > 1e-9)
    expect(worst(found.map(({ energy }) => energy), lines.map(([energy = NaN]) => energy))).toBeLessThan(1e-8)
    expect(worst(found.map(({ weight }) => weight), lines.map(([, weight = NaN]) => weight))).toBeLessThan(1e-8)
    for (const [count, { outcome, probability }] of Object.entries(outcomes)) {
      const likely = distribution(found, { low, high }, Number(count))
      expect(likely.indexOf(Math.max(...likely))).toBe(outcome)
      expect(Math.abs((likely[outcome] ?? NaN) - probability)).toBeLessThan(1e-6)
    }
  })

  test("on a state vector has the exact distribution, and by the product formula comes near it", () =>
    fc.assert(fc.asyncProperty(seeds, fc.integer({ min: 2, max: 3 }), async (seed, count) => {
      const of = random(seed, 3, 2)
      const over = strings(3, 1)
      const guide = new Float64Array(9)
      guide[0] = 1
      const lines = linesOf(of, over, guide)
      const window = windowOf(lines, count)
      const likely = distribution(lines, window, count)
      const qubits = qubitsOf(of)
      const amplitudes = register({ vector: guide, strings: over })
      expect(worst(simulate(qubits, amplitudes, window, count), likely)).toBeLessThan(1e-10)
      const rough = worst(simulate(qubits, amplitudes, window, count, { steps: 4 }), likely)
      const fine = worst(simulate(qubits, amplitudes, window, count, { steps: 8 }), likely)
      expect(fine).toBeLessThan(0.02)
      expect(fine).toBeLessThanOrEqual(rough / 3 + 1e-6)
    }), { numRuns: 4 }))

  test("succeeds with the squared overlap of the guiding state, not with the overlap itself", async () => {
    const of = await run(hamiltonianOf(chain(4, 1.8), "sto-3g"))
    const state = await Effect.runPromise(ground(of))
    const guide = new Float64Array(state.vector.length)
    guide[0] = 1
    const lines = linesOf(of, state.strings, guide)
    const window = windowOf(lines, 6)
    const likely = simulate(qubitsOf(of), register({ vector: guide, strings: state.strings }), window, 6)
    const found = likely[outcomeOf(state.energy, window, 6)] ?? NaN
    const amplitude = Math.abs(state.vector[0] ?? NaN)
    expect(found).toBeGreaterThan(amplitude ** 2 - 1e-6)
    expect(found).toBeLessThan(amplitude ** 2 + leakage(lines, window, 6) + 1e-6)
    expect(Math.abs(found - amplitude)).toBeGreaterThan(0.1)
  })
})
