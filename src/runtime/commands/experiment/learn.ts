/**
 * The adaptations of the experiment, each a chain of parts: from one look at the adapter to the next. A chain goes on
 * from the training state of its last look, to the bit, so it may be stopped anywhere.
 */
import { Clock, Effect, Path } from "effect"
import * as Key from "../../../core/key.ts"
import type { Tokens } from "../../../methods/language/corpus.ts"
import { sweep } from "../../../methods/language/corpus.ts"
import { fromEither } from "../../../core/codec.ts"
import type { Model } from "../../../methods/language/model.ts"
import { fresh, identityOf, MultiToken, watch } from "../../../methods/language/multi-token/index.ts"
import { inFolder } from "../../../methods/language/training/snapshot.ts"
import { Look } from "./findings-codec.ts"
import { part } from "./part.ts"
import type { Learning, Size } from "./size.ts"

/** A run: what it learns from and how it differs from the others. */
export interface Run {
  readonly name: string
  readonly learning: Learning
  readonly sampler?: boolean
  readonly consistency?: number
  readonly gated?: boolean
}

/** Trains an adapter, and gives the looks at it; the adapter itself is in the folder `adapters/NAME`. */
export const learn = Effect.fnUntraced(function*(
  folder: string, model: Model, tokens: Tokens, heldOut: Tokens, size: Size, seed: number,
  { name, learning, sampler = true, consistency = 1, gated = true }: Run
) {
  const path = yield* Path.Path
  const { rank, steps, every, batch, time, peak } = learning
  const shape = MultiToken.shapeOf({ masks: size.masks, rank, sampler })
  const usual = MultiToken.usual({ steps, batch, time, peak, seed })
  // a decay, unlike the paper's flat rate: these runs are thousands of times shorter
  const schedule = { kind: "cosine" as const, peak, warmup: Math.ceil(steps / 20), steps, floor: 0.05 }
  const asked = { model, shape, consistency, gated, tokens, configuration: { ...usual, schedule } }
  const identity = yield* identityOf(asked)
  const store = yield* inFolder(path.join(folder, "states", name), identity)
  const area = size.watched.batch * size.watched.time
  const [window] = yield* fromEither(sweep(heldOut.subarray(0, area + 1), size.watched))
  if (window === undefined) return []
  const looks = yield* Effect.forEach(Array.from({ length: steps / every + 1 }, (_, index) => index * every), (step) =>
    part(path.join(folder, "looks"), `${name}-${step}`, { ...identity, watched: size.watched }, Look,
      Effect.scoped(Effect.gen(function*() {
        const began = yield* Clock.currentTimeMillis
        const { adapted, history } = step === 0
          ? { adapted: yield* fresh(model, shape, Key.fold(Key.make(seed), 2)), history: [] }
          : yield* MultiToken.adapt({ ...asked, store, plan: { steps: step, evaluateEvery: 0, snapshotEvery: 50 } })
        const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
        if (step === steps)
          yield* MultiToken.save(model.architecture, adapted, path.join(folder, "adapters", name), { overwrite: true })
        return {
          step, seconds, ...yield* watch(model, adapted, window, gated),
          losses: history.slice(Math.max(0, step - every)).map(({ loss }) => loss)
        } satisfies Look
      }))))
  return looks
})
