/** What is known of a training run's updates, as it stands in the JSON of a snapshot. */
import * as t from "io-ts"
import { Natural } from "./codec.ts"

/** What is said of an update: `step` counts from 1, `loss` is in nats a token, before the update. */
export const Report = t.readonly(t.intersection([
  t.strict({
    step: Natural, loss: t.number, gradientNorm: t.number, learningRate: t.number, tokensPerSecond: t.number
  }),
  t.partial({ heldOut: t.readonly(t.strict({ nats: t.number, count: t.number })) })
]), "a report of a step")
export type Report = t.TypeOf<typeof Report>

/** How far a run has come: `position` is the number of micro-batches that were drawn, `identity` what determines it. */
export const Progress = t.readonly(t.strict({
  step: Natural,
  position: Natural,
  identity: t.UnknownRecord,
  history: t.readonlyArray(Report)
}), "the state of a training run")
