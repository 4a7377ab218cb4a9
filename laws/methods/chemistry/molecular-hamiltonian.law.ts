/** The laws of the Hamiltonian over molecular orbitals: its reference has the mean field's energy, frozen or not. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { fock, make as checked, referenceEnergy } from "../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { unpack } from "../../../src/methods/chemistry/integrals/packed.ts"
import { meanField } from "../../../src/methods/chemistry/mean-field.ts"
import { coreOrbitals, molecularHamiltonian, transform } from "../../../src/methods/chemistry/molecular-hamiltonian.ts"
import { make } from "../../../src/methods/chemistry/molecule.ts"
import { apart, chemistry, distortedWater, geometryOf } from "./molecules.ts"

const run = chemistry()
const lithiumHydride = Effect.flatMap(make(geometryOf("LiH")), (molecule) => meanField(molecule, { basis: "6-31g" }))

describe("the Hamiltonian over molecular orbitals", () => {
  test("has the mean field's energy for its reference and the orbital energies for its Fock matrix", async () => {
    await fc.assert(fc.asyncProperty(distortedWater, fc.constantFrom(0, 1, 2), async (molecule, frozen) => {
      const field = await run(meanField(molecule, { basis: "6-31g" }))
      const hamiltonian = await run(Effect.flatMap(molecularHamiltonian(field, { frozen }), checked))
      expect(hamiltonian.electrons).toBe(10 - 2 * frozen)
      expect(Math.abs(referenceEnergy(hamiltonian) - field.energy)).toBeLessThan(1e-9)
      const n = hamiltonian.orbitals
      const diagonal = Float64Array.from({ length: n * n }, (_, at) =>
        (at % (n + 1) === 0 ? field.orbitalEnergies[frozen + at / (n + 1)]! : 0))
      expect(apart(fock(hamiltonian), diagonal)).toBeLessThan(1e-7)
      expect(Math.abs(referenceEnergy({ ...hamiltonian, electrons: hamiltonian.electrons - 2 }) - field.energy))
        .toBeGreaterThan(1e-3)
    }), { numRuns: 5 })
  })

  test("transformed by the identity is the same repulsion, and a window is a part of the whole", async () => {
    const field = await run(lithiumHydride)
    const { repulsion } = field.integrals
    const identity = Float64Array.from({ length: 121 }, (_, at) => (at % 12 === 0 ? 1 : 0))
    expect(apart(await run(transform(repulsion, identity, 11)), unpack(repulsion))).toBeLessThan(1e-13)
    const whole = await run(molecularHamiltonian(field))
    const part = await run(molecularHamiltonian(field, { active: 5 }))
    const at = (n: number, p: number, q: number, r: number, s: number): number => ((p * n + q) * n + r) * n + s
    for (const [p, q, r, s] of [[0, 1, 2, 3], [4, 4, 0, 2], [3, 1, 1, 4]] as const)
      expect(part.twoBody[at(5, p, q, r, s)]).toBeCloseTo(whole.twoBody[at(11, p, q, r, s)]!, 12)
  })

  test("refuses a window that cuts occupied orbitals, and memory that is not there", async () => {
    const field = await run(lithiumHydride)
    expect(coreOrbitals(field.molecule)).toBe(1)
    const messages = await Promise.all([{ frozen: 2 }, { active: 1 }, { active: 12 }, { memory: 1e5 }].map((window) =>
      run(Effect.map(Effect.flip(molecularHamiltonian(field, window)), (error) => error.message))))
    expect(messages).toEqual([
      "frozen: expected a whole number from 0 to 1, got 2",
      "active: expected a whole number from 2 to 11, got 1",
      "active: expected a whole number from 2 to 11, got 12",
      expect.stringContaining("Hamiltonian over 11 orbitals: about")
    ])
  })
})
