/**
 * HyperCloning (Samragh et al., 2409.12903): grows the width of a trained transformer by whole factors so that it
 * computes the same function, as the start of training the larger one. The residual stream becomes copies of itself;
 * every logit of every input is conserved. Laws: laws/methods/language/hypercloning/.
 */
import { Effect, Layer } from "effect"
import type { BackendError } from "../../../algebra/backend.ts"
import { Backend } from "../../../algebra/backend.ts"
import type { ShapeError } from "../../../algebra/axis.ts"
import * as Key from "../../../core/key.ts"
import type { Method } from "../../../core/method.ts"
import { tracked } from "../../../core/progress.ts"
import type { Model } from "../model.ts"
import { LanguageModel, make } from "../model.ts"
import { parameters } from "../storage.ts"
import { Configuration } from "./configuration.ts"
import type { Variant } from "./expansion.ts"
import { grow } from "./grow.ts"
import type { Factors } from "./growth.ts"
import { growth, GrowthError } from "./growth.ts"
import { sameGreedyText, sameLogits } from "./preservation.ts"

export { Configuration } from "./configuration.ts"
export { expand } from "./expansion.ts"
export type { Noise, Repetition, Variant } from "./expansion.ts"
export { grow } from "./grow.ts"
export type { Expansion } from "./grow.ts"
export { growth, GrowthError } from "./growth.ts"
export type { Factors, Growth } from "./growth.ts"
export * as preservation from "./preservation.ts"

const factorsOf = ({ width = 2, headDepth = 1, ...given }: Configuration, keyHeads: number): Factors => ({
  width, headDepth,
  feedForward: given.feedForward ?? width,
  headCount: given.headCount ?? width / headDepth,
  keyValue: given.keyValue ?? (keyHeads === 1 ? "keep" : "repeat")
})

/** The four ways to fill blocks, in the paper's order. */
export const variants = [
  "symmetric",
  "diagonal",
  "noisy-symmetric",
  "noisy-diagonal"
] as const satisfies ReadonlyArray<Variant>

/** The grown model, in the memory of the same backend. */
export const hyperClone = (source: Model, configuration: Configuration = {}) =>
  tracked({ name: `grow ${source.name}` }, () => Effect.gen(function*() {
    const backend = yield* Backend
    const { variant = "symmetric", decibels = 10, tiedHead = "fold", seed = 0 } = configuration
    if (!Number.isFinite(decibels))
      return yield* new GrowthError({ field: "decibels", message: `decibels: a ratio is a finite number, not ${decibels}` })
    const plan = yield* growth(source.architecture, factorsOf(configuration, source.architecture.heads.key))
    const given = parameters(source)
    const wide = grow(source.architecture, given.wide, plan, { variant, decibels, tiedHead, key: Key.make(seed) })
    const program = yield* backend.compile({ weights: given.stored }, { weights: wide.weights })
    const { weights } = yield* program.run({ weights: source.weights })
    const { generate: _, format: __, ...kept } = source
    return make({
      ...kept,
      name: `${source.name}, ${variant} x${configuration.width ?? 2}`,
      architecture: wide.architecture,
      weights
    })
  }))

const layer = (
  configuration: Configuration = {}
): Layer.Layer<LanguageModel, GrowthError | BackendError | ShapeError, LanguageModel | Backend> =>
  Layer.effect(
    LanguageModel,
    Effect.flatMap(LanguageModel, (source) => hyperClone(source, configuration))
  )

/** HyperCloning as a method of the library: from a `LanguageModel` to a larger one with the same function. */
export const HyperCloning: Method<
  Configuration,
  LanguageModel,
  GrowthError | BackendError | ShapeError,
  LanguageModel | Backend
> & {
  readonly layer: typeof layer
} = {
  name: "HyperCloning",
  paper: {
    title: "Scaling Smart: Accelerating Large Language Model Pre-training with Small Model Initialization",
    authors: "Samragh, Mirzadeh, Alizadeh Vahid, Faghri, Cho, Nabi, Naik, Farajtabar",
    arxiv: "2409.12903"
  },
  configuration: Configuration,
  laws: [sameLogits, sameGreedyText],
  layer
}
