/** The laws of methods by name, from a geometry to an energy: PySCF's correlation energies, and frozen cores. */
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import { correlationEnergy, type MethodName } from "../../../src/methods/chemistry/correlation-energy.ts"
import { EnergyMethod } from "../../../src/methods/chemistry/energy-method.ts"
import { meanField } from "../../../src/methods/chemistry/mean-field.ts"
import { make } from "../../../src/methods/chemistry/molecule.ts"
import { chemistry, geometryOf, reference } from "./molecules.ts"

const run = chemistry()
const fieldOf = (molecule: string, basis: string) =>
  run(Effect.flatMap(make(geometryOf(molecule)), (made) => meanField(made, { basis })))
const small = reference.cases.filter(({ molecule, basis }) =>
  basis === "sto-3g" && ["H2", "LiH", "HF", "H4 chain"].includes(molecule))

describe("a method by its name", () => {
  test("gives PySCF's correlation energy of small molecules", async () => {
    let compared = 0
    for (const wanted of small) {
      const field = await fieldOf(wanted.molecule, wanted.basis)
      const check = async (method: MethodName, energy: number | undefined, tolerance: number) => {
        if (energy === undefined) return
        const found = await run(correlationEnergy(field, method))
        compared++
        expect(Math.abs(found.correlation - energy), `${method} of ${wanted.molecule} in ${wanted.basis}`)
          .toBeLessThan(tolerance)
        expect(Math.abs(found.total - wanted.rhf - energy)).toBeLessThan(1e-8)
      }
      await check("mp2", wanted.mp2, 1e-8)
      await check("ccsd", wanted.ccsd, 1e-8)
      if (wanted.triples !== undefined && wanted.ccsd !== undefined)
        await check("ccsd(t)", wanted.ccsd + wanted.triples, 1e-8)
      await check("fci", wanted.fci, 1e-9)
    }
    expect(compared).toBeGreaterThanOrEqual(12)
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
