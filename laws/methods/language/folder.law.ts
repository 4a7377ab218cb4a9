/**
 * Every weight of a folder is accounted for, and a folder is written whole or not at all: whatever is wrong with it is
 * one error that names the file, the tensor and what was expected, and leaves what was there before.
 */
import type { Path } from "effect"
import { Effect, Exit, Fiber, FileSystem } from "effect"
import { describe, expect, test } from "vitest"
import { openFolder, writeFolder } from "../../../src/methods/language/folder.ts"
import type { TensorInfo } from "../../../src/methods/language/safetensors-header.ts"
import type { TensorToWrite, Weights } from "../../../src/methods/language/safetensors.ts"
import { openFile, writeFile } from "../../../src/methods/language/safetensors.ts"
import { inFolder, onFullDisk, reference } from "./files.ts"

type Tensors = ReadonlyArray<TensorToWrite<unknown>>

const tensorsOf = (weights: Weights): Tensors =>
  Array.from(weights.tensors.values(), ({ name, dtype, shape }: TensorInfo) =>
    ({ name, dtype, shape, bytes: weights.read(name) }))

/** Copies a reference folder with its tensors changed, reads it all, and gives the error or the number of tensors. */
const reading = (name: string, change: (tensors: Tensors) => Tensors) =>
  inFolder((folder) => Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.copyFile(`${reference}${name}/config.json`, `${folder}/config.json`)
    const weights = yield* openFile(`${reference}${name}/model.safetensors`)
    yield* writeFile(`${folder}/model.safetensors`, change(tensorsOf(weights)))
    return yield* openFolder(folder).pipe(
      Effect.flatMap((opened) => Effect.as(opened.parameters(), { read: opened.weights.tensors.size })),
      Effect.catchTag("CheckpointError", ({ _tag, problem, tensor, message, file }) =>
        Effect.succeed({ _tag, problem, tensor, message, place: file.replace(folder, "") })))
  }))

const renamed = (from: RegExp, to: string) => (tensors: Tensors): Tensors =>
  tensors.map((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }))
const extra = (...names: ReadonlyArray<string>) => (tensors: Tensors): Tensors =>
  [...tensors, ...names.map((name) =>
    ({ name, dtype: "U8" as const, shape: [1], bytes: Effect.succeed(new Uint8Array(1)) }))]
const query = "model.layers.1.self_attn.q_proj.weight"
const changed = (change: (tensor: TensorToWrite<unknown>) => TensorToWrite<unknown>) => (tensors: Tensors): Tensors =>
  tensors.map((tensor) => tensor.name === query ? change(tensor) : tensor)
const withValue = (value: number) => changed((tensor) => ({
  ...tensor, bytes: Effect.map(tensor.bytes, (bytes) => {
    new DataView(bytes.buffer, bytes.byteOffset).setFloat32(4 * (3 * 32 + 5), value, true)
    return bytes
  })
}))

describe("a checkpoint is refused", () => {
  test.each([
    ["with a tensor missing", (all: Tensors) => all.filter(({ name }) => name !== query), "missing tensor",
      /a tensor \[32,32\]/],
    ["with one too many", extra("model.layers.2.mlp.up_proj.weight"), "surplus tensor", /model_type llama/],
    ["with a transposed table", changed((tensor) => ({ ...tensor, shape: [16, 64] })), "wrong shape",
      /expected \[32,32\] for head share depth by model, got \[16,64\]/],
    ["with integers for weights", changed((tensor) => ({ ...tensor, dtype: "I32" })), "wrong dtype",
      /expected F32, F16, BF16 or F64, got I32/],
    ["with a NaN", withValue(NaN), "not finite", /got NaN at \[3,5\]/],
    ["with an infinity", withValue(-Infinity), "not finite", /got -Infinity at \[3,5\]/]
  ])("%s", async (_, change, problem, message) => {
    const error = await reading("llama", change)
    expect(error).toMatchObject({ _tag: "CheckpointError", problem, place: "/model.safetensors" })
    expect(error).toHaveProperty("message", expect.stringMatching(message))
    expect(error).toHaveProperty("tensor", problem === "surplus tensor" ? "model.layers.2.mlp.up_proj.weight" : query)
  })

  test("with a head of its own where the configuration ties it only if nobody would read it", async () => {
    expect(await reading("llama-tied-mqa", extra("lm_head.weight"))).toEqual({ read: 35 })
    expect(await reading("llama", (all) => all.filter(({ name }) => name !== "lm_head.weight")))
      .toMatchObject({ problem: "missing tensor", tensor: "lm_head.weight" })
  })
})

