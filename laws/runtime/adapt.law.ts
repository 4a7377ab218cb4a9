/** `noether adapt` and `noether generate --speculate`: a model learns to draft, and its text stays what it is. */
import { Exit } from "effect"
import { readdirSync, writeFileSync } from "node:fs"
import path from "node:path"
import { beforeAll, expect, it } from "vitest"
import { Report } from "../../src/core/document.ts"
import { prose, temporaryFolder, writeModel } from "./scratch.ts"
import { read, say } from "./speaking.ts"

const root = temporaryFolder()
const place = (...names: ReadonlyArray<string>): string => path.join(root, ...names)

const report = async (...args: ReadonlyArray<string>): Promise<Report> => {
  const { exit, out, errors } = await say([...args, "--threads", "1", "--json"])
  expect([Exit.isSuccess(exit) || out[0], out.length, errors]).toEqual([true, 1, []])
  const document = read(out[0])
  if (!Report.is(document)) throw new Error(`expected a report, got ${out[0]}`)
  return document
}

const adapt = ({ context = "8", out = "adapted" } = {}, ...more: ReadonlyArray<string>) =>
  ["adapt", place("model"), "--text", place("prose.txt"), "--out", place(out),
    "--masks", "2", "--rank", "2", "--steps", "4", "--batch", "1", "--context", context, ...more]
const generate = (...more: ReadonlyArray<string>) =>
  ["generate", place("model"), "--prompt", "A whale", "--tokens", "12", ...more]

beforeAll(async () => {
  await writeModel(place("model"))
  writeFileSync(place("prose.txt"), prose)
}, 60_000)

it("an adapted model keeps its logits, and generates the text that it did, by both schemes", async () => {
  const { laws } = await report(...adapt({}, "--own", "3"))
  expect(laws.map(({ holds }) => holds)).toEqual([true, true, true])
  expect(readdirSync(place("adapted", "adapter")).sort()).toEqual(["adapter.json", "adapter.safetensors"])
  const { text } = await report(...generate())
  for (const scheme of ["linear", "quadratic"]) {
    const several = await report(...generate("--speculate", place("adapted", "adapter"), "--scheme", scheme))
    expect(several.text).toBe(text)
    expect(several.laws).toMatchObject([{ holds: true, cases: 12 }])
  }
  const [fewer, none] = [
    await report(...generate("--speculate", place("adapted", "adapter"), "--masks", "1")),
    await report(...generate("--speculate", place("adapted", "adapter"), "--masks", "0"))
  ]
  expect([fewer.text, none.text]).toEqual([text, text])
  expect([fewer.laws.length, none.laws.length]).toEqual([1, 0])
  const { out } = await say([...generate("--speculate", place("adapted", "adapter"), "--masks", "3"), "--json"])
  expect(read(out[0])).toMatchObject({ error: { tag: "DecodeError", field: "masks" } })
}, 120_000)

it.each([
  [
    "windows longer than the context",
    () => adapt({ context: "65", out: "other" }),
    { tag: "ContextError", field: "context" }
  ],
  ["a run to go on with that is not there", () => adapt({ out: "none" }, "--resume"), { tag: "RunError" }],
  ["an adapter that is not there", () => generate("--speculate", place("nowhere")), { tag: "NotFound" }],
  ["a map that there is not", () => adapt({}, "--projection", "sideways"), { tag: "InvalidValue", field: "projection" }]
])("%s gives one error", async (_, args, error) => {
  const { out } = await say([...args(), "--threads", "1", "--json"])
  expect(read(out[0])).toMatchObject({ error })
})
