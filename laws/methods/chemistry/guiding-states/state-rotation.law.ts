/**
 * A state in other orbitals is the same state: its norm, its amplitudes by minors, and its overlap with determinants of
 * any orbitals are those of the state before.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { rotate } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { closedShell, overlap } from "../../../../src/methods/chemistry/correlation/overlap.ts"
import { rotateState } from "../../../../src/methods/chemistry/guiding-states/state-rotation.ts"
import { rotation } from "../correlation/rotation.ts"
import { ground, seeds, systems, total, worst } from "./systems.ts"

const transposed = (of: Float64Array): Float64Array => {
  const n = Math.sqrt(of.length)
  return of.map((_, pq) => of[(pq % n) * n + Math.floor(pq / n)] ?? NaN)
}

const product = (a: Float64Array, b: Float64Array): Float64Array => {
  const n = Math.sqrt(a.length)
  return a.map((_, at) => {
    let sum = 0
    for (let k = 0; k < n; k++) sum += (a[Math.floor(at / n) * n + k] ?? NaN) * (b[k * n + at % n] ?? NaN)
    return sum
  })
}

/** With one orbital turned over, so that the determinant is -1. */
const turnedOver = (of: Float64Array, over: boolean): Float64Array => {
  const n = Math.sqrt(of.length)
  return over ? of.map((value, at) => (at % n === 0 ? -value : value)) : of
}

describe("a state in other orbitals", () => {
  test("has its norm, comes back by the opposite rotation, and turns as its orbitals do", () =>
    fc.assert(fc.asyncProperty(systems, seeds, seeds, fc.boolean(), async (of, first, second, over) => {
      const { vector, strings } = await Effect.runPromise(ground(of))
      const a = turnedOver(rotation(first, of.orbitals, []), over)
      const b = rotation(second, of.orbitals, [])
      const turned = rotateState(vector, strings, a)
      expect(Math.abs(total(turned.map((value) => value ** 2)) - 1)).toBeLessThan(1e-12)
      expect(worst(rotateState(turned, strings, transposed(a)), vector)).toBeLessThan(1e-12)
      expect(worst(rotateState(turned, strings, b), rotateState(vector, strings, product(a, b)))).toBeLessThan(1e-12)
    }), { numRuns: 12 }))

  test("has the amplitudes that minors give; those of the opposite rotation are others", () =>
    fc.assert(fc.asyncProperty(systems, seeds, fc.boolean(), async (of, seed, over) => {
      const state = await Effect.runPromise(ground(of))
      const turn = turnedOver(rotation(seed, of.orbitals, []), over)
      const turned = rotateState(state.vector, state.strings, turn)
      const filled = (mask: number) => [...Array(of.orbitals).keys()].filter((p) => (mask >>> p & 1) === 1)
      const { masks } = state.strings
      const amplitudes = Array.from(masks, (alpha) => Array.from(masks, (beta) =>
        overlap(state, [{ weight: 1, alpha: filled(alpha), beta: filled(beta) }], turn))).flat()
      expect(worst(turned, amplitudes)).toBeLessThan(1e-11)
      const wrong = rotateState(state.vector, state.strings, transposed(turn))
      expect(worst(wrong, amplitudes)).toBeGreaterThan(1e-6)
    }), { numRuns: 8 }))

  test("is the ground state of the Hamiltonian in those orbitals", () =>
    fc.assert(fc.asyncProperty(systems, seeds, async (of, seed) => {
      const turn = rotation(seed, of.orbitals, [])
      const before = await Effect.runPromise(ground(of))
      const after = await Effect.runPromise(ground(rotate(of, turn)))
      const turned = rotateState(before.vector, before.strings, turn)
      const same = total(turned.map((value, at) => value * (after.vector[at] ?? NaN))) ** 2
      expect(Math.abs(same - 1)).toBeLessThan(1e-6)
      expect(closedShell(before.strings).alpha.length).toBe(of.electrons / 2)
    }), { numRuns: 8 }))
})
