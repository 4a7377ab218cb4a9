/**
 * The impurity model at half filling: particle-hole symmetry makes its correlation spectrum doubly degenerate, puts one
 * electron on the impurity and makes its mean field the free sea; the spectrum falls geometrically, so that two natural
 * orbitals hold the ground state. Numbers are PySCF's.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { natural, oneOfState } from "../../../../src/methods/chemistry/correlation/density-matrices.ts"
import { referenceEnergy } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { weightWithin } from "../../../../src/methods/chemistry/guiding-states/active-space.ts"
import type { Bath } from "../../../../src/methods/chemistry/guiding-states/impurity-model.ts"
import {
  band, chain, correlationSpectrum, guaranteedRate, meanField, sites
} from "../../../../src/methods/chemistry/guiding-states/impurity-model.ts"
import { rotateState } from "../../../../src/methods/chemistry/guiding-states/state-rotation.ts"
import { ground, reference, worst } from "./systems.ts"

const made = (repulsion: number, bath: Bath, level?: number) =>
  Effect.runPromise(Effect.map(
    sites({ repulsion, bath, ...(level === undefined ? {} : { level }) }), meanField
  ))
const spectrumOf = async (repulsion: number, bath: Bath, level?: number) => {
  const { hamiltonian } = await made(repulsion, bath, level)
  const state = await Effect.runPromise(ground(hamiltonian))
  const { occupations, orbitals } = natural(oneOfState(state), hamiltonian.orbitals)
  return { hamiltonian, state, occupations, orbitals, spectrum: correlationSpectrum(occupations) }
}

const baths = fc.tuple(fc.constantFrom(3, 5), fc.double({ min: 0.2, max: 1, noNaN: true }), fc.boolean())
  .map(([size, coupling, linear]) => linear ? chain(size, { coupling }) : band(size, { coupling }))
const repulsions = fc.double({ min: 0.5, max: 8, noNaN: true })

describe("the impurity model", () => {
  test("at half filling has one electron on the impurity, the free sea as mean field, and double spectra", () =>
    fc.assert(fc.asyncProperty(repulsions, baths, async (repulsion, bath) => {
      const sea = await made(0, bath)
      const field = await made(repulsion, bath)
      expect(Math.abs(field.occupation - 1)).toBeLessThan(1e-9)
      const slope = (referenceEnergy(field.hamiltonian) - referenceEnergy(sea.hamiltonian)) / repulsion
      expect(Math.abs(slope + 0.25)).toBeLessThan(1e-9)
      // the sea's orbitals up to their signs, where no two have one energy
      expect(worst(field.orbitals.map(Math.abs), sea.orbitals.map(Math.abs))).toBeLessThan(1e-6)
      const { spectrum, occupations } = await spectrumOf(repulsion, bath)
      for (let at = 0; at < spectrum.length; at += 2)
        expect(Math.abs((spectrum[at] ?? NaN) - (spectrum[at + 1] ?? NaN))).toBeLessThan(1e-8)
      for (const [at, occupation] of occupations.entries())
        expect(Math.abs(occupation + (occupations[occupations.length - 1 - at] ?? NaN) - 2)).toBeLessThan(1e-8)
    }), { numRuns: 10 }))

  test("away from half filling has neither", async () => {
    const { spectrum } = await spectrumOf(4, chain(5), -1)
    expect(Math.abs((spectrum[0] ?? NaN) - (spectrum[1] ?? NaN))).toBeGreaterThan(1e-6)
    expect(Math.abs((await made(4, chain(5), -1)).occupation - 1)).toBeGreaterThan(1e-2)
  })

  const small = reference.impurities.filter(({ bath }) => bath <= 5)
  test.each(small)("has PySCF's energies, overlaps and spectrum: bath $bath, U $repulsion", async (expected) => {
    const { hamiltonian, state, spectrum, orbitals } = await spectrumOf(expected.repulsion, chain(expected.bath))
    expect(Math.abs(referenceEnergy(hamiltonian) - expected.meanField)).toBeLessThan(1e-8)
    expect(Math.abs(state.energy - expected.exact)).toBeLessThan(1e-8)
    expect(Math.abs((state.vector[0] ?? NaN) ** 2 - expected.meanFieldOverlap)).toBeLessThan(1e-6)
    const turned = rotateState(state.vector, state.strings, orbitals)
    expect(Math.abs((turned[0] ?? NaN) ** 2 - expected.naturalOverlap)).toBeLessThan(1e-6)
    expect(worst(spectrum, expected.spectrum)).toBeLessThan(1e-7)
  })

  test("has a spectrum that falls geometrically, faster than the theorem asks: two orbitals hold the state", () =>
    fc.assert(fc.asyncProperty(repulsions, fc.constantFrom(3, 5), async (repulsion, size) => {
      const { spectrum, state, orbitals } = await spectrumOf(repulsion, chain(size))
      const asked = guaranteedRate((await made(0, chain(size))).orbitalEnergies)
      expect(asked).toBeGreaterThan(0)
      for (let at = 2; at < spectrum.length; at += 2) {
        const ratio = (spectrum[at] ?? NaN) / (spectrum[at - 2] ?? NaN)
        if ((spectrum[at] ?? 0) < 1e-9) continue
        expect(ratio).toBeLessThan(1e-2)
        // sigma is doubly degenerate, and of two spins: four modes a step
        expect(-Math.log(ratio) / 4).toBeGreaterThan(asked)
      }
      const turned = rotateState(state.vector, state.strings, orbitals)
      const pairs = (size + 1) / 2
      const two = weightWithin(turned, state.strings, { frozen: pairs - 1, active: 2 })
      expect(two).toBeGreaterThan(0.999)
      // one determinant does not: the state is a superposition of Gaussian states
      if (repulsion > 4)
        expect(weightWithin(turned, state.strings, { frozen: pairs, active: 0 })).toBeLessThan(0.9)
    }), { numRuns: 8 }))

  test("that is none is refused with its field", async () => {
    const bath = chain(3)
    const refused = async (model: Parameters<typeof sites>[0]) =>
      (await Effect.runPromise(Effect.flip(sites(model)))).field
    expect(await refused({ repulsion: NaN, bath })).toBe("energies")
    expect(await refused({ repulsion: 1, bath, electrons: 3 })).toBe("electrons")
    expect(await refused({ repulsion: 1, bath: { ...bath, hopping: new Float64Array(4) } })).toBe("hopping")
    // an even bath leaves an odd electron at half filling
    expect(await refused({ repulsion: 1, bath: chain(4) })).toBe("electrons")
  })
})
