/**
 * Continues a prompt with the model of a folder, token by token or, with an adapter, several a step; the same seed
 * draws the same text. On a terminal the text is shown as it comes.
 */
import { Clock, Console, Effect, Stream } from "effect"
import * as Key from "../../core/key.ts"
import { tracked } from "../../core/progress.ts"
import type { Settings } from "../../methods/language/decode.ts"
import { open } from "../../methods/language/model-folder.ts"
import type { Model } from "../../methods/language/model.ts"
import type { Step } from "../../methods/language/multi-token/index.ts"
import type { TokenizerError } from "../../methods/language/tokenizer.ts"
import { layer } from "../backend.ts"
import { figure, type GenerateRequest, type Outcome } from "./request.ts"
import { coloured, type Continuation, speculate } from "./speculate.ts"
import { tokenizerOf } from "./tokenizer.ts"

/** What is done with each step as it comes. */
type Seen = (step: Step) => Effect.Effect<void, TokenizerError>

/** The tokens that a model adds, one at a time. */
const plain = Effect.fnUntraced(function*(
  model: Model, given: ReadonlyArray<number>, settings: Settings, seen: Seen | undefined
) {
  const started = yield* Clock.currentTimeMillis
  const one = (token: number): Step => ({ drafts: [], accepted: 0, tokens: [token] })
  const made = yield* seen !== undefined
    ? model.generate(given, settings).pipe(Stream.tap((token) => seen(one(token))), Stream.runCollect)
    : tracked({ name: "generate", total: settings.tokens, unit: "token" }, (tracker) =>
      model.generate(given, settings).pipe(Stream.tap(() => tracker.advance()), Stream.runCollect))
  const seconds = ((yield* Clock.currentTimeMillis) - started) / 1000
  return { made, laws: [], figures: [figure("time", seconds, "s")] } satisfies Continuation
})

export const generate = (
  { folder, prompt, settings, temperature, tokens, topP, weights, speculate: adapter, scheme, masks }: GenerateRequest
) => Effect.scoped(Effect.gen(function*() {
  const model = yield* open(folder, { weights })
  const tokenizer = yield* tokenizerOf(model)
  const given = yield* tokenizer.encode(prompt)
  const how = { tokens, temperature, topP, key: Key.make(settings.seed) }
  const live = process.stdout.isTTY === true && !settings.json
  const show = (text: string) => Effect.sync(() => { process.stdout.write(text) })
  const seen: Seen = (step) => Effect.flatMap(coloured(tokenizer, step), show)
  if (live) yield* Effect.flatMap(tokenizer.decode(given), show)
  const { made, laws, figures } = adapter === undefined || masks === 0
    ? yield* plain(model, given, how, live ? seen : undefined)
    : yield* speculate(model, adapter, { scheme, ...masks !== undefined && { masks } }, given, how,
      live ? seen : () => Effect.void)
  if (live) yield* Console.log("")
  const text = yield* tokenizer.decode([...given, ...made])
  return {
    ...live ? {} : { text },
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
