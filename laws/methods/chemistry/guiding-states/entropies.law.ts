/**
 * Entropies of orbitals lie between 0 and ln 4, mutual information is never negative, a determinant has neither in its
 * own orbitals, and of two systems that do not interact neither has any of the other. Numbers are PySCF's.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { strings } from "../../../../src/methods/chemistry/correlation/strings.ts"
import {
  meanEntropy, mostEntropy, mutualInformation, orbitalEntropies, pairEntropy
} from "../../../../src/methods/chemistry/guiding-states/entropies.ts"
import { rotateState } from "../../../../src/methods/chemistry/guiding-states/state-rotation.ts"
import { rotation } from "../correlation/rotation.ts"
import { apart, chemistry, ground, hamiltonianOf, molecule, seeds, systems, worst } from "./systems.ts"

const run = chemistry()

describe("the entropies of orbitals", () => {
  test("lie between 0 and ln 4, and mutual information is never negative, in any orbitals", () =>
    fc.assert(fc.asyncProperty(systems, seeds, async (of, seed) => {
      const { vector, strings: over } = await Effect.runPromise(ground(of))
      const state = { vector: rotateState(vector, over, rotation(seed, of.orbitals, [])), strings: over }
      const single = orbitalEntropies(state)
      for (const entropy of single) {
        expect(entropy).toBeGreaterThanOrEqual(0)
        expect(entropy).toBeLessThanOrEqual(mostEntropy + 1e-12)
      }
      expect(meanEntropy(single)).toBeLessThanOrEqual(1)
      expect(Math.min(...mutualInformation(state))).toBeGreaterThanOrEqual(-1e-10)
      // two orbitals of three know as much as the third: the whole is pure
      if (of.orbitals === 3)
        for (const [i, j, k] of [[0, 1, 2], [1, 2, 0], [2, 0, 1]] as const)
          expect(Math.abs(pairEntropy(state, i, j) - (single[k] ?? NaN))).toBeLessThan(1e-10)
      // and of four, any two as much as the other two
      if (of.orbitals === 4)
        for (const [i, j, k, l] of [[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2]] as const)
          expect(Math.abs(pairEntropy(state, i, j) - pairEntropy(state, k, l))).toBeLessThan(1e-10)
    }), { numRuns: 20 }))

  test("of a determinant vanish in its own orbitals, and not in others", () => {
    fc.assert(fc.property(fc.integer({ min: 3, max: 5 }), seeds, (orbitals, seed) => {
      const over = strings(orbitals, 2)
      const vector = new Float64Array(over.masks.length ** 2)
      vector[0] = 1
      expect(Math.max(...orbitalEntropies({ vector, strings: over }))).toBe(0)
      expect(Math.max(...mutualInformation({ vector, strings: over }))).toBeLessThan(1e-12)
      const turned = { vector: rotateState(vector, over, rotation(seed, orbitals, [])), strings: over }
      expect(Math.max(...orbitalEntropies(turned))).toBeGreaterThan(1e-6)
      expect(Math.max(...mutualInformation(turned))).toBeGreaterThan(1e-6)
    }), { numRuns: 20 })
  })

  test("of systems that do not interact are each its own, with no information of the other", async () => {
    const part = await run(hamiltonianOf("H 0 0 0; H 0 0 1.5", "sto-3g"))
    const alone = await Effect.runPromise(ground(part))
    const both = await Effect.runPromise(ground(apart(part, part)))
    const [single, pair] = [orbitalEntropies(alone), orbitalEntropies(both)]
    expect(worst(pair, [single[0] ?? NaN, single[0] ?? NaN, single[1] ?? NaN, single[1] ?? NaN])).toBeLessThan(1e-9)
    const information = mutualInformation(both)
    // orbitals 0 and 2 are of one system, 1 and 3 of the other
    for (const [i, j] of [[0, 1], [0, 3], [2, 1], [2, 3]] as const)
      expect(Math.abs(information[4 * i + j] ?? NaN)).toBeLessThan(1e-9)
    // orbitals of one pure system tell all of each other
    expect(Math.abs((information[2] ?? NaN) - (single[0] ?? NaN))).toBeLessThan(1e-9)
  })

  test.each(["H2_R3.0", "LiH", "H4_chain_R1.8"])("of %s are PySCF's in its canonical orbitals", async (name) => {
    const { geometry, basis, canonicalEntropies } = molecule(name)
    const state = await Effect.runPromise(ground(await run(hamiltonianOf(geometry, basis))))
    expect(worst(orbitalEntropies(state), canonicalEntropies)).toBeLessThan(1e-5)
  })
})
