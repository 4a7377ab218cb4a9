/**
 * What `train` and `adapt` ask of their folder and their text before the first step: a run is begun or gone on with,
 * never both, and the text fills a window of the model.
 */
import { Data, Effect, FileSystem } from "effect"
import type { Model } from "../../methods/language/model.ts"
import { readText, TextError, tokensOf } from "./text.ts"

/** The folder holds a training run that the command was not asked to go on with, or none where it was. */
export class RunError extends Data.TaggedError("RunError")<{ readonly file: string; readonly message: string }> {}

/** Windows are longer than what the model is described to read. */
export class ContextError extends Data.TaggedError("ContextError")<{
  readonly field: string
  readonly message: string
}> {}

/** Steps between two saved states. */
export const snapshotEvery = 50

/** Refuses a folder of states that does not fit `resume`. */
export const checkState = Effect.fnUntraced(function*(state: string, resume: boolean) {
  const fs = yield* FileSystem.FileSystem
  const there = yield* fs.exists(state)
  if (there && !resume) return yield* new RunError({
    file: state, message: `${state}: there is a training run; give --resume to go on with it, or another --out`
  })
  if (!there && resume) return yield* new RunError({
    file: state, message: `${state}: expected a training run to go on with, found none`
  })
})

/** The tokens of a text to learn in windows of `time` tokens. */
export const tokensToLearn = Effect.fnUntraced(function*(file: string, model: Model, time: number) {
  const { context } = model.architecture
  if (time > context) return yield* new ContextError({
    field: "context", message: `context: ${time} tokens are more than the ${context} that the model reads`
  })
  const tokens = yield* tokensOf(yield* readText(file), file, model)
  return tokens.length > time ? tokens : yield* new TextError({
    file, message: `${file}: expected more than the ${time} tokens of a window, got ${tokens.length}`
  })
})
