/** What a user of multi-token prediction sets (2507.11851), as a codec for files and flags. */
import * as t from "io-ts"
import { NonNegative, Positive } from "../training/codec.ts"

const projection = t.keyof(
  { query: null, key: null, value: null, output: null, gate: null, up: null, down: null }, "a linear map of a layer")

/** The shape of an adapter: what is trained beside a frozen model. */
export const Shape = t.readonly(t.strict({
  /** k, the number of mask tokens: how many tokens are speculated at once. */
  masks: Positive,
  /** r, the rank of the gated terms. */
  rank: Positive,
  /** The maps of each layer that have a gated term. */
  projections: t.readonlyArray(projection),
  /** Whether there is a sampler head; without one drafts are the base head's, each by itself. */
  sampler: t.boolean
}), "the shape of an adapter")
export type Shape = t.TypeOf<typeof Shape>

/** Every setting may be left out; what is left out is as the comment says. */
export const Configuration = t.readonly(t.partial({
  /** Default 8, the paper's. */
  masks: Positive,
  /** Default 128, the paper's. */
  rank: Positive,
  /** Default: all seven, as in the one public training code; the paper's list is not known. */
  projections: t.readonlyArray(projection),
  /** Default true, the paper's. */
  sampler: t.boolean,
  /** Weight of the latent-consistency loss. Default 1, the paper's; 0 leaves it out. */
  consistency: NonNegative,
  /** How drafts are verified. Default quadratic, the paper's. */
  scheme: t.keyof({ linear: null, quadratic: null }, "linear or quadratic"),
  /** Seed of the first values of the adapter. Default 0. */
  seed: t.number
}), "MultiToken")
export type Configuration = t.TypeOf<typeof Configuration>

/** How masks stand in a step: after the last draft, or after the newest token and every draft. */
export type Scheme = "linear" | "quadratic"

/** The shape that a configuration asks for. */
export const shapeOf = (
  { masks = 8, rank = 128, projections = ["query", "key", "value", "output", "gate", "up", "down"], sampler = true }:
    Configuration
): Shape => ({ masks, rank, projections, sampler })
