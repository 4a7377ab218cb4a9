/**
 * Overlaps are probabilities: between 0 and 1, the same in all orbitals, between every lower and upper bound, and the
 * product over systems that do not interact. Numbers are PySCF's.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Hamiltonian } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { referenceEnergy, rotate } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { determinantBounds, energyBounds, holes } from "../../../../src/methods/chemistry/guiding-states/bounds.ts"
import { measure, violation } from "../../../../src/methods/chemistry/guiding-states/conservation.ts"
import { chemicalAccuracy, costOf } from "../../../../src/methods/chemistry/guiding-states/cost.ts"
import { cumulative, determinantsFor, heaviest } from "../../../../src/methods/chemistry/guiding-states/determinants.ts"
import { overlaps } from "../../../../src/methods/chemistry/guiding-states/overlaps.ts"
import { rotation } from "../correlation/rotation.ts"
import { apart, chain, chemistry, ground, hamiltonianOf, molecule, seeds, systems, total, worst } from "./systems.ts"

const run = chemistry()
const measured = (of: Hamiltonian) => Effect.runPromise(overlaps(of, { tolerance: 1e-10 }))

describe("overlaps with the exact ground state", () => {
  test("keep every law that the method states, whatever the Hamiltonian", () =>
    fc.assert(fc.asyncProperty(systems, async (of) => {
      const found = await measured(of)
      for (const [law, { worst: seen, cases, where }] of measure(of, found)) {
        expect(cases, law.name).toBeGreaterThan(0)
        expect(seen, `${law.name}: ${where}`).toBeLessThanOrEqual(law.tolerance)
      }
      for (const { overlap } of [found.meanField, found.naturalDeterminant]) {
        expect(overlap).toBeGreaterThanOrEqual(0)
        expect(overlap).toBeLessThanOrEqual(1 + 1e-12)
      }
    }), { numRuns: 20 }))

  test("break those laws when the state is spoiled", async () => {
    const of = await run(hamiltonianOf(chain(4, 1), "sto-3g"))
    const found = await measured(of)
    const spoiled = {
      ...found,
      turned: found.turned.map((value) => value * 1.01),
      spaces: found.spaces.toReversed().map((each) => ({ ...each, weight: each.weight - 0.2 })),
      meanField: { ...found.meanField, overlap: found.meanField.overlap - 0.2 },
      lines: found.lines.slice(1)
    }
    for (const [law, { worst: seen }] of measure(of, spoiled)) expect(seen, law.name).toBeGreaterThan(law.tolerance)
  })

  test("do not change when occupied orbitals are rotated among themselves, and virtual ones", async () => {
    let changed = 0
    await fc.assert(fc.asyncProperty(systems, seeds, async (of, seed) => {
      const here = await measured(of)
      const there = await measured(rotate(of, rotation(seed, of.orbitals, [of.electrons / 2])))
      expect(Math.abs(here.meanField.overlap - there.meanField.overlap)).toBeLessThan(1e-8)
      expect(Math.abs(here.naturalDeterminant.overlap - there.naturalDeterminant.overlap)).toBeLessThan(1e-7)
      expect(worst(here.natural.occupations, there.natural.occupations)).toBeLessThan(1e-7)
      // a rotation that mixes the two makes another determinant
      const mixed = await measured(rotate(of, rotation(seed + 1, of.orbitals, [])))
      changed = Math.max(changed, Math.abs(mixed.meanField.overlap - here.meanField.overlap))
    }), { numRuns: 6 })
    expect(changed).toBeGreaterThan(1e-3)
  })

  test("are the product of those of systems that do not interact", async () => {
    const parts = [["H 0 0 0; H 0 0 0.74", "H 0 0 0; H 0 0 1.5"], ["H 0 0 0; H 0 0 2", "H 0 0 0; H 0 0 2"]] as const
    for (const [one, other] of parts) {
      const [left, right] = [await run(hamiltonianOf(one, "sto-3g")), await run(hamiltonianOf(other, "6-31g"))]
      const [a, b] = [await measured(left), await measured(right)]
      const both = await measured(apart(left, right))
      expect(Math.abs(both.state.energy - a.state.energy - b.state.energy)).toBeLessThan(1e-9)
      expect(Math.abs(both.meanField.overlap - a.meanField.overlap * b.meanField.overlap)).toBeLessThan(1e-8)
      const [natural, product] = [
        both.naturalDeterminant.overlap, a.naturalDeterminant.overlap * b.naturalDeterminant.overlap
      ]
      expect(Math.abs(natural - product)).toBeLessThan(1e-8)
      // and so no sum
      expect(Math.abs(both.meanField.overlap - (a.meanField.overlap + b.meanField.overlap) / 2)).toBeGreaterThan(1e-4)
    }
  })

  test.each(["H2_R2.0", "H2_R3.0", "LiH", "H2O", "H4_chain_R1.0", "H8_chain_R1.8"])(
    "of %s are PySCF's, with its occupations, bounds and heaviest determinants", async (name) => {
      const expected = molecule(name)
      const of = await run(hamiltonianOf(expected.geometry, expected.basis))
      expect(Math.abs(referenceEnergy(of) - expected.meanField)).toBeLessThan(1e-7)
      const found = await Effect.runPromise(overlaps(of, { tolerance: 1e-9, solve: 4 }))
      expect(Math.abs(found.meanField.overlap - expected.meanFieldOverlap)).toBeLessThan(2e-6)
      expect(worst(found.natural.occupations, expected.occupations)).toBeLessThan(2e-6)
      // where occupations cross the natural determinant of PySCF may be another
      expect(Math.abs(found.naturalDeterminant.overlap - expected.naturalOverlap)).toBeLessThan(2e-6)
      expect(Math.abs(holes(found.natural.occupations, of.electrons / 2) - expected.delta)).toBeLessThan(4e-6)
      const [bound] = found.meanField.bounds
      expect(Math.abs((bound?.value ?? NaN) - expected.meanFieldBound)).toBeLessThan(4e-6)
      expect(worst(found.entropies, expected.entropies)).toBeLessThan(2e-5)
      for (const [many, [given]] of Object.entries(expected.heaviest))
        if (Number(many) <= found.determinants.given.length)
          expect(Math.abs((found.determinants.given[Number(many) - 1] ?? NaN) - (given ?? NaN))).toBeLessThan(1e-5)
      for (const [law, { worst: seen, where }] of measure(of, found))
        expect(seen, `${law.name}: ${where}`).toBeLessThanOrEqual(law.tolerance)
    }
  )
})

describe("bounds", () => {
  test("hold for determinants of any orbitals, and half of the holes would not do", async () => {
    let broken = 0
    await fc.assert(fc.asyncProperty(systems, seeds, async (of, seed) => {
      const turned = rotate(of, rotation(seed, of.orbitals, []))
      const found = await measured(turned)
      for (const bound of found.meanField.bounds)
        expect(violation(found.meanField.overlap, bound), bound.name).toBeLessThan(1e-7)
      const [holesBound] = found.meanField.bounds
      if (violation(found.meanField.overlap, {
        name: "a quarter of the holes", side: "at least", value: 1 - (1 - (holesBound?.value ?? NaN)) / 4,
        provenance: "proved here"
      }) > 0) broken++
    }), { numRuns: 15 })
    expect(broken).toBeGreaterThan(0)
  })

  test("of two electrons in natural orbitals are sharp: the overlap is 1 - delta / 2, and the upper bounds", () =>
    fc.assert(fc.asyncProperty(systems.filter(({ electrons }) => electrons === 2), async (of) => {
      const { natural: { occupations }, naturalDeterminant: { overlap, bounds } } = await measured(of)
      expect(Math.abs(overlap - (1 - holes(occupations, 1) / 2))).toBeLessThan(1e-9)
      expect(Math.abs(overlap - (bounds.find(({ name }) => name === "emptiest of its orbitals")?.value ?? NaN)))
        .toBeLessThan(1e-9)
    }), { numRuns: 10 }))

  test("from energies are those of a two-level system, where Eckart's is sharp", () => {
    fc.assert(fc.property(fc.double({ min: 0.01, max: 1, noNaN: true }), (overlap) => {
      const [eckart, residual] = energyBounds({
        energy: -1 * overlap + 2 * (1 - overlap), ground: -1, excited: 2, residual: 3 * Math.sqrt(1 - overlap)
      })
      expect(Math.abs((eckart?.value ?? NaN) - overlap)).toBeLessThan(1e-12)
      expect(Math.abs((residual?.value ?? NaN) - overlap)).toBeLessThan(1e-12)
    }))
    const spread = determinantBounds([1.9, 1.8, 0.2, 0.1], 2).map(({ value }) => value)
    expect(worst(spread, [0.7, 0.9, 0.9])).toBeLessThan(1e-12)
  })
})

describe("few determinants", () => {
  test("have more overlap the more they are, and all of it at last", () =>
    fc.assert(fc.asyncProperty(systems, async (of) => {
      const state = await Effect.runPromise(ground(of))
      const weights = heaviest(state, state.vector.length)
      const sums = cumulative(weights)
      expect(Math.abs(total(weights) - 1)).toBeLessThan(1e-10)
      expect(worst(weights, [...state.vector].map((value) => value ** 2).sort((a, b) => b - a))).toBe(0)
      for (let at = 1; at < weights.length; at++) expect(weights[at]).toBeLessThanOrEqual(weights[at - 1] ?? NaN)
      const many = determinantsFor(sums, 0.9)
      expect(many).toBeDefined()
      expect(sums[(many ?? 0) - 1]).toBeGreaterThanOrEqual(0.9)
      if ((many ?? 0) > 1) expect(sums[(many ?? 0) - 2]).toBeLessThan(0.9)
      expect(determinantsFor(sums, 1.1)).toBeUndefined()
    }), { numRuns: 15 }))
})

describe("the cost of phase estimation", () => {
  test("falls with the overlap, rises with the one-norm over the error, and is amplified by the root", () => {
    const part = fc.double({ min: 0.001, max: 0.999, noNaN: true })
    fc.assert(fc.property(part, part, (overlap, failure) => {
      const cost = costOf({ overlap, oneNorm: 10, failure })
      // after so many runs the chance never to have seen it is below what was asked, and one run before it was not
      expect((1 - overlap) ** cost.repetitions).toBeLessThanOrEqual(failure * (1 + 1e-9))
      if (cost.repetitions > 1) expect((1 - overlap) ** (cost.repetitions - 1)).toBeGreaterThan(failure * (1 - 1e-9))
      expect(Math.abs(cost.rounds ** 2 * overlap - 1)).toBeLessThan(1e-12)
      expect(Math.abs(cost.expected * overlap - 1)).toBeLessThan(1e-12)
      const finer = costOf({ overlap, oneNorm: 20, error: chemicalAccuracy / 2, failure })
      expect(Math.abs(finer.queries / cost.queries - 4)).toBeLessThan(1e-12)
      expect(finer.bits).toBe(cost.bits + 2)
      expect(2 ** cost.bits * chemicalAccuracy).toBeGreaterThanOrEqual(20)
    }))
    expect(costOf({ overlap: 1, oneNorm: 1 }).repetitions).toBe(1)
    for (const overlap of [0, 1e-17]) {
      const { repetitions, amplified } = costOf({ overlap, oneNorm: 1 })
      expect([repetitions, amplified]).toEqual([Infinity, Infinity])
    }
  })
})
