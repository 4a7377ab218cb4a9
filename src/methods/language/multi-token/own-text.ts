/**
 * Text of a model's own: pieces of a text, each continued greedily to the end of the model's context. Drafts are
 * accepted where they are what the model itself would write, so this is the text on which to learn to draft; with the
 * masks' targets taken from it, adaptation is distillation of the model into its own masks.
 */
import { Effect, Stream } from "effect"
import * as Key from "../../../core/key.ts"
import { trackedForEach } from "../../../core/progress.ts"
import type { Tokens } from "../corpus.ts"
import { generateAll } from "../decode.ts"
import type { Transformer } from "../weights.ts"

/** How much text, from which pieces. */
export interface Pieces {
  /** Texts that are continued, and tokens of each that are given. */
  readonly texts: number
  readonly given: number
  readonly key: Key.Key
}

/** Texts that are continued together. */
const together = 32

/** Pieces of `tokens` at random places with their continuations, one after another. */
export const ownText = Effect.fnUntraced(function*(model: Transformer, tokens: Tokens, { texts, given, key }: Pieces) {
  const { context } = model.architecture
  const starts = Array.from(Key.integers(key, texts, tokens.length - given + 1))
  const groups = Array.from({ length: Math.ceil(texts / together) }, (_, index) =>
    starts.slice(index * together, (index + 1) * together))
  const written = yield* trackedForEach({ name: "own text", unit: "group" }, groups, (group) => Effect.gen(function*() {
    const rows = group.map((start) => Array.from(tokens.subarray(start, start + given)))
    const prompts = rows.map((row) => [...row])
    yield* Effect.scoped(Stream.runForEach(generateAll(model, prompts, { tokens: context - given, end: [] }),
      ({ row, token }) => Effect.sync(() => { rows[row]?.push(token) })))
    return rows.flat()
  }))
  return Uint32Array.from(written.flat()) satisfies Tokens
})
