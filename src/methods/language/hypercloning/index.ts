/**
 * HyperCloning (Samragh et al., 2409.12903): grows the width of a trained transformer by whole factors so that it
 * computes the same function, as the start of training the larger one. The residual stream becomes copies of itself;
 * every logit of every input is conserved. Laws: laws/methods/language/hypercloning/.
 */
import { Effect, Layer } from "effect"
import * as t from "io-ts"
import type { BackendError } from "../../../algebra/backend.ts"
import { Backend } from "../../../algebra/backend.ts"
import type { ShapeError } from "../../../algebra/axis.ts"
import * as Key from "../../../core/key.ts"
import type { Method } from "../../../core/method.ts"
import { tracked } from "../../../core/progress.ts"
import type { Model } from "../model.ts"
import { LanguageModel, make } from "../model.ts"
import { placeholders } from "../transformer.ts"
import type { Variant } from "./expansion.ts"
import { grow } from "./grow.ts"
import type { Factors } from "./growth.ts"
import { growth, GrowthError } from "./growth.ts"
import { sameGreedyText, sameLogits } from "./preservation.ts"

export { expand } from "./expansion.ts"
export type { Noise, Repetition, Variant } from "./expansion.ts"
export { grow } from "./grow.ts"
export type { Expansion } from "./grow.ts"
export { growth, GrowthError } from "./growth.ts"
export type { Factors, Growth } from "./growth.ts"
export * as preservation from "./preservation.ts"

/** Every setting may be left out; what is left out is as the comment says. */
export const Configuration = t.readonly(t.partial({
  /** Factor of the residual stream. Default 2, the paper's. */
  width: t.number,
  /** Factor of the feed-forward layer. Default: the width's. */
  feedForward: t.number,
  /** Factor of the number of heads. Default: the width's over that of the head depth. */
  headCount: t.number,
  /** Factor of the depth of a head. Default 1: published configurations grow the number of heads. */
  headDepth: t.number,
  /** Whether key-value heads are repeated too. Default: repeated, but one that all queries share is kept. */
  keyValue: t.keyof({ repeat: null, keep: null }),
  /** How blocks are filled. Default symmetric, which the paper found as good as any. */
  variant: t.keyof({ symmetric: null, diagonal: null, "noisy-symmetric": null, "noisy-diagonal": null }),
  /** Signal-to-noise ratio of the noisy variants in decibels. Default 10, the paper's. */
  decibels: t.number,
  /** What becomes of a tied head: folded into the final norm (default) or untied. */
  tiedHead: t.keyof({ fold: null, untie: null }),
  /** Seed of the noise. Default 0. */
  seed: t.number
}), "HyperCloning")
export type Configuration = t.TypeOf<typeof Configuration>

const factorsOf = ({ width = 2, headDepth = 1, ...given }: Configuration, keyHeads: number): Factors => ({
  width, headDepth,
  feedForward: given.feedForward ?? width,
  headCount: given.headCount ?? width / headDepth,
  keyValue: given.keyValue ?? (keyHeads === 1 ? "keep" : "repeat")
})

export const variants: ReadonlyArray<Variant> = ["symmetric", "diagonal", "noisy-symmetric", "noisy-diagonal"]

/** The grown model, in the memory of the same backend. */
export const hyperClone = (source: Model, configuration: Configuration = {}) =>
  tracked({ name: `grow ${source.name}` }, () => Effect.gen(function*() {
    const backend = yield* Backend
    const { variant = "symmetric", decibels = 10, tiedHead = "fold", seed = 0 } = configuration
    if (!Number.isFinite(decibels))
      return yield* new GrowthError({ field: "decibels", message: `decibels: a ratio is a finite number, not ${decibels}` })
    const plan = yield* growth(source.architecture, factorsOf(configuration, source.architecture.heads.key))
    const inputs = placeholders(source.architecture, "f32")
    const wide = grow(source.architecture, inputs, plan, { variant, decibels, tiedHead, key: Key.make(seed) })
    const program = yield* backend.compile({ weights: inputs }, { weights: wide.weights })
    const { weights } = yield* program.run({ weights: source.weights })
    const { generate: _, ...kept } = source
    return make({ ...kept, name: `${source.name}, ${variant} x${configuration.width ?? 2}`, architecture: wide.architecture, weights })
  }))

const layer = (configuration: Configuration = {}): Layer.Layer<LanguageModel, GrowthError | BackendError | ShapeError, LanguageModel | Backend> =>
  Layer.effect(LanguageModel, Effect.flatMap(LanguageModel, (source) => hyperClone(source, configuration)))

/** HyperCloning as a method of the library: from a `LanguageModel` to a larger one with the same function. */
export const HyperCloning: Method<Configuration, LanguageModel, GrowthError | BackendError | ShapeError, LanguageModel | Backend> & {
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
