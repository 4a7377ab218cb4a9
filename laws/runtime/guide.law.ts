/** `noether guide` on small molecules: one document a seed, every law held, a report, and errors that name causes. */
import { Exit } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { describe, expect, it } from "vitest"
import { Report } from "../../src/core/document.ts"
import { guide as command, numbersIn } from "../../src/runtime/cli/guide.ts"
import { guide } from "../../src/runtime/commands/guide/index.ts"
import { temporaryFolder } from "./scratch.ts"
import { hear, read } from "./speaking.ts"

const root = temporaryFolder()
const file = (name: string, atoms: ReadonlyArray<string>): string => {
  const place = path.join(root, name)
  writeFileSync(place, `${atoms.length}\n${name}\n${atoms.join("\n")}\n`)
  return place
}
const hydrogen = file("h4.xyz", ["H 0 0 0", "H 0 0 1", "H 0 0 2", "H 0 0 3"])
const ethene = file("ethene.xyz", [
  "C 0.6695 0 0", "C -0.6695 0 0",
  "H 1.2321 0.9289 0", "H 1.2321 -0.9289 0", "H -1.2321 0.9289 0", "H -1.2321 -0.9289 0"
])

const say = (...args: ReadonlyArray<string>) => hear(command(guide), [...args, "--threads", "1", "--json"])

const report = async (...args: ReadonlyArray<string>): Promise<Report> => {
  const { exit, out, errors } = await say(...args)
  expect([Exit.isSuccess(exit), out.length, errors]).toEqual([true, 1, []])
  const document = read(out[0])
  if (!Report.is(document)) throw new Error(`expected a report, got ${out[0]}`)
  return document
}

const valueOf = ({ figures }: Report, name: string): number =>
  figures.find((figure) => figure.name === name)?.value ?? NaN

describe("noether guide", () => {
  it("gives one document for a seed, other runs for another, and every law holds", async () => {
    const [first, again, other] = [
      await report(hydrogen, "--bits", "5", "--seed", "7"), await report(hydrogen, "--bits", "5", "--seed", "7"),
      await report(hydrogen, "--bits", "5", "--seed", "8")
    ]
    expect(first).toEqual(again)
    expect(valueOf(other, "overlap of the mean field")).toBe(valueOf(first, "overlap of the mean field"))
    expect(valueOf(other, "runs drawn that found the ground state"))
      .not.toBe(valueOf(first, "runs drawn that found the ground state"))
    expect(first.laws.length).toBe(8)
    for (const { name, holds } of first.laws) expect([name, holds]).toEqual([name, true])
    expect(Math.abs(valueOf(first, "overlap of the mean field") - 0.9364638696)).toBeLessThan(1e-7)
    expect(Math.abs(valueOf(first, "total energy") + 2.1663874486)).toBeLessThan(1e-8)
  })

  it("takes cores of a molecule: more overlap than the whole, and the mean field is the molecule's", async () => {
    const whole = await report(hydrogen, "--bits", "3")
    for (const embedding of ["schmidt", "huzinaga"]) {
      const core = await report(hydrogen, "--bits", "3", "--embedding", embedding, "--atoms", "1")
      expect(valueOf(core, "orbitals")).toBeLessThan(valueOf(whole, "orbitals"))
      expect(valueOf(core, "overlap of the mean field")).toBeGreaterThan(valueOf(whole, "overlap of the mean field"))
      expect(Math.abs(valueOf(core, "mean-field energy") - valueOf(whole, "mean-field energy"))).toBeLessThan(1e-7)
    }
    const pi = await report(ethene, "--bits", "3", "--embedding", "pi")
    expect([valueOf(pi, "electrons"), valueOf(pi, "orbitals")]).toEqual([2, 2])
  })

  it("writes a report that stands alone", async () => {
    const out = path.join(root, "report")
    await report(hydrogen, "--bits", "3", "--trotter", "4", "--out", out)
    expect(existsSync(path.join(out, "report.html"))).toBe(true)
    const text = readFileSync(path.join(out, "report.html"), "utf8")
    for (const part of ["Guiding states of H4", "Natural occupations", "product formula", "phase estimation finds"])
      expect(text).toContain(part)
  })

  it("answers what cannot be done with one error that names it", async () => {
    const refused = async (...args: ReadonlyArray<string>) => {
      const { exit, out } = await say(...args)
      expect([Exit.isFailure(exit), out.length]).toEqual([true, 1])
      const document = read(out[0])
      if (!("error" in document)) throw new Error("expected an error")
      return document.error
    }
    expect((await refused(hydrogen, "--embedding", "huzinaga")).message).toContain("--atoms")
    expect((await refused(hydrogen, "--embedding", "schmidt", "--atoms", "3-5")).message).toContain("from 1 to 4")
    expect((await refused(hydrogen, "--atoms", "two")).message).toContain("expected atoms as 1-3,7")
    expect((await refused(hydrogen, "--embedding", "pi")).message).toContain("xy plane")
    expect((await refused(hydrogen, "--embedding", "schmidt", "--atoms", "1", "--active", "3")).message)
      .toContain("--active")
    expect((await refused(path.join(root, "none.xyz"))).tag).toBe("NotFound")
  })
})

describe("a list of atoms", () => {
  it("is numbers and ranges from 1, each once", () => {
    expect(numbersIn("1-3, 7")).toEqual([1, 2, 3, 7])
    expect(numbersIn("2,1-2")).toEqual([2, 1])
    expect(numbersIn("")).toEqual([])
    for (const wrong of ["0", "3-1", "a", "1,,2", "1-", "99999"]) expect(numbersIn(wrong)).toBeUndefined()
  })
})
