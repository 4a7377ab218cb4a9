/** The laws of basis sets: all that are packaged are read, and what is none is refused by name and element. */
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { describe, expect, test } from "vitest"
import { basisNamed, covers, packaged } from "../../../src/methods/chemistry/basis.ts"
import { atomicOrbitals, normalise } from "../../../src/methods/chemistry/integrals/shells.ts"
import { make } from "../../../src/methods/chemistry/molecule.ts"
import { chemistry } from "./molecules.ts"

const run = chemistry()
const refused = async (name: string): Promise<string> => (await run(Effect.flip(basisNamed(name)))).message
const carbon = await run(make({ symbols: ["C"], coordinates: [0, 0, 0] }))
const counts = {
  "sto-3g": 5, "3-21g": 9, "6-31g": 9, "6-31g*": 14, "6-31g**": 14, "6-311g**": 18, "def2-svp": 14, "cc-pvdz": 14,
  "cc-pvtz": 30
}

describe("a basis set", () => {
  test("that is packaged has functions for H to Ar, as many for carbon as was published", async () => {
    expect(Object.keys(counts).sort()).toEqual(Object.keys(packaged).sort())
    for (const [name, count] of Object.entries(counts)) {
      const basis = await run(basisNamed(name.toUpperCase()))
      for (let number = 1; number <= 18; number++)
        expect((basis.elements.get(number) ?? []).length, `${name} ${number}`).toBeGreaterThan(0)
      expect(atomicOrbitals(carbon, basis).count, name).toBe(count)
    }
  })

  test("goes by its other name", async () => {
    expect((await run(basisNamed("6-31G(d,p)"))).elements).toEqual((await run(basisNamed("6-31g**"))).elements)
  })

  test("gives contractions of unit norm whatever their coefficients are multiplied by", () => {
    const [once, twice] = [1, 2].map((factor) => normalise(2, [0.4, 1.9], [0.3 * factor, 0.8 * factor]))
    for (const [at, value] of (once ?? []).entries()) expect(Math.abs(value - (twice?.[at] ?? NaN))).toBeLessThan(1e-14)
    expect(normalise(1, [0.4, 1.9], [0.3, 0.8])).not.toEqual(once)
  })

  test("that is unknown, broken or without an element is refused by name", async () => {
    expect(await refused("6-31++g")).toContain("6-31++g: basis: expected sto-3g,")
    const folder = mkdtempSync(path.join(tmpdir(), "basis-"))
    const file = path.join(folder, "own.json")
    const write = (shell: object): void =>
      writeFileSync(file, JSON.stringify({ name: "own", elements: { 1: { electron_shells: [shell] } } }))
    const shell = { angular_momentum: [0], exponents: ["1.0", "0.2"], coefficients: [["0.3", "0.7"]] }
    write(shell)
    const own = await run(basisNamed(file))
    expect(own.elements.get(1)).toEqual([{ angularMomenta: [0], exponents: [1, 0.2], coefficients: [[0.3, 0.7]] }])
    const lacking = await run(Effect.flip(covers(own, carbon)))
    expect(lacking.message).toContain("own: atom 1: the basis set has no functions for C")
    write({ ...shell, exponents: ["1.0", "x"] })
    expect(await refused(file)).toContain("exponents.1: expected a finite number as text")
    write({ ...shell, exponents: ["1.0", "-2"] })
    expect(await refused(file)).toContain("H: expected positive exponents")
    write({ ...shell, coefficients: [["1"]] })
    expect(await refused(file)).toContain("H: expected rows of 2 coefficients")
    rmSync(folder, { recursive: true })
  })
})
