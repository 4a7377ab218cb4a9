/**
 * Active spaces by natural occupation are nested and cut only at gaps; the weight within them never falls and is one at
 * last; occupations bound it from below; no state that lives within has more. Numbers are PySCF's.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { natural, oneOfState } from "../../../../src/methods/chemistry/correlation/density-matrices.ts"
import { referenceEnergy, rotate } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import {
  degeneracy, nested, restrictTo, weightWithin
} from "../../../../src/methods/chemistry/guiding-states/active-space.ts"
import { spaceBound } from "../../../../src/methods/chemistry/guiding-states/bounds.ts"
import { choose, groundOf } from "../../../../src/methods/chemistry/guiding-states/guide.ts"
import { rotateState } from "../../../../src/methods/chemistry/guiding-states/state-rotation.ts"
import { chemistry, ground, hamiltonianOf, molecule, systems, total } from "./systems.ts"

const run = chemistry()

/** Occupations as a spectrum has them, some of them degenerate, and electrons that they add up to. */
const repeated = (min: number, max: number) => fc.array(
  fc.tuple(fc.double({ min, max, noNaN: true }), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 3 }
)
const spectra = fc.tuple(repeated(1, 2), repeated(0, 0.9)).map(([full, empty]) => {
  const spread = (drawn: ReadonlyArray<readonly [number, number]>) =>
    drawn.flatMap(([value, times]) => Array.from({ length: times }, () => value)).sort((a, b) => b - a)
  return { occupations: [...spread(full), ...spread(empty)], electrons: 2 * spread(full).length }
})

const cutsIn = (occupations: ReadonlyArray<number>) => (at: number): boolean =>
  at === 0 || at === occupations.length || (occupations[at - 1] ?? NaN) - (occupations[at] ?? NaN) > degeneracy

