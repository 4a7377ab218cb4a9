/**
 * The losses of multi-token prediction (2507.11851, section 2.5). Over all entries whose target is known: the
 * cross-entropy of the base head, which at the text's own tokens has no gradient and only watches, and that of the
 * sampler head, given the true token before the target. Over the text's own tokens: latent consistency (equation 1),
 *
 *     L(t) = mean over S(z_t) of |stopgrad(z_t) - z|^2
 *
 * where S(z_t) are the latents of masks with the target of t, which are those with its position. The square is a mean
 * over features: the paper does not say sum or mean.
 */
import { constant } from "../../../algebra/constant.ts"
import { sizeOf } from "../../../algebra/axis.ts"
import { crossEntropy } from "../../../algebra/derived/loss.ts"
import { mean } from "../../../algebra/derived/statistics.ts"
import type { Float } from "../../../algebra/dtype.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import {
  add, cast, contract, divide, fill, gather, less, maximum, multiply, not, scatter, subtract, sum, where
} from "../../../algebra/tensor.ts"
import type { Architecture } from "../architecture.ts"
import type { Latents, Rows, Weights } from "../tensors.ts"
import type { Total } from "../training/objective.ts"
import { unembed } from "../transformer.ts"
import type { Adapter } from "./adapter.ts"
import { maskedLatents } from "./adapter.ts"
import type { Layout } from "./masked-input.ts"
import { atPosition, gateOf, positionOf } from "./masked-input.ts"
import { sampled } from "./sampler.ts"

/** Texts and the token after each of theirs, each target counted by its weight. */
export interface Supervised<D extends Float> {
  readonly inputs: Rows
  readonly targets: Rows
  readonly weights: Tensor<D, "batch" | "time">
}

/** The losses, each as a sum and what it is the mean over. */
export interface Losses<D extends Float> {
  /** Of the base head at the text's own tokens: constant while an adapter is trained. */
  readonly nextToken: Total<Tensor<D, never>>
  /** Of the base head at masks. */
  readonly masks: Total<Tensor<D, never>>
  /** Of the sampler head at all entries. */
  readonly sampler?: Total<Tensor<D, never>>
  readonly consistency: Total<Tensor<D, never>>
}

type Each<D extends Float> = Tensor<D, "batch" | "time">

const totalOf = <D extends Float>(loss: Each<D>, counted: Each<D>): Total<Tensor<D, never>> =>
  ({ nats: contract(loss, counted, ["batch", "time"]), count: sum(counted, ["batch", "time"]) })

/**
 * Equation 1 for every mask: its share of the term of the token at its position. Entries at positions from `length` on
 * have no such token, and are not `counted`.
 */
export const latentConsistency = <D extends Float>(
  z: Latents<D>, layout: Layout, counted: Each<D>, length: number
): Total<Tensor<D, never>> => {
  const { dtype } = z
  const masks = cast(gateOf(layout), dtype)
  const text = cast(not(gateOf(layout)), dtype)
  const batch = sizeOf("latentConsistency", z.axes, "batch")
  const embed = sizeOf("latentConsistency", z.axes, "embed")
  const position = positionOf(layout)
  const held: Latents<D> = constant(multiply(z, text))
  const anchors: Tensor<D, "batch" | "place" | "embed"> =
    scatter(fill(dtype, { batch, place: length, embed }, 0), position, held, "place", "time", "add")
  const share: Each<D> = multiply(masks, counted)
  const size: Tensor<D, "batch" | "place"> =
    scatter(fill(dtype, { batch, place: length }, 0), position, share, "place", "time", "add")
  const apart = subtract(gather(anchors, position, "place"), z)
  const each: Each<D> = mean(multiply(apart, apart), "embed")
  const term: Each<D> = divide(multiply(each, share), maximum(gather(size, position, "place"), 1))
  return { nats: sum(term, ["batch", "time"]), count: sum(multiply(text, counted), ["batch", "time"]) }
}

/** The losses of an adapter on texts whose entries are laid out as given; its terms act where `gate` is open. */
export const losses = <D extends Float>(
  architecture: Architecture, weights: Weights<D>, adapter: Adapter<D>, texts: Supervised<D>, layout: Layout,
  gate = gateOf(layout)
): Losses<D> => {
  const length = sizeOf("losses", texts.inputs.axes, "time")
  const z = maskedLatents(architecture, weights, adapter, texts.inputs, layout, gate)
  const known = less(positionOf(layout), length)
  const counted: Each<D> = where(known, atPosition(texts.weights, layout), 0)
  const targets = atPosition(texts.targets, layout)
  const loss = (x: Latents<D>): Each<D> =>
    crossEntropy<D, "batch" | "time" | "vocabulary", "vocabulary", "batch" | "time">(
      unembed<D, "batch" | "time">(architecture, weights, x), targets, "vocabulary")
  const base = loss(z)
  const masks = gateOf(layout)
  const { sampler } = adapter
  return {
    nextToken: totalOf(base, where(masks, 0, counted)),
    masks: totalOf(base, where(masks, counted, 0)),
    ...sampler && {
      sampler: totalOf(
        loss(sampled(sampler, gather(weights.embedding, atPosition(texts.inputs, layout), "vocabulary"), z)), counted)
    },
    consistency: latentConsistency(z, layout, counted, length)
  }
}

/**
 * The whole loss, as a sum over entries: its mean over them is the mean of both cross-entropies over all entries, and
 * `consistency` times that of the text's own tokens.
 */
export const combined = <D extends Float>(
  { nextToken, masks, sampler, consistency: latent }: Losses<D>, consistency: number
): Total<Tensor<D, never>> => {
  const count = add(nextToken.count, masks.count)
  const both = add(nextToken.nats, masks.nats)
  const heads = sampler === undefined ? both : add(both, sampler.nats)
  if (consistency === 0) return { nats: heads, count }
  const term = multiply(multiply(divide(latent.nats, maximum(latent.count, 1)), count), consistency)
  return { nats: add(heads, term), count }
}
