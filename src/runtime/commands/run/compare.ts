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
import type { Report } from "../../../methods/language/training/snapshot.ts"
import { train } from "../../../methods/language/training/train.ts"
import { perplexity } from "../../../methods/language/score.ts"
import { quantity } from "../../figures.ts"
import type { Plot, Table } from "../../report/content.ts"
import type { Size } from "./size.ts"

/** A start, its held-out loss before any step, and the reports of its training. */
export interface Curve {
  readonly start: string
  readonly initial: number
  readonly history: ReadonlyArray<Report>
}

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
  return yield* trackedForEach({ name: "starts", unit: "start" }, starts, (start) =>
    Effect.scoped(
      Effect.gen(function* () {
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

/** Held-out losses with their steps, the start's at step 0. */
const judged = ({ initial, history }: Curve): ReadonlyArray<readonly [step: number, nats: number]> => [
  [0, initial],
  ...history.flatMap(({ step, heldOut }) =>
    heldOut === undefined ? [] : [[step, heldOut.nats / heldOut.count] as const]
  )
]

/** The last held-out loss. */
export const finalLoss = (curve: Curve): number => judged(curve).at(-1)?.[1] ?? NaN

/**
 * The steps until the held-out loss is at or below a level, by linear interpolation between evaluations; 0 where it is
 * before any step, undefined where it never is.
 */
export const stepsTo = (curve: Curve, level: number): number | undefined => {
  const points = judged(curve)
  const reached = points.findIndex(([, loss]) => loss <= level)
  const [at, before] = [points[reached], points[reached - 1]]
  if (at === undefined) return undefined
  if (before === undefined) return at[0]
  return before[0] + (at[0] - before[0]) * (before[1] - level) / (before[1] - at[1])
}

/** Mean losses of the training batches, over runs of `span` steps: single batches are too noisy to read. */
const smooth = (history: ReadonlyArray<Report>, span: number): ReadonlyArray<readonly [number, number]> =>
  history.map(({ step }, index) => {
    const near = history.slice(Math.max(0, index - span + 1), index + 1)
    return [step, near.reduce((sum, { loss }) => sum + loss, 0) / near.length]
  })

/** The curves as people read them. */
export const curvePlots = (curves: ReadonlyArray<Curve>): ReadonlyArray<Plot> => {
  const span = Math.max(1, Math.round((curves[0]?.history.length ?? 0) / 40))
  return [
    {
      title: "Held-out loss",
      x: "step",
      y: "loss (nats a token)",
      series: curves.map((curve) => ({ name: curve.start, points: judged(curve) }))
    },
    {
      title: `Training loss, mean of ${span} steps`,
      x: "step",
      y: "loss (nats a token)",
      series: curves.map(({ start, history }) => ({ name: start, points: smooth(history, span) }))
    }
  ]
}

/** How many times fewer steps a start took than all; undefined where there is no such number. */
export const fewer = (curve: Curve, level: number): number | undefined => {
  const steps = stepsTo(curve, level)
  return steps === undefined || steps === 0 ? undefined : curve.history.length / steps
}

/** A row a start; the last column is how many times fewer steps it took to the random start's final held-out loss. */
export const curveTable = (curves: ReadonlyArray<Curve>): Table => {
  const random = curves.find(({ start }) => start === "random")
  const level = random === undefined ? NaN : finalLoss(random)
  return {
    title: "The same training from three starts",
    heading: [
      "start",
      "held-out loss before",
      "after",
      "perplexity after",
      "steps to the random start's final loss",
      "times fewer"
    ],
    rows: curves.map((curve) => {
      const steps = stepsTo(curve, level)
      const ratio = fewer(curve, level)
      return [
        curve.start,
        quantity(curve.initial),
        quantity(finalLoss(curve)),
        quantity(Math.exp(finalLoss(curve))),
        steps === undefined ? "not reached" : steps === 0 ? "0, it starts below" : quantity(Math.round(steps)),
        ratio === undefined ? "" : quantity(ratio, 3)
      ]
    })
  }
}
