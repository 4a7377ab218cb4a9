/**
 * The matching of an embedding as a file, from which it goes on: what it belongs to, and the potentials of its last
 * step. Each step replaces the file as a whole.
 */
import { Data, Effect, FileSystem } from "effect"
import { decodeJson } from "../../core/codec.ts"
import type { MatchingState } from "../../methods/chemistry/bootstrap-embedding/index.ts"
import { writeFileAside } from "../../methods/language/aside.ts"
import { StateFile } from "./embed-state-codec.ts"

/** The state in the file is that of another embedding. */
export class OtherEmbedding extends Data.TaggedError("OtherEmbedding")<{
  readonly file: string
  readonly message: string
}> {}

/** Writes the state of the embedding that `of` describes. */
export const saveState = (file: string, of: string, { error, step, unknowns }: MatchingState) =>
  writeFileAside(file, [Effect.sync(() =>
    new TextEncoder().encode(`${JSON.stringify({ format: "noether matching", of, step, error, unknowns })}\n`))])

/** The potentials that a file holds for the embedding that `of` describes. */
export const loadState = (file: string, of: string) => Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const state = yield* decodeJson(StateFile, file)(yield* fs.readFileString(file))
  if (state.of !== of)
    return yield* new OtherEmbedding({
      file, message: `${file}: the matching of another molecule, basis set, solver or configuration; `
        + "name another folder, or start anew without --resume"
    })
  return state.unknowns
})
