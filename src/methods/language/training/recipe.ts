/**
 * A recipe: everything that makes a model from nothing but text, as a file that lies beside it. The same recipe on the
 * same text gives the same model.
 */
import { Effect, FileSystem } from "effect"
import { decodeJson } from "../../../core/codec.ts"
import { readConfig } from "../families/registry.ts"
import { RecipeFile } from "./configuration.ts"

/** Reads a recipe; a refusal names the file and the field. */
export const read = (file: string) => Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const { model, ...rest } = yield* decodeJson(RecipeFile, file)(yield* fs.readFileString(file))
  const { family, architecture } = yield* readConfig(model, file)
  return { ...rest, family, architecture }
})

export type Recipe = Effect.Success<ReturnType<typeof read>>
