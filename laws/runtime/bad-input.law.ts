import { Console, Effect, Exit, type FileSystem } from "effect"
import { Command } from "effect/cli"
import { systemError } from "effect/PlatformError"
import * as fc from "fast-check"
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import path from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { inspect } from "../../src/runtime/cli/inspect.ts"
import { noether } from "../../src/runtime/cli/command-line.ts"
import { onFullDisk } from "../methods/language/files.ts"
import { prose, temporaryFolder, writeModel } from "./scratch.ts"
import { hear, read, say, type Said } from "./speaking.ts"

const root = temporaryFolder()
const place = (...names: ReadonlyArray<string>): string => path.join(root, ...names)

beforeAll(async () => {
  await writeModel(place("model"))
  await writeModel(place("wild"), 1e25)
  writeFileSync(place("prose.txt"), prose)
})

/** What an error must be: its tag, the end of the file's name, the field, and what else its message says. */
interface Expected {
  readonly tag: string
  readonly file?: string
  readonly field?: string
  readonly says?: RegExp
}

const everything = (): ReadonlyArray<string> => readdirSync(root, { recursive: true }).map(String).sort()

/** An invocation is refused: one error, as a document and in one line, that says what is expected; no file is made. */
const isRefused = async (invocation: (json: boolean) => Promise<Said>, { tag, file, field, says }: Expected) => {
  const before = everything()
  const json = await invocation(true)
  const plain = await invocation(false)
  expect(everything()).toEqual(before)
  expect([Exit.isFailure(json.exit), Exit.isFailure(plain.exit)]).toEqual([true, true])
  expect([json.out.length, json.errors, plain.out, plain.errors.length]).toEqual([1, [], [], 1])
  const document = read(json.out[0])
  expect(document).toMatchObject({ error: { tag, ...field !== undefined && { field } } })
  const { error } = "error" in document ? document : { error: { tag: "", message: "" } }
  if (file !== undefined) expect(error.file).toMatch(new RegExp(`${file.replaceAll(".", "\\.")}$`))
  if (says !== undefined) expect(error.message).toMatch(says)
  const [line = ""] = plain.errors
  expect(line).not.toContain("\n")
  for (const part of [tag, file ?? "", field ?? ""]) expect(line).toContain(part)
}

const refuses = (args: ReadonlyArray<string>, expected: Expected) =>
  isRefused((json) => say([...args, "--threads", "1", ...json ? ["--json"] : []]), expected)

/** A copy of the model, damaged; what is read of it must say so. */
const damaged = async (damage: (folder: string) => void, expected: Expected) => {
  const folder = place("damaged")
  rmSync(folder, { recursive: true, force: true })
  cpSync(place("model"), folder, { recursive: true })
  damage(folder)
  await refuses(["grow", folder, "--out", place("grown")], expected)
}

type Header = Record<string, { dtype: string, shape: Array<number>, data_offsets: [number, number] }>

/** Rewrites the header of a model's weights; the data stay. */
const header = (change: (header: Header) => object) => (folder: string): void => {
  const file = path.join(folder, "model.safetensors")
  const bytes = readFileSync(file)
  const length = Number(bytes.readBigUInt64LE())
  // a file that this library wrote
  const changed = change(JSON.parse(bytes.subarray(8, 8 + length).toString()) as Header)
  const text = Buffer.from(JSON.stringify(changed))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(text.length))
  writeFileSync(file, Buffer.concat([size, text, bytes.subarray(8 + length)]))
}

const entry = (of: Header, name: string) => of[name] ?? { dtype: "F32", shape: [], data_offsets: [0, 0] as const }

const json = (name: string, change: (content: Record<string, unknown>) => object) => (folder: string): void => {
  const file = path.join(folder, name)
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))))
}

const poison = (value: number) => (folder: string): void => {
  const file = path.join(folder, "model.safetensors")
  const bytes = readFileSync(file)
  const begin = 8 + Number(bytes.readBigUInt64LE())
  bytes.writeFloatLE(value, begin + 4 * 37)
  writeFileSync(file, bytes)
}

