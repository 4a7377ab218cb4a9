/**
 * A language model as a service: a description, its parameters in the memory of the backend in the context, and how it
 * continues a text. A method that changes a model is a Layer from one `LanguageModel` to another; what it conserves is
 * stated by the method.
 */
import type { Stream } from "effect"
import { Context } from "effect"
import type { Backend, BackendError } from "../../algebra/backend.ts"
import type { ShapeError } from "../../algebra/axis.ts"
import type { DecodeError, Settings } from "./decode.ts"
import { generate } from "./decode.ts"
import type { Family } from "./families/family.ts"
import type { Tokenizer } from "./tokenizer.ts"
import type { Transformer } from "./weights.ts"

export type { Transformer, WeightBuffers } from "./weights.ts"

/** Continues a prompt, token by token, until an end token (not given) or as many as were asked for. */
export type Generate = (prompt: ReadonlyArray<number>, settings: Settings) =>
  Stream.Stream<number, DecodeError | BackendError | ShapeError, Backend>

/** A model with what is needed to use it. */
export interface Model extends Transformer {
  /** For people: the folder it came from, or how it was made. */
  readonly name: string
  /** The format that it is written in; where absent it cannot be. */
  readonly family?: Family
  readonly tokenizer?: Tokenizer
  /** Files of the tokenizer, which go along when the model is written. */
  readonly tokenizerFiles?: ReadonlyArray<string>
  readonly generate: Generate
}

export class LanguageModel extends Context.Service<LanguageModel, Model>()("noether/LanguageModel") {}

/** A model that is decoded one token at a time. */
export const make = (parts: Omit<Model, "generate">): Model => ({
  ...parts,
  generate: (prompt, settings) => generate(parts, prompt, settings)
})