describe("a checkpoint is read", () => {
  test.each([
    ["gpt2", "without its prefix", renamed(/^transformer\./, "")],
    ["opt", "without its prefix", renamed(/^model\./, "")],
    ["gpt-neox-parallel", "with its head under the newer name", renamed(/^embed_out/, "lm_head")],
    ["gpt2", "with its masks", extra("transformer.h.0.attn.bias", "h.1.attn.masked_bias")],
    ["gpt-neox-parallel", "with its masks and frequencies",
      extra("gpt_neox.layers.0.attention.bias", "gpt_neox.layers.0.attention.rotary_emb.inv_freq")],
    ["llama", "with rotary frequencies", extra("model.layers.0.self_attn.rotary_emb.inv_freq")]
  ])("%s %s", async (name, _, change) => {
    expect(await reading(name, change)).toHaveProperty("read")
  })

  test("with the ends of text that generation_config.json adds", async () => {
    const end = await inFolder((folder) => Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.copy(`${reference}llama`, `${folder}/x`)
      yield* fs.writeFileString(`${folder}/x/generation_config.json`, `{"eos_token_id":[2,5]}`)
      return (yield* openFolder(`${folder}/x`)).architecture.tokens.end
    }))
    expect(end).toEqual([2, 5])
  })

  test("not at all where there are no weights", async () => {
    const error = await inFolder((folder) => Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.copyFile(`${reference}llama/config.json`, `${folder}/config.json`)
      return yield* Effect.flip(openFolder(folder))
    }))
    expect(error._tag).toBe("SafetensorsError")
    expect(error.message).toContain("model.safetensors.index.json")
  })
})

describe("a folder", () => {
  type Write = (options?: object) => ReturnType<typeof writeFolder>
  const written = <A, E>(
    effect: (folder: string, write: Write) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>
  ) =>
    inFolder((folder) => Effect.gen(function*() {
      const model = yield* openFolder(`${reference}llama`)
      const parameters = yield* model.parameters()
      return yield* effect(folder, (options = {}) => writeFolder(`${folder}/out`, { ...model, parameters }, options))
    }))

  test("leaves no trace when the disk fills up while it is written", () =>
    written((folder, write) => Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      for (const room of [0, 100, 5_000, 50_000]) {
        expect((yield* Effect.flip(onFullDisk(room, write({ shardBytes: 20_000 }))))._tag).toBe("PlatformError")
        expect(yield* fs.readDirectory(folder)).toEqual([])
      }
    })))

  test("leaves no trace when writing it is interrupted", () =>
    written((folder, write) => Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const exit = yield* Effect.exit(Effect.scoped(Effect.flatMap(
        Effect.forkScoped(onFullDisk(5_000, write({ shardBytes: 20_000 }), Effect.interrupt)), Fiber.join)))
      expect(Exit.hasInterrupts(exit)).toBe(true)
      expect(yield* fs.readDirectory(folder)).toEqual([])
    })))

  test("is not overwritten unasked, is replaced when asked, and stays when replacing it fails", () =>
    written((folder, write) => Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(`${folder}/out`)
      yield* fs.writeFileString(`${folder}/out/mine.txt`, "mine")
      expect(yield* Effect.flip(write())).toMatchObject({ _tag: "FolderExists", file: `${folder}/out` })
      yield* Effect.flip(onFullDisk(1000, write({ replace: true })))
      expect(yield* fs.readDirectory(folder)).toEqual(["out"])
      expect(yield* fs.readFileString(`${folder}/out/mine.txt`)).toBe("mine")
      yield* write({ replace: true })
      expect(yield* fs.readDirectory(folder)).toEqual(["out"])
      expect((yield* fs.readDirectory(`${folder}/out`)).sort()).toEqual(["config.json", "model.safetensors"])
    })))

  test("is not written with a weight that is not finite, or with too few", () =>
    inFolder((folder) => Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const model = yield* openFolder(`${reference}llama`)
      const parameters = yield* model.parameters()
      const bad = [[new Float32Array(67 * 32).fill(NaN), "not finite"], [new Float32Array(3), "wrong shape"]] as const
      for (const [embedding, problem] of bad)
        expect(yield* Effect.flip(writeFolder(`${folder}/out`, { ...model, parameters: { ...parameters, embedding } })))
          .toMatchObject({ _tag: "CheckpointError", problem, tensor: "model.embed_tokens.weight" })
      expect(yield* fs.readDirectory(folder)).toEqual([])
    })))

  test("the law catches a writer in place, which leaves half a file", () =>
    inFolder((folder) => Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const inPlace = Effect.scoped(Effect.gen(function*() {
        const disk = yield* FileSystem.FileSystem
        const file = yield* disk.open(`${folder}/half`, { flag: "w" })
        yield* file.writeAll(new Uint8Array(100))
      }))
      yield* Effect.flip(onFullDisk(50, inPlace))
      expect(yield* fs.readDirectory(folder)).toEqual(["half"])
    })))
})
