/**
 * A Hugging Face folder: config.json, weights in one or several safetensors files, and where they are, a tokenizer and
 * generation_config.json. What is written is loaded by transformers, and appears whole or not at all.
 */
import type { Scope } from "effect"
import { Effect, FileSystem, Path } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { CodecError } from "../../core/codec.ts"
import { decodeJson, fromEither } from "../../core/codec.ts"
import type { Architecture } from "./architecture.ts"
import type { FolderExists } from "./aside.ts"
import { writeFolderAside } from "./aside.ts"
import type { CheckpointError, Parameters } from "./checkpoint.ts"
import { checkTensors, readParameters, toTensors } from "./checkpoint.ts"
import type { Family, UnsupportedArchitecture } from "./families/family.ts"
import { printConfig } from "./families/print.ts"
import { readConfig } from "./families/registry.ts"
import { generationConfig, jsonObject } from "./folder-codec.ts"
import type { WeightDType, Weights } from "./safetensors.ts"
import { openFile, openIndex, writeFile } from "./safetensors.ts"
import { dtypeBytes, elements, SafetensorsError } from "./safetensors-header.ts"

/** What can go wrong when a folder is opened. */
export type FolderError = CodecError | UnsupportedArchitecture | SafetensorsError | CheckpointError | PlatformError

/** An open folder. Every tensor's name, shape and dtype has been checked; weights are read when asked for. */
export interface Folder {
  readonly folder: string
  readonly family: Family
  readonly architecture: Architecture
  readonly weights: Weights
  /** Reads all parameters; `onRead` is told the share done so far. */
  readonly parameters: (
    onRead?: (done: number) => Effect.Effect<void>
  ) => Effect.Effect<Parameters, CheckpointError | SafetensorsError | PlatformError>
  /** Paths of the tokenizer's files, those that are there. */
  readonly tokenizerFiles: ReadonlyArray<string>
}

/** Files that belong to a tokenizer; a folder that is written from another takes them along. */
const tokenizerNames = [
  "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "tokenizer.model",
  "added_tokens.json"
]

const openWeights = Effect.fn(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const single = path.join(folder, "model.safetensors")
  const index = path.join(folder, "model.safetensors.index.json")
  if (yield* fs.exists(single)) return yield* openFile(single)
  if (yield* fs.exists(index)) return yield* openIndex(index)
  return yield* SafetensorsError.of(folder, "", "model.safetensors or model.safetensors.index.json", "neither")
})

/** The description, with the ends of text that generation_config.json adds to those of config.json. */
const withGeneration = Effect.fn(function*(folder: string, architecture: Architecture) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, "generation_config.json")
  if (!(yield* fs.exists(file))) return architecture
  const { eos_token_id: end } = yield* decodeJson(generationConfig, file)(yield* fs.readFileString(file))
  const { tokens } = architecture
  return end === undefined || end === null
    ? architecture
    : { ...architecture, tokens: { ...tokens, end: Array.from(new Set([...tokens.end, ...[end].flat()])) } }
})

/** Opens a folder for as long as the Scope lives. */
export const openFolder = (
  folder: string
): Effect.Effect<Folder, FolderError, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = path.join(folder, "config.json")
    const config = yield* decodeJson(jsonObject, file)(yield* fs.readFileString(file))
    const { family, architecture: described } = yield* readConfig(config, file)
    const architecture = yield* withGeneration(folder, described)
    const weights = yield* openWeights(folder)
    yield* checkTensors(family, architecture, weights)
    const places = tokenizerNames.map((name) => path.join(folder, name))
    return {
      folder, family, architecture, weights,
      parameters: (onRead) => readParameters(family, architecture, weights, onRead),
      tokenizerFiles: yield* Effect.filter(places, (place) => fs.exists(place))
    }
  })

export interface WriteOptions {
  /** How weights are stored; F32 by default, which loses nothing. */
  readonly dtype?: WeightDType
  /** Replace a folder that is there already. */
  readonly replace?: boolean
  /** Tokenizer files to copy along, as a Folder lists them. */
  readonly tokenizerFiles?: ReadonlyArray<string>
  /** Bytes at which a shard is full; 5 GB by default, as transformers does. */
  readonly shardBytes?: number
}

/** Splits tensors in order into shards of at most `limit` bytes (one tensor alone may be larger). */
const inShards = <A extends { readonly dtype: WeightDType, readonly shape: ReadonlyArray<number> }>(
  tensors: ReadonlyArray<A>, limit: number
): ReadonlyArray<ReadonlyArray<A>> => {
  const shards: Array<Array<A>> = [[]]
  let bytes = 0
  for (const tensor of tensors) {
    const size = elements(tensor.shape) * dtypeBytes[tensor.dtype]
    if (bytes > 0 && bytes + size > limit) {
      shards.push([])
      bytes = 0
    }
    shards.at(-1)?.push(tensor)
    bytes += size
  }
  return shards
}

const torchName = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const

/** Writes a model as a folder that transformers loads. Nothing is left behind if any of it fails. */
export const writeFolder = (
  folder: string,
  model: { readonly family: Family, readonly architecture: Architecture, readonly parameters: Parameters },
  options: WriteOptions = {}
): Effect.Effect<
  void,
  UnsupportedArchitecture | CheckpointError | SafetensorsError | FolderExists | PlatformError,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function*() {
    const { family, architecture, parameters } = model
    const { dtype = "F32", shardBytes = 5e9, tokenizerFiles = [] } = options
    const config = yield* fromEither(family.write(architecture))
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const tensors = toTensors(family, architecture, parameters, dtype).map((tensor) => ({ ...tensor, dtype }))
    const shards = inShards(tensors, shardBytes)
    const shardName = (number: number) => shards.length === 1
      ? "model.safetensors"
      : `model-${String(number + 1).padStart(5, "0")}-of-${String(shards.length).padStart(5, "0")}.safetensors`
    yield* writeFolderAside(folder, (aside) =>
      Effect.gen(function*() {
        const place = (name: string) => path.join(aside, name)
        const stored = torchName[dtype]
        yield* fs.writeFileString(place("config.json"), printConfig({ ...config, dtype: stored, torch_dtype: stored }))
        for (const [number, shard] of shards.entries())
          yield* writeFile(place(shardName(number)), shard, { format: "pt" })
        if (shards.length > 1)
          yield* fs.writeFileString(place("model.safetensors.index.json"), printConfig({
            metadata: { total_size: tensors.reduce((sum, { shape }) => sum + elements(shape) * dtypeBytes[dtype], 0) },
            weight_map: Object.fromEntries(shards.flatMap((shard, number) =>
              shard.map(({ name }) => [name, shardName(number)])))
          }))
        for (const file of tokenizerFiles) yield* fs.copyFile(file, place(path.basename(file)))
      }), options)
  })
