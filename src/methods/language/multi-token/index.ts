/**
 * Multi-token prediction with gated LoRA (Samragh et al., 2507.11851): a trained model, with k mask tokens, low-rank
 * terms that act on masks alone and a small sampler head, drafts several tokens at once and verifies them itself. Every
 * next-token logit and the greedy text are the base model's. Laws: laws/methods/language/multi-token/.
 */
import { Effect, Layer, Stream } from "effect"
import type { FileSystem, Path, Scope } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { Backend, BackendError } from "../../../algebra/backend.ts"
import type { CodecError } from "../../../core/codec.ts"
import * as Key from "../../../core/key.ts"
import type { Method } from "../../../core/method.ts"
import type { DecodeError, Settings } from "../decode.ts"
import { refuse } from "../decode.ts"
import type { Model } from "../model.ts"
import { LanguageModel } from "../model.ts"
import type { SafetensorsError } from "../safetensors-header.ts"
import type { AdapterMismatch } from "./adapter-file.ts"
import { load, save } from "./adapter-file.ts"
import type { Scheme } from "./configuration.ts"
import { Configuration, shapeOf } from "./configuration.ts"
import { fresh } from "./initialise.ts"
import { sameGreedyText, sameLogits } from "./preservation.ts"
import type { Step } from "./speculation.ts"
import { stepsOf } from "./speculation.ts"
import type { Adapted, Programs, Way } from "./verification.ts"
import { programs } from "./verification.ts"
import { adapt, usual } from "./adaptation.ts"

export { adapt, identityOf, usual } from "./adaptation.ts"
export type { Request, Trained } from "./adaptation.ts"
export { AdapterMismatch, load, save } from "./adapter-file.ts"
export { countOf, parametersOf } from "./adapter.ts"
export type { Adapter } from "./adapter.ts"
export { Configuration, Shape, shapeOf } from "./configuration.ts"
export type { Scheme } from "./configuration.ts"
export { watch } from "./evaluation.ts"
export type { Watched } from "./evaluation.ts"
export { fresh } from "./initialise.ts"
export { ownText } from "./own-text.ts"
export { repeat } from "./repeat.ts"
export * as preservation from "./preservation.ts"
export { losses } from "./losses.ts"
export type { Losses } from "./losses.ts"
export { steps, stepsOf } from "./speculation.ts"
export type { Step } from "./speculation.ts"
export { programs, withoutSampler } from "./verification.ts"
export type { Adapted, Programs, Way } from "./verification.ts"

/** A model that emits several tokens a step. */
export interface Speculative extends Model {
  readonly adapted: Adapted
  /** The programs that its texts are decoded with. */
  readonly programs: Programs
  /** The steps by which a prompt is continued. */
  readonly steps: (prompt: ReadonlyArray<number>, settings: Settings) =>
    Stream.Stream<Step, DecodeError | BackendError | ShapeError, Backend>
}

/**
 * A model decoded with an adapter of it; `masks`, of those of the adapter all where absent, are used. Its programs are
 * compiled when they are first needed, and are kept with the Scope.
 */
export const speculative = (
  model: Model, adapted: Adapted, { scheme = "quadratic", masks = adapted.shape.masks }: Partial<Way> = {}
): Effect.Effect<Speculative, DecodeError, Backend | Scope.Scope> => Effect.gen(function*() {
  if (!Number.isInteger(masks) || masks < 1 || masks > adapted.shape.masks)
    return yield* refuse("masks",
      `expected a whole number from 1 to the ${adapted.shape.masks} of the adapter, got ${masks}`)
  const made = yield* programs(model, adapted, { scheme, masks })
  const steps: Speculative["steps"] = (prompt, settings) => stepsOf(model, made, prompt, settings)
  return {
    ...model,
    name: `${model.name}, ${masks} masks`,
    adapted,
    programs: made,
    steps,
    generate: (prompt, settings) =>
      Stream.flatMap(steps(prompt, settings), ({ tokens }) => Stream.fromIterable(tokens))
  }
})

/** The model in the context with a fresh adapter: its text is the base's at once, its drafts are learned by `adapt`. */
const layer = (
  configuration: Configuration = {}
): Layer.Layer<LanguageModel, DecodeError | BackendError | ShapeError, LanguageModel | Backend> =>
  Layer.effect(LanguageModel, Effect.gen(function*() {
    const model = yield* LanguageModel
    const adapted = yield* fresh(model, shapeOf(configuration), Key.make(configuration.seed ?? 0))
    return yield* speculative(model, adapted, { scheme: configuration.scheme ?? "quadratic" })
  }))

/** The model in the context with the adapter of a folder. */
const layerFrom = (folder: string, scheme: Scheme = "quadratic"): Layer.Layer<
  LanguageModel,
  AdapterMismatch | DecodeError | CodecError | SafetensorsError | PlatformError | BackendError | ShapeError,
  LanguageModel | Backend | FileSystem.FileSystem | Path.Path
> =>
  Layer.effect(LanguageModel, Effect.gen(function*() {
    const model = yield* LanguageModel
    return yield* speculative(model, yield* load(model.architecture, folder), { scheme })
  }))

const pipeline = { layer, layerFrom, adapt, usual, shapeOf, load, save, speculative }

/** Multi-token prediction as a method: from a `LanguageModel` to one that emits several tokens a step. */
export const MultiToken:
  & Method<Configuration, LanguageModel, DecodeError | BackendError | ShapeError, LanguageModel | Backend>
  & typeof pipeline = {
    name: "MultiToken",
    paper: {
      title: "Your LLM Knows the Future: Uncovering Its Multi-Token Prediction Potential",
      authors: "Samragh, Kundu, Harrison, Nishu, Naik, Cho, Farajtabar",
      arxiv: "2507.11851"
    },
    configuration: Configuration,
    laws: [sameLogits, sameGreedyText],
    ...pipeline
  }
