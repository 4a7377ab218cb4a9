/**
 * The paper's comparison (2409.12903, section 4): the same larger architecture trained on the same batches from three
 * starts, the grown model, the grown model with noise, and random weights. Symmetric copies get identical gradients,
 * so without noise the grown model keeps the capacity of its source (the law H10); noise lets the copies part.
 */
import { Effect } from "effect"
import { fromEither } from "../../../core/codec.ts"
import * as Key from "../../../core/key.ts"
import { trackedForEach } from "../../../core/progress.ts"
import type { Tokens } from "../../../methods/language/corpus.ts"
import { sweep } from "../../../methods/language/corpus.ts"
import { hyperClone } from "../../../methods/language/hypercloning/index.ts"
import { initialise } from "../../../methods/language/initialise.ts"
import type { Model } from "../../../methods/language/model.ts"
import { make } from "../../../methods/language/model.ts"
import { usual } from "../../../methods/language/training/configuration.ts"
import { train } from "../../../methods/language/training/train.ts"
import { perplexity } from "../../../methods/language/score.ts"
import type { Curve } from "./curves.ts"
import type { Size } from "./size.ts"

const starts = ["grown, symmetric", "grown, noisy symmetric", "random"] as const

const begin = Effect.fnUntraced(function*(start: (typeof starts)[number], source: Model, width: number, seed: number) {
  if (start !== "random") {
    const variant = start === "grown, symmetric" ? "symmetric" : "noisy-symmetric"
    return yield* hyperClone(source, { width, seed, variant })
  }
  const grown = yield* hyperClone(source, { width })
  return make({ ...grown, weights: yield* initialise(grown.architecture, Key.fold(Key.make(seed), 3)) })
})

/** Trains from each start. */
export const compare = Effect.fn("compare")(function* (
  source: Model,
  tokens: Tokens,
  heldOut: Tokens,
  { width, training: { steps, batch, time, peak, evaluateEvery, evaluated } }: Size,
  seed: number
) {
  const configuration = usual({ steps, batch, time, peak, seed })
  const windows = yield* fromEither(sweep(heldOut.subarray(0, evaluated + 1), { batch: 8, time }))
  return yield* trackedForEach({ name: "starts", unit: "start" }, starts, (start, _, { note }) =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* note({ label: start })
        const model = yield* begin(start, source, width, seed)
        const { loss: initial } = yield* perplexity(model, heldOut.subarray(0, evaluated + 1), { window: time })
        const { history } = yield* train({
          model,
          tokens,
          heldOut: windows,
          configuration,
          plan: { steps, evaluateEvery, snapshotEvery: 0 }
        })
        return { start, initial, history } satisfies Curve
      })
    )
  )
})