describe("active spaces by natural occupation", () => {
  test("are nested, end with every orbital, and part no degenerate ones", () => {
    fc.assert(fc.property(spectra, ({ occupations, electrons }) => {
      const spaces = nested(occupations, electrons)
      const gap = cutsIn(occupations)
      expect(spaces.at(-1)).toEqual({ frozen: 0, active: occupations.length })
      for (const [at, { frozen, active }] of spaces.entries()) {
        expect(gap(frozen) && gap(frozen + active)).toBe(true)
        const before = spaces[at - 1]
        if (before === undefined) continue
        expect(frozen).toBeLessThanOrEqual(before.frozen)
        expect(frozen + active).toBeGreaterThanOrEqual(before.frozen + before.active)
        expect(active).toBeGreaterThan(before.active)
        expect(spaceBound(occupations, { frozen, active }).value)
          .toBeGreaterThanOrEqual(spaceBound(occupations, before).value - 1e-12)
      }
      // with no threshold degenerate orbitals would be parted
      const careless = nested(occupations, electrons, -1)
      const apart = careless.every(({ frozen, active }) => gap(frozen) && gap(frozen + active))
      expect(apart).toBe(occupations.every((_, at) => gap(at)))
    }), { numRuns: 60 })
  })

  test("hold a weight that never falls, is one at last, and that occupations and states within bound", () =>
    fc.assert(fc.asyncProperty(systems, async (of) => {
      const state = await Effect.runPromise(ground(of))
      const { occupations, orbitals } = natural(oneOfState(state), of.orbitals)
      const turned = rotateState(state.vector, state.strings, orbitals)
      const over = rotate(of, orbitals)
      let before = 0
      for (const space of nested(occupations, of.electrons)) {
        const weight = weightWithin(turned, state.strings, space)
        expect(weight).toBeGreaterThanOrEqual(before - 1e-12)
        expect(weight).toBeGreaterThanOrEqual(spaceBound(occupations, space).value - 1e-12)
        const { vector, energy } = await Effect.runPromise(groundOf(over, space, state.strings))
        expect(Math.abs(total(vector.map((value) => value ** 2)) - 1)).toBeLessThan(1e-10)
        expect(total(vector.map((value, at) => value * (turned[at] ?? NaN))) ** 2).toBeLessThanOrEqual(weight + 1e-10)
        expect(energy).toBeGreaterThanOrEqual(state.energy - 1e-9)
        before = weight
      }
      expect(Math.abs(before - 1)).toBeLessThan(1e-10)
      // orbitals in the opposite order hold next to nothing: the order is what makes the bound
      const reversed = Float64Array.from(orbitals, (_, at) =>
        orbitals[Math.floor(at / of.orbitals) * of.orbitals + of.orbitals - 1 - at % of.orbitals] ?? NaN)
      const wrong = weightWithin(
        rotateState(state.vector, state.strings, reversed), state.strings, { frozen: of.electrons / 2, active: 0 }
      )
      expect(wrong).toBeLessThan(weightWithin(turned, state.strings, { frozen: of.electrons / 2, active: 0 }))
    }), { numRuns: 12 }))

  test.each(["H2_R2.0", "LiH", "H2O", "H4_chain_R1.0", "H4_chain_R1.8", "H8_chain_R1.0"])(
    "of %s hold PySCF's weights, and their ground states its energies and overlaps", async (name) => {
      const expected = molecule(name)
      const of = await run(hamiltonianOf(expected.geometry, expected.basis))
      const state = await Effect.runPromise(ground(of))
      expect(Math.abs(state.energy - expected.exact)).toBeLessThan(1e-8)
      const { occupations, orbitals } = natural(oneOfState(state), of.orbitals)
      const turned = rotateState(state.vector, state.strings, orbitals)
      const over = rotate(of, orbitals)
      for (const { pairs, active, weight, overlap, energy, bound } of expected.windows) {
        const space = { frozen: of.electrons / 2 - pairs, active }
        const cut = cutsIn(Array.from(occupations))
        if (!cut(space.frozen) || !cut(space.frozen + space.active)) continue
        expect(Math.abs(weightWithin(turned, state.strings, space) - weight)).toBeLessThan(1e-6)
        expect(Math.abs(spaceBound(occupations, space).value - bound)).toBeLessThan(2e-6)
        if (energy === undefined || overlap === undefined || active > 6) continue
        const found = await Effect.runPromise(groundOf(over, space, state.strings))
        expect(Math.abs(found.energy - energy)).toBeLessThan(1e-6)
        expect(Math.abs(total(found.vector.map((value, at) => value * (turned[at] ?? NaN))) ** 2 - overlap))
          .toBeLessThan(1e-6)
      }
    }
  )

  test("leave the frozen electrons' energy in the constant: full and empty spaces have that of the determinant", () =>
    fc.assert(fc.asyncProperty(systems, async (of) => {
      const { electrons } = of
      const inner = restrictTo(of, { frozen: electrons / 2, active: 0 })
      expect(Math.abs(inner.core - referenceEnergy(of))).toBeLessThan(1e-10)
      const kept = restrictTo(of, { frozen: electrons / 2 - 1, active: of.orbitals - electrons / 2 + 1 })
      expect(Math.abs(referenceEnergy(kept) - referenceEnergy(of))).toBeLessThan(1e-10)
    }), { numRuns: 10 }))

  test("are chosen as small as the promised weight allows, and refused with the setting that is wrong", async () => {
    const occupations = [1.99, 1.95, 0.05, 0.01]
    const of = (asked: Parameters<typeof choose>[2]) => Effect.runPromise(choose(occupations, 4, asked))
    expect(await of({ weight: 0.8 })).toEqual({ frozen: 2, active: 0 })
    expect(await of({ weight: 0.97 })).toEqual({ frozen: 1, active: 2 })
    expect(await of({ weight: 1 })).toEqual({ frozen: 0, active: 4 })
    expect(await of({ weight: 1, orbitals: 3 })).toEqual({ frozen: 1, active: 2 })
    const refused = (asked: Parameters<typeof choose>[2], given = occupations) =>
      Effect.runPromise(Effect.flip(choose(given, 4, asked)))
    expect((await refused({ weight: 2 })).field).toBe("weight")
    expect((await refused({ orbitals: -1 })).field).toBe("orbitals")
    // four orbitals that are all alike are taken together or not at all
    expect((await refused({ orbitals: 3 }, [1, 1, 1, 1])).message).toContain("gap")
  })
})
