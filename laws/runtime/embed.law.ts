/** `noether embed`: fragments of a molecule from a file, a report in a folder, and a matching that goes on. */
import { Exit } from "effect"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { beforeAll, expect, it } from "vitest"
import { Report } from "../../src/core/document.ts"
import { temporaryFolder } from "./scratch.ts"
import { read, say } from "./speaking.ts"

const root = temporaryFolder()
const place = (...names: ReadonlyArray<string>): string => path.join(root, ...names)
const chain = (count: number): string =>
  `${count}\nhydrogens\n${Array.from({ length: count }, (_, at) => `H 0 0 ${at}`).join("\n")}\n`

beforeAll(() => {
  writeFileSync(place("eight.xyz"), chain(8))
  writeFileSync(place("four.xyz"), chain(4))
})

const embed = (file: string, ...more: ReadonlyArray<string>) =>
  ["embed", place(file), "--solver", "fci", "--threads", "1", "--json", ...more]

const valueOf = ({ figures }: Report, name: string): number =>
  figures.find((figure) => figure.name === name)?.value ?? NaN

it("an embedded molecule has its report, its result and its matching in a folder, and goes on from there", async () => {
  const matched = (...more: ReadonlyArray<string>) =>
    embed("eight.xyz", "--matching", "full", "--tolerance", "1e-5", "--out", place("out"), ...more)
  const stopped = await say(matched("--iterations", "1"))
  expect(read(stopped.out[0])).toMatchObject({ error: { tag: "NotMatched", field: "matching" } })
  const { exit, out } = await say(matched("--resume"))
  expect(Exit.isSuccess(exit) || out[0]).toBe(true)
  const document = read(out[0])
  if (!Report.is(document)) throw new Error(`expected a report, got ${out[0]}`)
  expect(document.laws).toMatchObject([{ holds: true }, { holds: true }])
  // quemb, matched within 1e-8
  expect(Math.abs(valueOf(document, "correlation energy") + 0.1343033282)).toBeLessThan(1e-5)
  expect(valueOf(document, "fragments")).toBe(6)
  expect(readdirSync(place("out")).sort()).toEqual(["matching.json", "qcschema.json", "report.html"])
  const result: unknown = JSON.parse(readFileSync(place("out", "qcschema.json"), "utf8"))
  expect(result).toMatchObject({
    schema_name: "qcschema_output", model: { method: "be2-fci" }, return_result: valueOf(document, "total energy")
  })
}, 120_000)

it.each([
  ["a matching of another molecule", () => embed("four.xyz", "--out", place("out"), "--resume"), "OtherEmbedding"],
  ["a matching that is not there", () => embed("four.xyz", "--out", place("none"), "--resume"), "NotFound"],
  ["going on without a folder", () => embed("four.xyz", "--resume"), "EmbeddingError"],
  ["a solver without density matrices", () => embed("four.xyz", "--solver", "mp2"), "InvalidValue"],
  ["a fragment that there is not", () => embed("four.xyz", "--fragments", "be9"), "InvalidValue"]
])("%s gives one error", async (_, args, tag) => {
  const { out } = await say(args())
  expect(read(out[0])).toMatchObject({ error: { tag } })
})
