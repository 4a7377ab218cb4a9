/**
 * Language models in folders of the Hugging Face format: a Layer that gives the model of a folder in the memory of the
 * backend in the context, and its inverse. Writing appears whole or not at all. What is written in single precision and
 * read again is the same model to the bit.
 */
import type { FileSystem, Path, Scope } from "effect"
import { Effect, Layer } from "effect"
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
import type { SafetensorsError } from "./safetensors-header.ts"
import { at } from "./tree.ts"
import { put, read } from "./weights.ts"

/** Reads the model of a folder; its weights live as long as the Scope. Weights are widened to single precision. */
export const open = (
  folder: string
): Effect.Effect<Model, FolderError | BackendError | ShapeError, Backend | FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function*() {
    const opened = yield* openFolder(folder)
    const { architecture, family, tokenizerFiles } = opened
    const values = yield* tracked({ name: `reading ${folder}`, total: 1 }, ({ moveTo }) => opened.parameters(moveTo))
    const weights = yield* put(architecture, ({ path }) => Effect.succeed(at(values, path) ?? new Float32Array(0)))
    return make({ name: folder, architecture, weights, family, tokenizerFiles })
  })

/** The model of a folder as a Layer. */
export const layer = (folder: string): Layer.Layer<
  LanguageModel, FolderError | BackendError | ShapeError, Backend | FileSystem.FileSystem | Path.Path
> => Layer.effect(LanguageModel, open(folder))

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
    return yield* new UnsupportedArchitecture({ family: "", field: "family", message: `${name}: a model without a family of formats cannot be written` })
  const parameters = yield* read(architecture, model.weights)
  yield* writeFolder(folder, { family, architecture, parameters }, { dtype: stored[dtype], replace: overwrite, tokenizerFiles })
})
