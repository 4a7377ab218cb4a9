/** The description that stands beside the tensors of an adapter, as a codec: its shape, and the model it belongs to. */
import * as t from "io-ts"
import { Positive } from "../training/codec.ts"
import { Shape } from "./configuration.ts"

/** `adapter.json`. */
export const Description = t.readonly(t.strict({
  method: t.literal("multi-token prediction with gated LoRA"),
  version: t.literal(1),
  shape: Shape,
  /** Sizes of the model that was adapted. */
  model: t.readonly(t.strict({
    vocabulary: Positive, layers: Positive, model: Positive, embed: Positive, hidden: Positive
  }))
}), "the description of an adapter")
export type Description = t.TypeOf<typeof Description>
