/** What a user of HyperCloning sets (2409.12903, sections 3.2 to 3.4), as a codec for files and flags. */
import * as t from "io-ts"

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