const norm = "model.norm.weight"
const embedding = "model.embed_tokens.weight"
const weights = "model.safetensors"

/** The model with one token less than its tokenizer: the embedding, which lies first, loses the 64 bytes of a row. */
const withoutLastToken = (folder: string): void => {
  json("config.json", (config) => ({ ...config, vocab_size: 1023 }))(folder)
  header(({ __metadata__: _, ...all }) => Object.fromEntries(Object.entries(all).map(([name, held]) => {
    const { dtype, shape, data_offsets: [begin, end] } = held
    return [name, name === embedding
      ? { dtype, shape: [1023, 16], data_offsets: [0, end - 64] }
      : { dtype, shape, data_offsets: [begin - 64, end - 64] }]
  })))(folder)
  const file = path.join(folder, weights)
  const bytes = readFileSync(file)
  const begin = 8 + Number(bytes.readBigUInt64LE())
  writeFileSync(file, Buffer.concat([bytes.subarray(0, begin), bytes.subarray(begin + 64)]))
}

describe("a damaged model is refused with its file, its tensor or field, and what was expected", () => {
  it.each<readonly [string, (folder: string) => void, Expected]>([
    ["half of the weights", (folder) => truncateSync(path.join(folder, weights), 20_000),
      { tag: "SafetensorsError", file: weights, says: /expected bytes within/ }],
    ["a header longer than the file",
      (folder) => writeFileSync(path.join(folder, weights), new Uint8Array(16).fill(255)),
      { tag: "SafetensorsError", file: weights, says: /expected a header of at most 8 bytes/ }],
    ["a header with bytes that are another tensor's",
      header((all) => ({ ...all, [norm]: { ...entry(all, norm), data_offsets: [0, 64] } })),
      { tag: "SafetensorsError", file: weights, says: /expected/ }],
    ["a header with a shape of other bytes",
      header((all) => ({ ...all, [norm]: { ...entry(all, norm), shape: [17] } })),
      { tag: "SafetensorsError", file: weights, field: norm, says: /68 bytes of F32 \[17\]/ }],
    ["a tensor of another shape",
      header((all) => ({ ...all, [norm]: { ...entry(all, norm), shape: [4, 4] } })),
      { tag: "CheckpointError", file: weights, field: norm, says: /expected \[16\] for model, got \[4,4\]/ }],
    ["a tensor of integers",
      header((all) => ({ ...all, [norm]: { ...entry(all, norm), dtype: "I32" } })),
      { tag: "CheckpointError", file: weights, field: norm, says: /expected F32, F16, BF16 or F64, got I32/ }],
    ["a tensor of a type that there is not",
      header((all) => ({ ...all, [norm]: { ...entry(all, norm), dtype: "F31" } })),
      { tag: "SafetensorsError", file: weights, field: norm, says: /dtype/ }],
    ["a tensor that is missing",
      header(({ [norm]: held, ...rest }) => ({ ...rest, "model.nom.weight": held })),
      { tag: "CheckpointError", file: weights, field: norm, says: /missing tensor/ }],
    ["a tensor too many",
      header((all) => {
        const end = Math.max(...Object.values(all).flatMap(({ data_offsets }) => data_offsets ?? []))
        return { ...all, "model.extra": { dtype: "F32", shape: [0], data_offsets: [end, end] } }
      }),
      { tag: "CheckpointError", file: weights, field: "model.extra", says: /surplus tensor/ }],
    ["a weight that is no number", poison(NaN),
      { tag: "CheckpointError", file: weights, field: embedding, says: /finite weights, got NaN at \[2,5\]/ }],
    ["an infinite weight", poison(-Infinity), { tag: "CheckpointError", file: weights, says: /-Infinity/ }],
    ["no weights", (folder) => rmSync(path.join(folder, weights)),
      { tag: "SafetensorsError", says: /model.safetensors/ }],
    ["no configuration", (folder) => rmSync(path.join(folder, "config.json")),
      { tag: "NotFound", file: "config.json", says: /no such file/ }],
    ["a configuration that is not JSON", (folder) => writeFileSync(path.join(folder, "config.json"), "{"),
      { tag: "CodecError", file: "config.json", says: /not JSON/ }],
    ["an architecture that nobody knows", json("config.json", (config) => ({ ...config, model_type: "abacus" })),
      { tag: "UnsupportedArchitecture", file: "config.json", field: "model_type", says: /"abacus" is none of llama/ }],
    ["a width that is no number", json("config.json", (config) => ({ ...config, hidden_size: "wide" })),
      { tag: "CodecError", file: "config.json", field: "hidden_size", says: /expected .*, got "wide"/ }],
    ["heads that do not divide the width", json("config.json", (config) => ({ ...config, num_attention_heads: 3 })),
      { tag: "CodecError", file: "config.json" }],
    ["a tokenizer with tokens that the model lacks", withoutLastToken,
      { tag: "TokenizerError", says: /the tokenizer has 1024 tokens, the model 1023/ }]
  ])("%s", (_, damage, expected) => damaged(damage, expected))

  it("wherever the file of weights is cut off", async () => {
    const whole = readFileSync(place("model", weights))
    const folder = place("cut")
    cpSync(place("model"), folder, { recursive: true })
    await fc.assert(fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
      writeFileSync(path.join(folder, weights), whole.subarray(0, length))
      await refuses(["inspect", folder], { tag: "SafetensorsError", file: weights })
    }), { numRuns: 30 })
  })
})

