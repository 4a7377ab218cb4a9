/** The laws of methods by name, from a geometry to an energy: PySCF's correlation energies, and frozen cores. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { correlationEnergy, type MethodName } from "../../../src/methods/chemistry/correlation-energy.ts"
import { binomial } from "../../../src/methods/chemistry/correlation/strings.ts"
import { atomicNumber } from "../../../src/methods/chemistry/elements.ts"
import { EnergyMethod } from "../../../src/methods/chemistry/energy-method.ts"
import { meanField } from "../../../src/methods/chemistry/mean-field.ts"
import { make } from "../../../src/methods/chemistry/molecule.ts"
import { chemistry, geometryOf, moved, reference, reordered, rotation } from "./molecules.ts"

const run = chemistry()
const fieldOf = (molecule: string, basis: string) =>
  run(Effect.flatMap(make(geometryOf(molecule)), (made) => meanField(made, { basis })))
/** Those that take little time: at most so many orbitals, and a basis of each kind. */
const paired = reference.cases.filter(({ mp2, orbitals }) => mp2 !== undefined && orbitals <= 12)
const strings = ({ orbitals, molecule }: (typeof reference.cases)[number]): number => {
  const electrons = geometryOf(molecule).symbols.reduce((sum, symbol) => sum + (atomicNumber(symbol) ?? 0), 0)
  return binomial(orbitals, electrons / 2)
}
describe("a method by its name", () => {
  test.each(paired)("gives PySCF's correlation energy of $molecule in $basis", async (wanted) => {
    const field = await fieldOf(wanted.molecule, wanted.basis)
    const check = async (method: MethodName, energy: number | undefined, tolerance: number) => {
      if (energy === undefined) return
      const found = await run(correlationEnergy(field, method))
      expect(Math.abs(found.correlation - energy), method).toBeLessThan(tolerance)
      expect(Math.abs(found.total - wanted.rhf - energy), method).toBeLessThan(1e-8)
    }
    await check("mp2", wanted.mp2, 1e-8)
    await check("ccsd", wanted.ccsd, 1e-8)
    if (wanted.triples !== undefined && wanted.ccsd !== undefined)
      await check("ccsd(t)", wanted.ccsd + wanted.triples, 1e-8)
    if (strings(wanted) <= 150) await check("fci", wanted.fci, 1e-9)
  })

  test("is compared for thirty pairs of molecule and basis set, exactly for most", () => {
    expect(paired.length).toBeGreaterThanOrEqual(30)
    expect(paired.filter((wanted) => wanted.fci !== undefined && strings(wanted) <= 150).length)
      .toBeGreaterThanOrEqual(20)
  })

  test("is the same however the molecule is turned, shifted or listed", async () => {
    const shift = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 })
    const lithium = await run(make(geometryOf("BeH2")))
    await fc.assert(fc.asyncProperty(
      rotation, shift, fc.constantFrom([2, 0, 1], [1, 2, 0]),
      fc.constantFrom<MethodName>("mp2", "ccsd", "ccsd(t)", "fci"),
      async (turn, by, order, method) => {
        const energyOf = async (molecule: typeof lithium) =>
          (await run(Effect.flatMap(meanField(molecule, { basis: "sto-3g", energyTolerance: 1e-12 }), (field) =>
            correlationEnergy(field, method)))).total
        const here = await energyOf(lithium)
        expect(Math.abs(await energyOf(reordered(moved(lithium, turn, by), order)) - here)).toBeLessThan(1e-8)
        const bent = { ...lithium, positions: lithium.positions.map((x, at) => (at === 3 ? x + 0.3 : x)) }
        expect(Math.abs(await energyOf(bent) - here)).toBeGreaterThan(1e-5)
      }
    ), { numRuns: 8 })
  })

  test("never lies below the exact energy where it is variational, and adds over molecules far apart", async () => {
    const one = geometryOf("H2")
    const pair = await run(make({
      symbols: [...one.symbols, ...one.symbols],
      coordinates: [...one.coordinates, ...one.coordinates.map((x, at) => x + (at % 3 === 0 ? 200 : 0))]
    }))
    const [alone, both] = [await fieldOf("H2", "6-31g"), await run(meanField(pair, { basis: "6-31g" }))]
    for (const method of ["mp2", "ccsd", "ccsd(t)", "fci"] as const) {
      const [single, double] = [await run(correlationEnergy(alone, method)), await run(correlationEnergy(both, method))]
      expect(Math.abs(double.total - 2 * single.total), method).toBeLessThan(1e-8)
      expect(single.total).toBeLessThan(alone.energy)
    }
    const [cluster, exact] = [await run(correlationEnergy(alone, "ccsd")), await run(correlationEnergy(alone, "fci"))]
    expect(Math.abs(cluster.total - exact.total)).toBeLessThan(1e-8)
  })

  test("gives less correlation with a frozen core, and none for the mean field", async () => {
    const field = await fieldOf("LiH", "6-31g")
    const [all, frozen] = await Promise.all([0, 1].map((orbitals) =>
      run(correlationEnergy(field, "ccsd", { frozen: orbitals }))))
    expect(frozen?.correlation).toBeGreaterThan(all?.correlation ?? 0)
    expect(frozen?.total).toBeCloseTo(-7.998002039305299, 8)
    expect(await run(correlationEnergy(field, "hf"))).toEqual({ total: field.energy, correlation: 0 })
  })

  test("is a service that takes a molecule, and refuses one by name", async () => {
    const method = EnergyMethod.pipe(Effect.provide(EnergyMethod.layer("fci", { basis: "sto-3g" })))
    const found = await run(Effect.flatMap(method, ({ energy }) => Effect.flatMap(make(geometryOf("H2")), energy)))
    expect(found.total).toBeCloseTo(-1.1372838344882963, 9)
    const lone = make({ symbols: ["H"], coordinates: [0, 0, 0] })
    const error = await run(Effect.flip(Effect.flatMap(method, ({ energy }) => Effect.flatMap(lone, energy))))
    expect(error).toMatchObject({ _tag: "EnergyError", method: "fci" })
  })
})
