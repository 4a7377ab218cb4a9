/** The laws of results in QCSchema: they carry the energies under their names, and can be asked for again. */
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import { correlationEnergy, type MethodName } from "../../../src/methods/chemistry/correlation-energy.ts"
import { meanField } from "../../../src/methods/chemistry/mean-field.ts"
import { make } from "../../../src/methods/chemistry/molecule.ts"
import { atomicResult } from "../../../src/methods/chemistry/qcschema.ts"
import { parseInput } from "../../../src/methods/chemistry/read-molecule.ts"
import { apart, chemistry, geometryOf } from "./molecules.ts"

const run = chemistry()

describe("a result in QCSchema", () => {
  test("has each method's energies under the names of the schema, and is input for the same again", async () => {
    const molecule = await run(make(geometryOf("LiH")))
    const field = await run(meanField(molecule, { basis: "sto-3g" }))
    const names: ReadonlyArray<readonly [MethodName, string]> = [
      ["hf", "scf_total_energy"], ["mp2", "mp2_total_energy"], ["ccsd", "ccsd_total_energy"],
      ["ccsd(t)", "ccsd_prt_pr_total_energy"], ["fci", "return_energy"]
    ]
    for (const [method, name] of names) {
      const energy = await run(correlationEnergy(field, method))
      const result = atomicResult({ field, method, energy, version: "1" })
      const properties = new Map<string, unknown>(Object.entries(result.properties))
      expect(properties.get(name)).toBe(energy.total)
      expect(properties.get("return_energy")).toBe(result.return_result)
      const { scf_one_electron_energy: one, scf_two_electron_energy: two } = result.properties
      expect(Math.abs(one + two + field.nuclearRepulsion - field.energy)).toBeLessThan(1e-10)
      const again = await run(parseInput(JSON.stringify(result), "result.json"))
      expect(again).toMatchObject({ method, basis: "STO-3G", driver: "energy" })
      expect(apart(again.molecule.positions, molecule.positions)).toBe(0)
      expect(again.molecule.atomicNumbers).toEqual(molecule.atomicNumbers)
    }
  })

  test("with a gradient returns it, and refuses a molecule that is none", async () => {
    const molecule = await run(make(geometryOf("H2")))
    const field = await run(meanField(molecule, { basis: "sto-3g" }))
    const gradient = Float64Array.of(0, 0, 1, 0, 0, -1)
    const energy = { total: field.energy, correlation: 0 }
    expect(atomicResult({ field, method: "hf", energy, gradient, version: "1" }))
      .toMatchObject({ driver: "gradient", return_result: [0, 0, 1, 0, 0, -1] })
    const bad = JSON.stringify({ molecule: { symbols: ["H"], geometry: [0, 0] } })
    expect((await run(Effect.flip(parseInput(bad, "bad.json")))).message).toContain("expected 3 numbers for 1 atoms")
  })
})
