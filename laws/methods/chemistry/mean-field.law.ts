/** The laws of the mean field: PySCF's energies, conserved electrons, variation, invariance, and how it fails. */
import { Effect, Layer } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { EnergyMethod } from "../../../src/methods/chemistry/energy-method.ts"
import { attraction } from "../../../src/methods/chemistry/integrals/one-electron.ts"
import { shellPairs } from "../../../src/methods/chemistry/integrals/pairs.ts"
import { dipoleMoment, MeanField, meanField, type MeanFieldRequest } from "../../../src/methods/chemistry/mean-field.ts"
import { multiply, trace } from "../../../src/methods/chemistry/mean-field/dense.ts"
import { electrons, make, type Molecule, TheMolecule } from "../../../src/methods/chemistry/molecule.ts"
import { apart, chemistry, distortedWater, geometryOf, moved, reference, reordered, rotation } from "./molecules.ts"

const run = chemistry()
const named = (name: string): Promise<Molecule> => run(make(geometryOf(name)))
const solve = (molecule: Molecule, request: MeanFieldRequest) => run(meanField(molecule, request))
const energyOf = async (molecule: Molecule, request: MeanFieldRequest) => (await solve(molecule, request)).energy
const shift = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 })

describe("the mean field", () => {
  test("has PySCF's energies, orbital energies and dipoles", async () => {
    const worst = { energy: 0, orbitals: 0, dipole: 0, nuclear: 0 }
    for (const wanted of reference.cases) {
      const field = await solve(await named(wanted.molecule), { basis: wanted.basis })
      const where = `${wanted.molecule} in ${wanted.basis}`
      const found = {
        energy: Math.abs(field.energy - wanted.rhf),
        orbitals: apart(field.orbitalEnergies, wanted.orbitalEnergies),
        dipole: apart(dipoleMoment(field), wanted.dipole),
        nuclear: Math.abs(field.nuclearRepulsion - wanted.nuclearRepulsion)
      }
      expect(found.energy, where).toBeLessThan(1e-8)
      expect(found.orbitals, where).toBeLessThan(1e-6)
      expect(found.dipole, where).toBeLessThan(1e-6)
      expect(found.nuclear, where).toBeLessThan(1e-9)
      worst.energy = Math.max(worst.energy, found.energy)
    }
    expect(reference.cases.length).toBeGreaterThanOrEqual(30)
    expect(worst.energy).toBeLessThan(1e-9)
  })

  test("in Cartesian functions has PySCF's energy, which the spherical one is not", async () => {
    const wanted = reference.integrals.find(({ cartesian }) => cartesian)
    const molecule = await named(wanted?.molecule ?? "")
    const request = { basis: wanted?.basis ?? "" }
    const off = async (cartesian: boolean) =>
      Math.abs(await energyOf(molecule, { ...request, cartesian }) - (wanted?.rhf ?? NaN))
    expect(await off(true)).toBeLessThan(1e-8)
    expect(await off(false)).toBeGreaterThan(1e-6)
  })

  test("conserves electrons, has an idempotent density, and its commutator vanishes", async () => {
    await fc.assert(fc.asyncProperty(distortedWater, fc.constantFrom("sto-3g", "6-31g"), async (molecule, basis) => {
      const { density, fock, commutator, integrals } = await solve(molecule, { basis })
      const { overlap, orbitals: { count: n } } = integrals
      expect(Math.abs(trace(density, overlap) - electrons(molecule))).toBeLessThan(1e-10)
      const ds = multiply(density, overlap, n, n, n)
      expect(apart(multiply(ds, density, n, n, n), density.map((value) => 2 * value))).toBeLessThan(1e-9)
      const fds = multiply(fock, ds, n, n, n)
      const flipped = fds.map((_, at) => fds[(at % n) * n + Math.floor(at / n)]!)
      expect(apart(fds, flipped)).toBeLessThan(1e-7)
      expect(commutator).toBeLessThan(1e-8)
      const spoiled = density.map((value, at) => (at === 0 ? value + 0.01 : value))
      expect(Math.abs(trace(spoiled, overlap) - electrons(molecule))).toBeGreaterThan(1e-3)
    }), { numRuns: 15 })
  })

  test("has one energy however the molecule is turned, shifted or listed", async () => {
    await fc.assert(fc.asyncProperty(
      distortedWater, rotation, shift, fc.constantFrom([2, 0, 1], [1, 2, 0]), fc.constantFrom("sto-3g", "6-31g*"),
      async (molecule, turn, by, order, basis) => {
        const here = await solve(molecule, { basis })
        const there = await solve(reordered(moved(molecule, turn, by), order), { basis })
        expect(Math.abs(here.energy - there.energy)).toBeLessThan(1e-9)
        const turned = [0, 1, 2].map((row) =>
          dipoleMoment(here).reduce((sum, value, column) => sum + (turn[3 * row + column] ?? 0) * value, 0))
        expect(apart(dipoleMoment(there), turned)).toBeLessThan(1e-5)
      }
    ), { numRuns: 12 })
  })

  test("never rises when functions are added, and is above no larger basis's energy", async () => {
    await fc.assert(fc.asyncProperty(distortedWater, async (molecule) => {
      const energies = []
      for (const basis of ["6-31g", "6-31g*", "6-31g**"]) energies.push(await energyOf(molecule, { basis }))
      const [small = NaN, middle = NaN, large = NaN] = energies
      expect(middle).toBeLessThan(small)
      expect(large).toBeLessThan(middle)
    }), { numRuns: 5 })
  })

  test("adds over molecules that are far apart", async () => {
    const one = geometryOf("H2")
    const pair = await run(make({
      symbols: [...one.symbols, ...one.symbols],
      coordinates: [...one.coordinates, ...one.coordinates.map((x, at) => x + (at % 3 === 0 ? 200 : 0))]
    }))
    const alone = await energyOf(await named("H2"), { basis: "6-31g" })
    expect(Math.abs(await energyOf(pair, { basis: "6-31g" }) - 2 * alone)).toBeLessThan(1e-8)
  })

  test("answers a point charge by its electrostatic potential, and none by the vacuum", async () => {
    const distance = fc.double({ min: 4, max: 9, noNaN: true })
    await fc.assert(fc.asyncProperty(distortedWater, distance, async (molecule, far) => {
      const positions = [far, 0.3 * far, -1]
      const at = (charge: number) =>
        energyOf(molecule, { basis: "sto-3g", pointCharges: { charges: [charge], positions } })
      const field = await solve(molecule, { basis: "sto-3g" })
      expect(Math.abs(await at(0) - field.energy)).toBeLessThan(1e-9)
      const { orbitals } = field.integrals
      const unit = attraction(shellPairs(orbitals), orbitals.count, { charges: [1], positions })
      const electronic = trace(field.density, unit)
      const nuclear = molecule.atomicNumbers.reduce((sum, number, atom) =>
        sum + number / Math.hypot(...positions.map((x, axis) => molecule.positions[3 * atom + axis]! - x)), 0)
      const step = 1e-3
      const slope = (await at(step) - await at(-step)) / (2 * step)
      expect(Math.abs(slope - nuclear - electronic)).toBeLessThan(1e-6)
      expect(Math.abs(slope - nuclear + electronic)).toBeGreaterThan(1e-3)
    }), { numRuns: 4 })
  })

  test("reaches one state from a level shift, its own density and the density of a state not converged", async () => {
    const molecule = await named("HCN")
    const plain = await solve(molecule, { basis: "6-31g" })
    const raised = await solve(molecule, { basis: "6-31g", levelShift: 0.3 })
    expect(Math.abs(raised.energy - plain.energy)).toBeLessThan(1e-9)
    expect(apart(raised.orbitalEnergies, plain.orbitalEnergies)).toBeLessThan(1e-6)
    const error = await run(Effect.flip(meanField(molecule, { basis: "6-31g", maximumIterations: 4 })))
    if (error._tag !== "NotConverged") throw error
    expect(error.message).toContain("not converged after 4 iterations")
    expect(error.state.energy).not.toBeCloseTo(plain.energy, 9)
    const resumed = await solve(molecule, { basis: "6-31g", density: error.state.density })
    expect(Math.abs(resumed.energy - plain.energy)).toBeLessThan(1e-9)
    const again = await solve(molecule, { basis: "6-31g", density: plain.density })
    expect(again.iterations).toBeLessThan(4)
  })

  test("leaves out functions that depend on others, and says how many", async () => {
    const molecule = await run(make({ symbols: ["He", "He"], coordinates: [0, 0, 0, 0, 0, 0.03] }))
    const field = await solve(molecule, { basis: "6-31g", dependence: 1e-2 })
    expect(field.dropped).toBeGreaterThan(0)
    expect(field.orbitalEnergies.length).toBe(4 - field.dropped)
    const error = await run(Effect.flip(meanField(molecule, { basis: "sto-3g", dependence: 0.9 })))
    expect(error.message).toContain("1 independent functions do not hold 4 electrons")
  })

  test("refuses what it cannot pair", async () => {
    const radical = await run(make({ symbols: ["O", "H"], coordinates: [0, 0, 0, 0, 0, 1] }))
    const odd = await run(Effect.flip(meanField(radical, { basis: "sto-3g" })))
    expect(odd.message).toContain("electrons: restricted Hartree-Fock pairs electrons: expected an even number, got 9")
    const oxygen = await run(make({ symbols: ["O", "O"], coordinates: [0, 0, 0, 0, 0, 1.2], multiplicity: 3 }))
    const triplet = await run(Effect.flip(meanField(oxygen, { basis: "sto-3g" })))
    expect(triplet.message).toContain("multiplicity: restricted Hartree-Fock is for closed shells: expected 1, got 3")
  })

  test("composes as Layers: a molecule gives a mean field, and a method gives energies", async () => {
    const molecule = await named("H2O")
    const wanted = await energyOf(molecule, { basis: "sto-3g" })
    const field = MeanField.pipe(
      Effect.provide(MeanField.layer({ basis: "sto-3g" }).pipe(Layer.provide(Layer.succeed(TheMolecule, molecule))))
    )
    expect((await run(field)).energy).toBe(wanted)
    const method = EnergyMethod.pipe(
      Effect.flatMap(({ energy }) => energy(molecule)), Effect.provide(EnergyMethod.layer("hf", { basis: "sto-3g" }))
    )
    expect(await run(method)).toEqual({ total: wanted, correlation: 0 })
  })
})