describe("what cannot be done is refused before anything is written", () => {
  const grow = (...flags: ReadonlyArray<string>) => ["grow", place("model"), "--out", place("grown"), ...flags]
  const train = (...flags: ReadonlyArray<string>) => [
    "train", "--text", place("prose.txt"), "--out", place("trained"), "--from", place("model"),
    "--context", "16", ...flags
  ]

  it.each<readonly [string, () => ReadonlyArray<string>, Expected]>([
    ["a factor that is not whole", () => grow("--width", "1.5"), { tag: "GrowthError", field: "width", says: /not 1.5/ }],
    ["a factor of none", () => grow("--width", "0"), { tag: "GrowthError", field: "width" }],
    ["a head depth that does not divide the width", () => grow("--head-depth", "3"),
      { tag: "GrowthError", field: "headCount" }],
    ["a variant that there is not", () => grow("--variant", "odd"), { tag: "InvalidValue", field: "variant" }],
    ["a folder that is there", () => ["grow", place("model"), "--out", place("wild")],
      { tag: "FolderExists", file: "wild", says: /is there already/ }],
    ["a folder below a file", () => ["grow", place("model"), "--out", place("prose.txt", "grown")],
      { tag: "BadResource", file: "grown", says: /found a file/ }],
    ["a report below a file", () => ["run", "--out", place("prose.txt", "report")],
      { tag: "BadResource", file: "report.html", says: /found a file/ }],
    ["a folder that is not there", () => ["inspect", place("nowhere")],
      { tag: "NotFound", file: "nowhere/config.json", says: /no such file or folder/ }],
    ["a text that is not there", () => ["evaluate", place("model"), "--text", place("nowhere.txt")],
      { tag: "NotFound", file: "nowhere.txt" }],
    ["a text that is a folder", () => ["evaluate", place("model"), "--text", place("model")],
      { tag: "BadResource", file: "model", says: /expected a file/ }],
    ["an empty prompt", () => ["generate", place("model"), "--prompt", ""],
      { tag: "TokenizerError", says: /empty text/ }],
    ["a prompt that fills the context", () => ["generate", place("model"), "--prompt", prose],
      { tag: "DecodeError", says: /context of 64/ }],
    ["a negative temperature", () => ["generate", place("model"), "--prompt", "a", "--temperature", "-1"],
      { tag: "InvalidValue", field: "temperature", says: /from 0 to 100/ }],
    ["no tokens", () => ["generate", place("model"), "--prompt", "a", "--tokens", "0"],
      { tag: "InvalidValue", field: "tokens", says: /whole number from 1/ }],
    ["a rate beyond 1", () => train("--rate", "5"), { tag: "InvalidValue", field: "rate" }],
    ["windows longer than the model's context", () => train().map((word) => word === "16" ? "65" : word),
      { tag: "ContextError", field: "context", says: /65 tokens are more than the 64/ }],
    ["a run to go on with that is not there", () => train("--resume"), { tag: "RunError", file: "trained/state" }],
    ["a loss that is no number",
      () => train("--steps", "3").map((word) => word === place("model") ? place("wild") : word),
      { tag: "NonFiniteLoss", says: /step 1: .*gradient's norm NaN/ }]
  ])("%s", (_, args, expected) => refuses(args(), expected))

  it.each<readonly [string, string | Uint8Array, string, Expected]>([
    ["an empty text", "", "empty.txt", { tag: "TextError", file: "empty.txt", says: /empty/ }],
    ["a text shorter than a window", "Call me.", "short.txt", { tag: "TextError", file: "short.txt", says: /window/ }],
    ["bytes that are no text", Uint8Array.of(0xff, 0xfe, 0x41), "bytes.txt",
      { tag: "TextError", file: "bytes.txt", says: /UTF-8/ }],
    ["a text that is not compressed", "plain", "text.gz", { tag: "TextError", file: "text.gz", says: /gzip/ }]
  ])("%s", async (_, content, name, expected) => {
    writeFileSync(place(name), content)
    await refuses(train().map((word) => word === place("prose.txt") ? place(name) : word), expected)
    if (name !== "short.txt") await refuses(["evaluate", place("model"), "--text", place(name)], expected)
  })
})

const full = systemError({
  _tag: "Unknown", module: "FileSystem", method: "writeAll", pathOrDescriptor: 27,
  cause: Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" })
})

describe("a full disk leaves nothing behind", () => {
  const commands: ReadonlyArray<readonly [string, () => ReadonlyArray<string>, string]> = [
    ["grow", () => ["grow", place("model"), "--out", place("deep", "grown")], "grown/model.safetensors"],
    ["train", () => [
      "train", "--from", place("model"), "--text", place("prose.txt"), "--out", place("deep"),
      "--steps", "1", "--batch", "1", "--context", "8"
    ], ".safetensors"]
  ]
  it.each(commands)("%s", async (_, args, file) => {
    await isRefused(
      (json) => say([...args(), "--threads", "1", ...json ? ["--json"] : []], (program) =>
        onFullDisk(5_000, program, Effect.fail(full))),
      { tag: "NoSpace", file, says: /no space left/ })
  })
})

describe("the law of refusals", () => {
  const flawed = (body: Effect.Effect<never, unknown, FileSystem.FileSystem>) => (json: boolean) =>
    hear(noether.pipe(Command.withSubcommands([inspect(() => body)])), ["inspect", "m", ...json ? ["--json"] : []])
  const failure = Effect.fail({ _tag: "Broken", message: "expected more", file: "m/config.json" })
  const expected: Expected = { tag: "Broken", file: "m/config.json", says: /expected more/ }

  it("is kept by a command that only fails", () => isRefused(flawed(failure), expected))

  it.each([
    ["leaves a part of its folder", Effect.andThen(
      Effect.sync(() => mkdirSync(place(".grown.partial"), { recursive: true })), failure)],
    ["says something before", Effect.andThen(Console.log("growing"), failure)],
    ["forgets the file", Effect.fail({ _tag: "Broken", message: "expected more" })]
  ])("catches a command that %s", async (_, body) => {
    await expect(isRefused(flawed(body), expected)).rejects.toThrow()
  })
})
