/**
 * Multi-token prediction with gated LoRA (Samragh et al., 2507.11851): a trained model, with k mask tokens, low-rank
 * terms that act on masks alone and a small sampler head, drafts several tokens at once and verifies them itself. Every
 * next-token logit and the greedy text are the base model's. Laws: laws/methods/language/multi-token/.
 */
import { Effect, Layer, Stream } from "effect"
import type { FileSystem, Path } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { Backend, BackendError } from "../../../algebra/backend.ts"
import type { CodecError } from "../../../core/codec.ts"
import * as Key from "../../../core/key.ts"
import type { Method } from "../../../core/method.ts"
import type { DecodeError, Settings } from "../decode.ts"
import type { Model } from "../model.ts"
import { LanguageModel } from "../model.ts"
import type { SafetensorsError } from "../safetensors-header.ts"
import type { AdapterMismatch } from "./adapter-file.ts"
import { load, save } from "./adapter-file.ts"
import type { Scheme } from "./configuration.ts"
import { Configuration, shapeOf } from "./configuration.ts"
import { bufferTree, initialise } from "./initialise.ts"
import { sameGreedyText, sameLogits } from "./preservation.ts"
import type { Step } from "./speculation.ts"
import { steps } from "./speculation.ts"
import type { Adapted } from "./verification.ts"

import { adapt, usual } from "./adaptation.ts"

export { adapt, identityOf, usual } from "./adaptation.ts"
export type { Request, Trained } from "./adaptation.ts"
export { AdapterMismatch, load, save } from "./adapter-file.ts"
export { countOf, parametersOf } from "./adapter.ts"
export type { Adapter } from "./adapter.ts"
export { Configuration, Shape, shapeOf } from "./configuration.ts"
export type { Scheme } from "./configuration.ts"
export * as preservation from "./preservation.ts"
export { losses } from "./losses.ts"
export type { Losses } from "./losses.ts"
export { steps } from "./speculation.ts"
export type { Step } from "./speculation.ts"
export type { Adapted } from "./verification.ts"

/** A model that emits several tokens a step. */
export interface Speculative extends Model {
  readonly adapted: Adapted
  /** The steps by which a prompt is continued. */
  readonly steps: (prompt: ReadonlyArray<number>, settings: Settings) =>
    Stream.Stream<Step, DecodeError | BackendError | ShapeError, Backend>
}

/** A model decoded with an adapter of it. */
export const speculative = (model: Model, adapted: Adapted, scheme: Scheme = "quadratic"): Speculative => {
  const stepsOf: Speculative["steps"] = (prompt, settings) => steps(model, adapted, scheme, prompt, settings)
  return {
    ...model,
    name: `${model.name}, ${adapted.shape.masks} masks`,
    adapted,
    steps: stepsOf,
    generate: (prompt, settings) =>
      Stream.flatMap(stepsOf(prompt, settings), ({ tokens }) => Stream.fromIterable(tokens))
  }
}

/** The model in the context with a fresh adapter: its text is the base's at once, its drafts are learned by `adapt`. */
const layer = (
  configuration: Configuration = {}
): Layer.Layer<LanguageModel, BackendError | ShapeError, LanguageModel | Backend> =>
  Layer.effect(LanguageModel, Effect.gen(function*() {
    const model = yield* LanguageModel
    const shape = shapeOf(configuration)
    const values = yield* initialise(model, shape, Key.make(configuration.seed ?? 0))
    const adapter = yield* bufferTree(model.architecture, shape, ({ path }) =>
      Effect.succeed(values.get(path) ?? new Float32Array(0)))
    return speculative(model, { shape, adapter }, configuration.scheme)
  }))

/** The model in the context with the adapter of a folder. */
const layerFrom = (folder: string, scheme: Scheme = "quadratic"): Layer.Layer<
  LanguageModel, AdapterMismatch | CodecError | SafetensorsError | PlatformError | BackendError | ShapeError,
  LanguageModel | Backend | FileSystem.FileSystem | Path.Path
> =>
  Layer.effect(LanguageModel, Effect.gen(function*() {
    const model = yield* LanguageModel
    return speculative(model, yield* load(model.architecture, folder), scheme)
  }))

const pipeline = { layer, layerFrom, adapt, usual, shapeOf, load, save, speculative }

/** Multi-token prediction as a method: from a `LanguageModel` to one that emits several tokens a step. */
export const MultiToken:
  & Method<Configuration, LanguageModel, BackendError | ShapeError, LanguageModel | Backend>
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
