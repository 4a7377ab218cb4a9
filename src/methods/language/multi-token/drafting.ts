/**
 * Drafts from the latents of one block of masks (2507.11851, section 2.3), as expressions: by the sampler head one
 * after another, each given the one before and the first the model's own new token; without the head by the base
 * head, each by itself. The likeliest tokens, or with a temperature tokens that are drawn, with what they are drawn
 * from.
 */
import { sizeOf } from "../../../algebra/axis.ts"
import type { KeyTensor } from "../../../algebra/derived/random.ts"
import { uniform } from "../../../algebra/derived/random.ts"
import { softmax } from "../../../algebra/derived/softmax.ts"
import { argumentLargest } from "../../../algebra/derived/statistics.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import {
  add, at, concatenate, divide, equal, expand, fill, gather, iota, logarithm, minimum, negate, rename, slice, smallest,
  where
} from "../../../algebra/tensor.ts"
import type { Architecture } from "../architecture.ts"
import type { Latents, Rows, Weights } from "../tensors.ts"
import { unembed } from "../transformer.ts"
import type { Adapter } from "./adapter.ts"
import { sampled } from "./sampler.ts"

/** One token a row. */
export type Token = Tensor<"i32", "batch">

/** The latents of the masks of one block. */
export type BlockLatents = Tensor<"f32", "batch" | "mask" | "embed">

/** The drafts of a block in order, and the logits that they were chosen from. */
interface Drafted {
  readonly drafts: Tensor<"i32", "batch" | "mask">
  readonly logits: Tensor<"f32", "batch" | "mask" | "vocabulary">
}

/** Which token is drafted from logits; `mask` tells the draft's place in the block. */
type Choice = (logits: Tensor<"f32", "batch" | "vocabulary">, mask: number) => Token

const drafted = (
  architecture: Architecture, weights: Weights<"f32">, { sampler }: Adapter<"f32">, z: BlockLatents, bonus: Token,
  choose: Choice
): Drafted => {
  const masks = sizeOf("drafts", z.axes, "mask")
  let previous = bonus
  const each = Array.from({ length: masks }, (_, mask) => {
    const latent: Latents<"f32"> = slice(rename(z, { mask: "time" }), "time", mask, 1)
    const token: Latents<"f32"> = expand(gather(weights.embedding, previous, "vocabulary"), "time", 1)
    const logits: Tensor<"f32", "batch" | "time" | "vocabulary"> = unembed<"f32", "batch" | "time">(
      architecture, weights, sampler === undefined ? latent : sampled(sampler, token, latent))
    previous = choose(at(logits, "time", 0), mask)
    return { draft: expand(previous, "mask", 1), logits: rename(logits, { time: "mask" }) }
  })
  const [first, ...rest] = each
  if (first === undefined) throw new RangeError("a block has at least one mask")
  return {
    drafts: concatenate([first.draft, ...rest.map(({ draft }) => draft)], "mask"),
    logits: concatenate([first.logits, ...rest.map(({ logits }) => logits)], "mask")
  }
}

/** The likeliest drafts. A latent that is not a number has no likeliest token; its draft is some token all the same. */
export const likeliest = (
  architecture: Architecture, weights: Weights<"f32">, adapter: Adapter<"f32">, z: BlockLatents, bonus: Token
): Drafted["drafts"] => {
  const { sampler } = adapter
  const last = architecture.vocabulary - 1
  if (sampler !== undefined) return drafted(architecture, weights, adapter, z, bonus, (logits) =>
    minimum(argumentLargest(logits, "vocabulary"), last)).drafts
  // without a head drafts do not wait for each other
  const logits: Tensor<"f32", "batch" | "mask" | "vocabulary"> =
    unembed<"f32", "batch" | "mask">(architecture, weights, z)
  return minimum(argumentLargest(logits, "vocabulary"), last)
}

/**
 * Drafts drawn from the softmax of the logits over a temperature, and these distributions. The largest of logits with
 * Gumbel noise, -log(-log(u)), is such a draw.
 */
export const drawn = (
  architecture: Architecture, weights: Weights<"f32">, adapter: Adapter<"f32">, z: BlockLatents, bonus: Token,
  temperature: Tensor<"f32", never>, key: KeyTensor
) => {
  const { vocabulary } = architecture
  const masks = sizeOf("drafts", z.axes, "mask")
  const noise = uniform("f32", key, { mask: masks, vocabulary })
  const { drafts, logits } = drafted(architecture, weights, adapter, z, bonus, (scores, mask) => {
    const gumbel = negate(logarithm(negate(logarithm(at(noise, "mask", mask)))))
    return minimum(argumentLargest(add(divide(scores, temperature), gumbel), "vocabulary"), vocabulary - 1)
  })
  return { drafts, proposals: softmax(divide(logits, temperature), "vocabulary") }
}

/** How many drafts in front agree with the likeliest tokens at their places (`longestPrefix`, as an expression). */
export const agreeing = (tokens: Rows, likeliest: Tensor<"i32", "batch" | "group">, judged: number): Token => {
  const drafts = judged - 1
  if (drafts === 0) return fill("i32", { batch: 1 }, 0)
  const given = slice(rename(tokens, { time: "group" }), "group", 1, drafts)
  const wrong = where(equal(given, slice(likeliest, "group", 0, drafts)), drafts, iota("i32", "group", drafts))
  return smallest(wrong, "group")
}
