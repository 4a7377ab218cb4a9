/**
 * Time evolution of a register conserves its norm; an eigenstate only turns its phase; the product formula agrees with
 * it up to the square of the step, and wholly where the terms commute.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Key from "../../../../src/core/key.ts"
import type { Register } from "../../../../src/methods/chemistry/guiding-states/evolution.ts"
import { evolve, fromReal, norm, trotter } from "../../../../src/methods/chemistry/guiding-states/evolution.ts"
import { register } from "../../../../src/methods/chemistry/guiding-states/jordan-wigner.ts"
import * as Pauli from "../../../../src/methods/chemistry/guiding-states/pauli.ts"
import { ground, qubitsOf, random, seeds, worst } from "./systems.ts"

const start = (seed: number, qubits: number): Register => {
  const drawn = Key.normal(Key.make(seed), 2 ** qubits)
  const length = Math.sqrt(drawn.reduce((sum, value) => sum + value ** 2, 0))
  return fromReal(drawn.map((value) => value / length))
}

const far = (left: Register, right: Register): number =>
  Math.max(worst(left.real, right.real), worst(left.imaginary, right.imaginary))

const times = fc.double({ min: -2, max: 2, noNaN: true })

describe("time evolution", () => {
  test("conserves the norm, exactly made or string by string, and goes back the way it came", () => {
    fc.assert(fc.property(seeds, seeds, times, (seed, other, time) => {
      const of = qubitsOf(random(seed, 3, 2))
      const state = start(other, 6)
      const later = evolve(of, time, 0.3, state)
      expect(Math.abs(norm(later) - 1)).toBeLessThan(1e-11)
      expect(Math.abs(norm(trotter(of, time, 0.3, 3, state)) - 1)).toBeLessThan(1e-11)
      expect(far(evolve(of, -time, 0.3, later), state)).toBeLessThan(1e-10)
      expect(far(trotter(of, -time, 0.3, 3, trotter(of, time, 0.3, 3, state)), state)).toBeLessThan(1e-10)
    }), { numRuns: 6 })
  })

  test("turns the phase of an eigenstate by its energy", () =>
    fc.assert(fc.asyncProperty(seeds, times, async (seed, time) => {
      const hamiltonian = random(seed, 3, 2)
      const state = await Effect.runPromise(ground(hamiltonian))
      const before = fromReal(register(state))
      const after = evolve(qubitsOf(hamiltonian), time, 0, before)
      const [cosine, sine] = [Math.cos(state.energy * time), Math.sin(state.energy * time)]
      expect(worst(after.real, before.real.map((value) => cosine * value))).toBeLessThan(1e-8)
      expect(worst(after.imaginary, before.real.map((value) => -sine * value))).toBeLessThan(1e-8)
    }), { numRuns: 6 }))

  test("by the product formula errs by the square of the step: a half of it, a quarter of the error", () => {
    fc.assert(fc.property(seeds, (seed) => {
      const of = qubitsOf(random(seed, 3, 2))
      const state = start(seed, 6)
      const exact = evolve(of, 0.5, 0, state)
      const error = (steps: number) => far(trotter(of, 0.5, 0, steps, state), exact)
      const ratio = error(16) / error(32)
      expect(ratio).toBeGreaterThan(3.8)
      expect(ratio).toBeLessThan(4.2)
    }), { numRuns: 6 })
  })

  test("by the product formula is exact where all strings commute, and not by its first half alone elsewhere", () => {
    const diagonal = Pauli.combine(3, [
      [0.7, Pauli.string(3, 0, 5)], [-0.4, Pauli.string(3, 0, 2)], [1, Pauli.scalar(3, 1)]
    ])
    const state = start(1, 3)
    expect(far(trotter(diagonal, 1.3, 0.2, 1, state), evolve(diagonal, 1.3, 0.2, state))).toBeLessThan(1e-12)
    // all strings once, in one order: the formula of first order, which the ratio of the law above catches
    const of = qubitsOf(random(3, 2, 2))
    const ordered = [...Pauli.entries(of)].map(([x, z, value]) => Pauli.string(4, x, z, value))
    const first = (steps: number): Register => {
      let now = start(2, 4)
      for (let step = 0; step < steps; step++) for (const term of ordered) now = evolve(term, 0.5 / steps, 0, now)
      return now
    }
    const exact = evolve(of, 0.5, 0, start(2, 4))
    expect(far(first(2), exact) / far(first(4), exact)).toBeLessThan(3)
  })
})
