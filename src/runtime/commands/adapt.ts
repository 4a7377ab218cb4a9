/**
 * Trains an adapter for the model of a folder on the text of a file, and measures that no next-token logit and no
 * greedy token changed. The folder `out` holds `adapter`, written when training ends, and `state`, from which it goes
 * on after an interruption at any step.
 */
import { Effect, Path, Stream } from "effect"
import * as Key from "../../core/key.ts"
import { judge } from "../../core/law.ts"
import type { Tokens } from "../../methods/language/corpus.ts"
import { open } from "../../methods/language/model-folder.ts"
import type { Model } from "../../methods/language/model.ts"
import type { Adapted } from "../../methods/language/multi-token/index.ts"
import {
  countOf, identityOf, MultiToken, ownText, parametersOf, preservation, programs
} from "../../methods/language/multi-token/index.ts"
import { inFolder } from "../../methods/language/training/snapshot.ts"
import { layer } from "../backend.ts"
import { type AdaptRequest, figure, type Outcome } from "./request.ts"
import { readText, tokensOf } from "./text.ts"
import { checkState, snapshotEvery, tokensToLearn } from "./training-run.ts"

const schemes = ["linear", "quadratic"] as const

/** Tokens of a piece of text that the model continues itself. */
const pieceLength = 16

/** Beginnings of a text that are continued, spread over it. */
const continued = { prompts: 8, length: 32, tokens: 64 }

/** Continues beginnings of a text by plain decoding and by both schemes; the rates, and how many tokens differ. */
const speculated = Effect.fnUntraced(function*(model: Model, adapted: Adapted, tokens: Tokens) {
  const { prompts, length, tokens: more } = continued
  const spread = Math.max(0, tokens.length - length)
  const given = Array.from({ length: prompts }, (_, index) => {
    const from = Math.floor(index * spread / prompts)
    return Array.from(tokens.subarray(from, from + length))
  })
  const plain = yield* Effect.forEach(given, (prompt) =>
    Effect.scoped(Stream.runCollect(model.generate(prompt, { tokens: more, end: [] }))))
  return yield* Effect.forEach(schemes, (scheme) => Effect.gen(function*() {
    const way = yield* programs(model, adapted, { scheme, masks: adapted.shape.masks })
    const made = yield* preservation.speculate(model, way, given, more)
    return { scheme, rate: preservation.rate(made), differing: preservation.differing(plain, made.texts) }
  }))
})

/** Reads, trains, writes the adapter, and holds the laws of the method to it. */
export const adapt = ({
  folder, text: file, heldOut, out, own, masks, rank, projections, sampler, consistency, steps, batch, context: time,
  rate: peak, resume, settings
}: AdaptRequest) => Effect.scoped(Effect.gen(function*() {
  const path = yield* Path.Path
  const [state, place] = [path.join(out, "state"), path.join(out, "adapter")]
  yield* checkState(state, resume)
  const model = yield* open(folder)
  const { architecture } = model
  const tokens = yield* tokensToLearn(file, model, time)
  const judged = heldOut === undefined ? tokens : yield* tokensOf(yield* readText(heldOut), heldOut, model)
  const shape = MultiToken.shapeOf({ masks, rank, sampler, ...projections.length > 0 && { projections } })
  const configuration = MultiToken.usual({ steps, batch, time, peak, seed: settings.seed })
  const learned = own === 0 ? tokens : yield* ownText(model, tokens, {
    texts: own, given: Math.min(pieceLength, architecture.context >> 1), key: Key.fold(Key.make(settings.seed), 11)
  })
  const asked = { model, shape, consistency, tokens: learned, configuration }
  const store = yield* inFolder(state, yield* identityOf(asked))
  const plan = { steps, evaluateEvery: 0, snapshotEvery }
  const { adapted, history } = yield* MultiToken.adapt({ ...asked, plan, store })
  yield* MultiToken.save(architecture, adapted, place, { overwrite: true })

  const rows = Key.split(Key.fold(Key.make(settings.seed), 3), 4)
    .map((key) => Key.integers(key, Math.min(32, architecture.context), architecture.vocabulary))
  const logits = judge(preservation.sameLogits, yield* preservation.deviation(model, adapted, rows))
  const made = yield* speculated(model, adapted, judged)
  return {
    report: {
      method: MultiToken.name,
      backend: settings.backend,
      seed: settings.seed,
      laws: [logits, ...made.map(({ scheme, differing }) => {
        const verdict = judge(preservation.sameGreedyText, differing)
        return { ...verdict, name: `${verdict.name} (${scheme})` }
      })],
      figures: [
        figure("parameters of the adapter", parametersOf(architecture, shape).reduce((sum, one) =>
          sum + countOf(one), 0), "weights"),
        figure("steps", history.length, "steps"),
        figure("first loss", history[0]?.loss ?? NaN, "nats an entry"),
        figure("last loss", history.at(-1)?.loss ?? NaN, "nats an entry"),
        ...made.map(({ scheme, rate }) => figure(`${scheme}: accepted with each step`, rate, "tokens a step"))
      ]
    },
    plots: [{
      title: "Loss of the adapter", x: "step", y: "loss (nats an entry)",
      series: [{ name: "loss", points: history.map(({ step, loss }) => [step, loss] as const) }]
    }],
    written: { adapter: place, state }
  } satisfies Outcome
})).pipe(Effect.provide(layer(settings)))
