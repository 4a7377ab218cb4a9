/**
 * Language models in folders of the Hugging Face format: a Layer that gives the model of a folder in the memory of the
 * backend in the context, and its inverse. Writing appears whole or not at all. What is written in single precision and
 * read again is the same model to the bit.
 */
import type { FileSystem, Scope } from "effect"
import { Effect, Layer, Path } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { ShapeError } from "../../algebra/axis.ts"
import type { Backend, BackendError } from "../../algebra/backend.ts"
import { tracked } from "../../core/progress.ts"
import type { FolderExists } from "./aside.ts"
import type { CheckpointError } from "./checkpoint.ts"
import { UnsupportedArchitecture } from "./families/family.ts"
import type { FolderError } from "./folder.ts"
import { openFolder, writeFolder } from "./folder.ts"
import type { Model } from "./model.ts"
import { LanguageModel, make } from "./model.ts"
import type { Parameter } from "./parameters.ts"
import type { SafetensorsError } from "./safetensors-header.ts"
import type { Format } from "./storage.ts"
import { read as readTokenizer, TokenizerError } from "./tokenizer.ts"
import { at } from "./tree.ts"
import { put, read } from "./weights.ts"

/** What can be wrong with a folder, or with the backend that its weights go to. */
export type OpenError = FolderError | TokenizerError | BackendError | ShapeError

/** How a model is kept in memory. */
export interface OpenOptions {
  /**
   * Weights as they are, in single precision ("f32", where absent), or rounded to fewer bits, which take less memory
   * and are read faster: "bf16", "int8" or "int4". docs/language-models.md says what each costs.
   */
  readonly weights?: Format
}

/**
 * Reads the model of a folder, with its tokenizer where there is one. Its weights live as long as the Scope.
 */
export const open = (
  folder: string, { weights: format = "f32" }: OpenOptions = {}
): Effect.Effect<Model, OpenError, Backend | FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function*() {
    const path = yield* Path.Path
    const opened = yield* openFolder(folder)
    const { architecture, family, tokenizerFiles } = opened
    const texts = tokenizerFiles.some((file) => path.basename(file) === "tokenizer.json")
    const tokenizer = texts ? yield* readTokenizer(folder) : undefined
    if (tokenizer !== undefined && tokenizer.vocabulary > architecture.vocabulary)
      return yield* new TokenizerError({
        problem: "bad tokenizer", source: folder,
        message: `${folder}: the tokenizer has ${tokenizer.vocabulary} tokens, the model ${architecture.vocabulary}`
      })
    const values = yield* tracked({ name: `reading ${folder}`, total: 1 }, ({ moveTo }) => opened.parameters(moveTo))
    const valuesOf = ({ path }: Parameter) => Effect.succeed(at(values, path) ?? new Float32Array(0))
    const weights = yield* put(architecture, valuesOf, format)
    const parts = { name: folder, architecture, weights, format, family, tokenizerFiles }
    return make({ ...parts, ...(tokenizer && { tokenizer }) })
  })

/** The model of a folder as a Layer. */
export const layer = (folder: string, options: OpenOptions = {}): Layer.Layer<
  LanguageModel, OpenError, Backend | FileSystem.FileSystem | Path.Path
> => Layer.effect(LanguageModel, open(folder, options))

/** How a model is stored. */
export interface SaveOptions {
  /** Of a weight; "f32", which loses nothing, where absent. */
  readonly dtype?: "f32" | "bf16" | "f16"
  /** Replace a folder that is there. */
  readonly overwrite?: boolean
}

const stored = { f32: "F32", bf16: "BF16", f16: "F16" } as const

/** Writes a model, with its tokenizer, as a folder that transformers loads. */
export const save = (
  model: Model, folder: string, { dtype = "f32", overwrite = false }: SaveOptions = {}
): Effect.Effect<
  void, UnsupportedArchitecture | CheckpointError | SafetensorsError | FolderExists | PlatformError | BackendError,
  Backend | FileSystem.FileSystem | Path.Path
> => Effect.gen(function*() {
  const { name, architecture, family, tokenizerFiles = [] } = model
  if (family === undefined)
    return yield* new UnsupportedArchitecture({
      family: "", field: "family", message: `${name}: a model without a family of formats cannot be written`
    })
  const parameters = yield* read(architecture, model.weights, model.format)
  const options = { dtype: stored[dtype], replace: overwrite, tokenizerFiles }
  yield* writeFolder(folder, { family, architecture, parameters }, options)
})
