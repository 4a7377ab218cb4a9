/**
 * What determines a training run beside its model and text: two runs of one configuration on one machine give the same
 * losses to the bit. How far to go and when to look (`Plan`) is no part of it, so a run may be stopped, extended and
 * watched as one likes.
 */
import * as t from "io-ts"
import { Above, Natural, NonNegative, Positive, Share } from "./codec.ts"
import { Schedule } from "./schedule.ts"

/** The settings of a run, as they stand in a recipe file. */
export const Configuration = t.readonly(t.strict({
  /** Chooses the windows, and the initial weights where they are random. */
  seed: Natural,
  /** Windows in a micro-batch, tokens in a window, and micro-batches whose gradients are summed for one update. */
  batch: Positive,
  time: Positive,
  accumulate: Positive,
  schedule: Schedule,
  /** AdamW: 0.9, 0.95 and 1e-8 are usual for language models; decay is for matrices and tables, 0.1 usual. */
  beta1: Share,
  beta2: Share,
  epsilon: Above,
  decay: NonNegative,
  /** The limit of the gradient's global norm, 1 usual; null is no limit. */
  clip: t.union([Above, t.null], "a finite number above 0, or null"),
  /** Learning-rate multipliers of single parameters by their paths; 1 where a parameter is not named. */
  multipliers: t.readonly(t.record(t.string, NonNegative))
}, "a training configuration"))
export type Configuration = t.TypeOf<typeof Configuration>

/** How far to go, and when to look and to save: in updates; 0 is never (but at the end). */
export interface Plan {
  readonly steps: number
  readonly evaluateEvery: number
  readonly snapshotEvery: number
}

/** What a recipe file says: see recipe.ts. */
export const RecipeFile = t.readonly(t.strict({
  /** The model as in a config.json. */
  model: t.UnknownRecord,
  /** The standard deviation of initial weights. */
  deviation: Above,
  /** Files of text, compressed with gzip, that are learned one after the other, and those that are only judged on. */
  text: t.readonlyArray(t.string),
  heldOut: t.readonlyArray(t.string),
  /** How many of the held-out tokens are scored on the way. */
  heldOutTokens: Positive,
  configuration: Configuration,
  plan: t.readonly(t.strict({ steps: Natural, evaluateEvery: Natural, snapshotEvery: Natural }))
}), "a training recipe")

/** A usual recipe for `steps` updates: a cosine to a tenth of the peak, after a twentieth of warm-up. */
export const usual = (
  { steps, batch, time, peak, seed }: Readonly<Record<"steps" | "batch" | "time" | "peak" | "seed", number>>
): Configuration => ({
  seed, batch, time,
  accumulate: 1,
  schedule: { kind: "cosine", peak, warmup: Math.ceil(steps / 20), steps, floor: 0.1 },
  beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1, clip: 1, multipliers: {}
})
