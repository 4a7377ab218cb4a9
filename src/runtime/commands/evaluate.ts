/** The perplexity of the model of a folder on the text of a file, read in windows of the model's context. */
import { Effect } from "effect"
import { open } from "../../methods/language/model-folder.ts"
import { perplexity } from "../../methods/language/score.ts"
import { layer } from "../backend.ts"
import { type EvaluateRequest, figure, type Outcome } from "./request.ts"
import { readText, tokensOf } from "./text.ts"
import { tokenizerOf } from "./tokenizer.ts"

export const evaluate = (
  { context, folder, settings, text: file, tokens: most, weights }: EvaluateRequest
) =>
  Effect.scoped(Effect.gen(function* () {
    const text = yield* readText(file)
    const model = yield* open(folder, { weights })
    const tokenizer = yield* tokenizerOf(model)
    const read = (yield* tokensOf(text, file, model, { around: true })).slice(0, most)
    const { loss, perplexity: measured, tokens } =
      yield* perplexity(model, read, context === undefined ? {} : { window: context })
    const bytes = new TextEncoder().encode(yield* tokenizer.decode(Array.from(read))).length
    return {
      report: {
        method: "evaluate",
        backend: settings.backend,
        seed: settings.seed,
        laws: [],
        figures: [
          figure("perplexity", measured),
          figure("loss", loss, "nats per token"),
          figure("bits per byte", (loss * tokens) / (Math.LN2 * bytes), "bits"),
          figure("tokens scored", tokens, "tokens")
        ]
      }
    } satisfies Outcome
  })).pipe(Effect.provide(layer(settings)))
