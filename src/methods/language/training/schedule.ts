/**
 * Learning rates as plain functions of the step, which counts from 0. All begin with a linear warm-up that reaches the
 * peak at its last step; a decay reaches `floor` (a share of the peak) at step `steps` and stays there.
 */
import * as t from "io-ts"

import { Above, Natural, NonNegative } from "./codec.ts"

const common = { peak: Above, warmup: Natural }
const decaying = { ...common, steps: Natural, floor: NonNegative }

/** A schedule as data: `peak` is a rate, `warmup`, `steps` and `decay` are numbers of steps. */
export const Schedule = t.readonly(t.union([
  t.strict({ kind: t.literal("constant"), ...common }),
  t.strict({ kind: t.literal("linear"), ...decaying }),
  t.strict({ kind: t.literal("cosine"), ...decaying }),
  t.strict({ kind: t.literal("warmup-stable-decay"), ...decaying, decay: Natural })
]), "a schedule (constant, linear, cosine or warmup-stable-decay)")
export type Schedule = t.TypeOf<typeof Schedule>

const clamp = (x: number): number => Math.min(Math.max(x, 0), 1)

/** The share of the peak after the warm-up. */
const share = (schedule: Schedule, step: number): number => {
  if (schedule.kind === "constant") return 1
  const { floor, steps, warmup } = schedule
  const start = schedule.kind === "warmup-stable-decay" ? steps - schedule.decay : warmup
  const progress = steps > start ? clamp((step - start) / (steps - start)) : step >= steps ? 1 : 0
  const remaining = schedule.kind === "cosine" ? (1 + Math.cos(Math.PI * progress)) / 2 : 1 - progress
  return floor + (1 - floor) * remaining
}

/** The learning rate of a step. */
export const rateAt = (schedule: Schedule, step: number): number => {
  const { peak, warmup } = schedule
  return peak * (step < warmup ? (step + 1) / warmup : share(schedule, step))
}
