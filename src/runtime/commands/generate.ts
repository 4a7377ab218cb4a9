/** Continues a prompt with the model of a folder, token by token; the same seed draws the same text. */
import { Clock, Effect, Stream } from "effect"
import * as Key from "../../core/key.ts"
import { tracked } from "../../core/progress.ts"
import { open } from "../../methods/language/model-folder.ts"
import { layer } from "../backend.ts"
import { figure, type GenerateRequest, type Outcome } from "./request.ts"
import { tokenizerOf } from "./tokenizer.ts"

export const generate = ({ folder, prompt, settings, temperature, tokens, topP }: GenerateRequest) =>
  Effect.scoped(Effect.gen(function* () {
    const model = yield* open(folder)
    const tokenizer = yield* tokenizerOf(model)
    const given = yield* tokenizer.encode(prompt)
    const started = yield* Clock.currentTimeMillis
    const made = yield* tracked({ name: "generate", total: tokens, unit: "token" }, (tracker) =>
      model.generate(given, { tokens, temperature, topP, key: Key.make(settings.seed) }).pipe(
        Stream.tap(() => tracker.advance()),
        Stream.runCollect
      ))
    const seconds = ((yield* Clock.currentTimeMillis) - started) / 1000
    const text = yield* tokenizer.decode([...given, ...made])
    return {
      text,
      report: {
        method: "generate",
        backend: settings.backend,
        seed: settings.seed,
        text,
        laws: [],
        figures: [
          figure("tokens of the prompt", given.length, "tokens"),
          figure("new tokens", made.length, "tokens"),
          figure("time", seconds, "s")
        ]
      }
    } satisfies Outcome
  })).pipe(Effect.provide(layer(settings)))
