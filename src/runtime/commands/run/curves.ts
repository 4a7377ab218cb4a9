/** Loss curves of the same training from several starts, and what is read off them: plain data. */
import type { Report } from "../../../methods/language/training/report.ts"
import { quantity } from "../../figures.ts"
import type { Plot, Table } from "../../report/content.ts"

/** A start, its held-out loss before any step, and the reports of its training. */
export interface Curve {
  readonly start: string
  readonly initial: number
  readonly history: ReadonlyArray<Report>
}

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
      title: span === 1 ? "Training loss" : `Training loss, mean of ${span} steps`,
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
