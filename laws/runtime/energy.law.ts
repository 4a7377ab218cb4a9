/** `noether energy` and `noether chem basis`: energies in files of every kind, states to go on from, and one error. */
import { Exit } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { describe, expect, it } from "vitest"
import { Report } from "../../src/core/document.ts"
import { chem as chemCommand } from "../../src/runtime/cli/chem.ts"
import { energy as energyCommand } from "../../src/runtime/cli/energy.ts"
import { basis } from "../../src/runtime/commands/chem.ts"
import { energy } from "../../src/runtime/commands/energy.ts"
import { temporaryFolder } from "./scratch.ts"
import { hear, read } from "./speaking.ts"

const root = temporaryFolder()
const place = (name: string): string => path.join(root, name)
const file = (name: string, atoms: ReadonlyArray<string>): string => {
  writeFileSync(place(name), `${atoms.length}\n${name}\n${atoms.join("\n")}\n`)
  return place(name)
}
const water = file("water.xyz", ["O 0 0 0", "H 0 -0.757 0.587", "H 0 0.757 0.587"])

const say = (...args: ReadonlyArray<string>) => hear(energyCommand(energy), [...args, "--threads", "1", "--json"])

const report = async (...args: ReadonlyArray<string>): Promise<Report> => {
  const { exit, out, errors } = await say(...args)
  expect([Exit.isSuccess(exit), out.length, errors]).toEqual([true, 1, []])
  const document = read(out[0])
  if (!Report.is(document)) throw new Error(`expected a report, got ${out[0]}`)
  return document
}
const failure = async (...args: ReadonlyArray<string>): Promise<string> => (await say(...args)).out.join()
const valueOf = ({ figures }: Report, name: string): number =>
  figures.find((figure) => figure.name === name)?.value ?? NaN

describe("noether energy", () => {
  it("gives PySCF's energies of water, by hand and again from its own QCSchema result", async () => {
    const result = place("water.json")
    const first = await report(water, "--method", "ccsd", "--qcschema", result, "--out", place("report"))
    expect(Math.abs(valueOf(first, "total energy") + 75.01253063)).toBeLessThan(1e-7)
    expect(Math.abs(valueOf(first, "mean-field energy") + 74.96306313)).toBeLessThan(1e-7)
    expect(existsSync(place("report/report.html"))).toBe(true)
    expect(JSON.parse(readFileSync(result, "utf8"))).toMatchObject({
      schema_name: "qcschema_output", success: true, return_result: valueOf(first, "total energy"),
      properties: { ccsd_total_energy: valueOf(first, "total energy") }
    })
    expect((await report(result)).figures).toEqual(first.figures)
  })

  it("goes on from where a mean field that did not converge was left", async () => {
    const state = place("water.state")
    const whole = await report(water, "--basis", "6-31g")
    expect(await failure(water, "--basis", "6-31g", "--iterations", "5", "--restart", state)).toContain("NotConverged")
    const resumed = await report(water, "--basis", "6-31g", "--restart", state)
    expect(Math.abs(valueOf(resumed, "total energy") - valueOf(whole, "total energy"))).toBeLessThan(1e-8)
    expect(valueOf(resumed, "mean-field iterations")).toBeLessThan(valueOf(whole, "mean-field iterations"))
    expect(await failure(water, "--restart", state)).toContain("StateMismatch")
  })

  it("has a gradient in its result, and fitted densities close to the exact ones", async () => {
    const result = place("gradient.json")
    await report(water, "--gradient", "--qcschema", result)
    const { driver, return_result: slopes } = JSON.parse(readFileSync(result, "utf8"))
    expect([driver, slopes.length]).toEqual(["gradient", 9])
    const [exact, fitted] = [await report(water), await report(water, "--density-fitting")]
    const apart = Math.abs(valueOf(exact, "total energy") - valueOf(fitted, "total energy"))
    expect(apart).toBeLessThan(1e-3)
    expect(apart).toBeGreaterThan(1e-9)
  })

  it("refuses what it cannot do, in one document that says why", async () => {
    const refusals: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
      [[file("radical.xyz", ["H 0 0 0"])], "expected an even number"],
      [[file("one-place.xyz", ["H 0 0 0", "H 0 0 0.001"])], "expected different places"],
      [[file("unknown.xyz", ["Xx 0 0 0"])], "expected an element"],
      [[file("krypton.xyz", ["Kr 0 0 0"])], "has no functions for Kr"],
      [[water, "--basis", "nope"], "expected sto-3g"],
      [[water, "--multiplicity", "3"], "is for closed shells"],
      [[water, "--basis", "cc-pvtz", "--memory", "0.001"], "of memory are needed"],
      [[water, "--method", "ccsd", "--frozen", "9"], "frozen: expected a whole number from 0 to 4"],
      [[water, "--method", "ccsd", "--gradient"], "there is one for the method hf alone"],
      [[water, "--gradient", "--density-fitting"], "for exact integrals alone"]
    ]
    for (const [args, why] of refusals) expect(await failure(...args)).toContain(why)
  })
})

describe("noether chem basis", () => {
  it("lists every packaged set with its elements", async () => {
    const { exit, out } = await hear(chemCommand({ basis }), ["basis", "--json"])
    expect(Exit.isSuccess(exit)).toBe(true)
    const document = read(out[0])
    if (!Report.is(document)) throw new Error("expected a report")
    expect(document.text).toContain("cc-pvdz: H-Ar")
    expect(document.text).toContain("def2-universal-jkfit: H-Ar")
  })
})
