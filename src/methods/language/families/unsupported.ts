/** The refusal of an architecture: no family of file formats can say it, or none that the library knows. */
import { Data } from "effect"

/** A description that a family's files cannot express, or a `model_type` that the library does not know. */
export class UnsupportedArchitecture extends Data.TaggedError("UnsupportedArchitecture")<{
  /** The config.json that says so, where there is one. */
  readonly file?: string
  readonly family: string
  readonly field: string
  readonly message: string
}> {}
