/** The laws of the gradient: PySCF's, the slope of the energy, and no net force or torque on a molecule by itself. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { gradient } from "../../../src/methods/chemistry/gradient.ts"
import { meanField, type MeanFieldRequest } from "../../../src/methods/chemistry/mean-field.ts"
import { make, type Molecule } from "../../../src/methods/chemistry/molecule.ts"
import { apart, chemistry, distortedWater, geometryOf } from "./molecules.ts"
import pyscf from "./reference/gradients.json" with { type: "json" }

const run = chemistry()
const slopes = (molecule: Molecule, request: MeanFieldRequest) =>
  run(Effect.flatMap(meanField(molecule, request), gradient))
const shifted = (molecule: Molecule, at: number, by: number): Molecule =>
  ({ ...molecule, positions: molecule.positions.map((x, place) => (place === at ? x + by : x)) })

/** Central differences of fourth order. */
const slope = async (molecule: Molecule, request: MeanFieldRequest, at: number): Promise<number> => {
  const step = 0.01
  const [a = NaN, b = NaN, c = NaN, d = NaN] = await Promise.all([-2, -1, 1, 2].map(async (times) =>
    (await run(meanField(shifted(molecule, at, times * step), request))).energy))
  return (a - 8 * b + 8 * c - d) / (12 * step)
}

describe("the gradient", () => {
  test.each(pyscf.cases)("of $molecule in $basis is PySCF's", async ({ molecule, basis, gradient: wanted }) => {
    const found = await slopes(await run(make(geometryOf(molecule))), { basis })
    expect(apart(found, wanted)).toBeLessThan(1e-7)
    expect(apart(found.map((value) => -value), wanted)).toBeGreaterThan(1e-3)
  })

  test("is the slope of the energy, in the field of point charges too", async () => {
    const charges = { charges: [0.6, -0.4], positions: [3, 1, 4, -4, 2, -1] }
    await fc.assert(fc.asyncProperty(distortedWater, fc.nat(8), fc.boolean(), async (molecule, at, around) => {
      const request = { basis: "sto-3g", energyTolerance: 1e-12, ...(around ? { pointCharges: charges } : {}) }
      const found = await slopes(molecule, request)
      expect(Math.abs(found[at]! - await slope(molecule, request, at))).toBeLessThan(1e-6)
    }), { numRuns: 6 })
  })

  test("moves and turns no molecule by itself", async () => {
    await fc.assert(fc.asyncProperty(distortedWater, async (molecule) => {
      const found = await slopes(molecule, { basis: "6-31g" })
      for (const axis of [0, 1, 2]) {
        const [next, last] = [(axis + 1) % 3, (axis + 2) % 3]
        let [force, torque] = [0, 0]
        for (let atom = 0; atom < 9; atom += 3) {
          force += found[atom + axis]!
          const [y, z] = [molecule.positions[atom + next]!, molecule.positions[atom + last]!]
          torque += y * found[atom + last]! - z * found[atom + next]!
        }
        expect(Math.abs(force)).toBeLessThan(1e-9)
        expect(Math.abs(torque)).toBeLessThan(1e-6)
      }
    }), { numRuns: 4 })
  })

  test("is refused where the energy is that of fitted densities", async () => {
    const molecule = await run(make(geometryOf("H2")))
    const request = { basis: "sto-3g", fitting: "def2-universal-jkfit" }
    const error = await run(Effect.flip(Effect.flatMap(meanField(molecule, request), gradient)))
    expect(error.message).toContain("gradient: there is one for exact integrals alone")
  })
})
