/**
 * By how much each axis of a transformer grows, and the architecture that comes of it (2409.12903, sections 3.1-3.3).
 * Factors are whole numbers; depth (the number of layers) never changes.
 */
import { Data, Effect } from "effect"
import type { Architecture } from "../architecture.ts"
import type { ParameterAxis } from "../parameters.ts"

/** A growth that cannot be had; names the setting. */
export class GrowthError extends Data.TaggedError("GrowthError")<{
  readonly field: string
  readonly message: string
}> {}

/** How much wider each part becomes; each factor stands for itself. */
export interface Factors {
  /** The residual stream. */
  readonly width: number
  /** The feed-forward layer. */
  readonly feedForward: number
  /** The number of heads: the paper's first way to widen attention, and that of every modern configuration. */
  readonly headCount: number
  /** The depth of a head: its second way. */
  readonly headDepth: number
  /** Whether key and value heads are repeated with the query heads, or kept and shared by more of them. */
  readonly keyValue: "repeat" | "keep"
}

/** What a growth does: a factor for every axis, and the architecture after it. */
export interface Growth {
  readonly factors: Readonly<Record<ParameterAxis, number>>
  readonly architecture: Architecture
}

const whole = (field: string, value: number): Effect.Effect<number, GrowthError> =>
  Number.isInteger(value) && value >= 1
    ? Effect.succeed(value)
    : Effect.fail(new GrowthError({ field, message: `${field}: a factor is a whole number from 1, not ${value}` }))

/** The growth of an architecture by some factors. */
export const growth = (source: Architecture, given: Factors): Effect.Effect<Growth, GrowthError> =>
  Effect.gen(function* () {
    const width = yield* whole("width", given.width)
    const hidden = yield* whole("feedForward", given.feedForward)
    const count = yield* whole("headCount", given.headCount)
    const depth = yield* whole("headDepth", given.headDepth)
    const { attention, embeddingScale, heads, position } = source
    if (depth > 1 && attention.clip !== undefined)
      return yield* new GrowthError({
        field: "headDepth",
        message: "headDepth: queries are clamped after they are scaled, so deeper heads would not keep the function"
      })
    // copies of the query heads stand beside those of their own key-value head when that one is kept
    const factors = {
      vocabulary: 1,
      position: 1,
      model: width,
      embed: source.projected ? 1 : width,
      hidden,
      depth,
      head: given.keyValue === "repeat" ? count : 1,
      share: given.keyValue === "keep" ? count : 1
    }
    const architecture: Architecture = {
      ...source,
      model: source.model * width,
      embed: source.embed * factors.embed,
      hidden: source.hidden * hidden,
      heads: { key: heads.key * factors.head, share: heads.share * factors.share, depth: heads.depth * depth },
      // a family that scales its embedding does so by the root of the width
      embeddingScale: embeddingScale === 1 ? 1 : embeddingScale * Math.sqrt(width),
      attention: { ...attention, scale: attention.scale / Math.sqrt(depth) },
      position:
        position.kind === "rotary" && depth > 1
          ? { ...position, sourceDepth: position.sourceDepth ?? heads.depth }
          : position
    }
    return { factors, architecture }
  })
