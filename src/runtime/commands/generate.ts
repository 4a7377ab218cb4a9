/**
 * Continues a prompt with the model of a folder, token by token or, with an adapter, several a step; the same seed
 * draws the same text.
 */
import { Clock, Effect, Stream } from "effect"
import * as Key from "../../core/key.ts"
import { tracked } from "../../core/progress.ts"
import type { Settings } from "../../methods/language/decode.ts"
import { open } from "../../methods/language/model-folder.ts"
import type { Model } from "../../methods/language/model.ts"
import { layer } from "../backend.ts"
import { figure, type GenerateRequest, type Outcome } from "./request.ts"
import { coloured, type Continuation, speculate } from "./speculate.ts"
import { tokenizerOf } from "./tokenizer.ts"

/** The tokens that a model adds, one at a time. */
const plain = Effect.fnUntraced(function*(model: Model, given: ReadonlyArray<number>, settings: Settings) {
  const started = yield* Clock.currentTimeMillis
  const made = yield* tracked({ name: "generate", total: settings.tokens, unit: "token" }, (tracker) =>
    model.generate(given, settings).pipe(Stream.tap(() => tracker.advance()), Stream.runCollect))
  const seconds = ((yield* Clock.currentTimeMillis) - started) / 1000
  return { made, steps: [], laws: [], figures: [figure("time", seconds, "s")] } satisfies Continuation
})

export const generate = (
  { folder, prompt, settings, temperature, tokens, topP, speculate: adapter, scheme }: GenerateRequest
) => Effect.scoped(Effect.gen(function*() {
  const model = yield* open(folder)
  const tokenizer = yield* tokenizerOf(model)
  const given = yield* tokenizer.encode(prompt)
  const how = { tokens, temperature, topP, key: Key.make(settings.seed) }
  const { made, steps, laws, figures } = adapter === undefined
    ? yield* plain(model, given, how)
    : yield* speculate(model, adapter, scheme, given, how)
  const text = yield* tokenizer.decode([...given, ...made])
  const shown = steps.length > 0 && process.stdout.isTTY
    ? `${yield* tokenizer.decode(given)}${yield* coloured(tokenizer, steps)}`
    : text
  return {
    text: shown,
    report: {
      method: "generate",
      backend: settings.backend,
      seed: settings.seed,
      text,
      laws,
      figures: [
        figure("tokens of the prompt", given.length, "tokens"),
        figure("new tokens", made.length, "tokens"),
        ...figures
      ]
    }
  } satisfies Outcome
})).pipe(Effect.provide(layer(settings)))
