/**
 * The sampler head (2507.11851, section 2.3): which token comes next, given the token that was just emitted and the
 * latent of a mask. Two blocks of a linear map, SiLU and layer norm, of widths 2d to d and d to d; the model's own
 * unembedding turns the result into logits. It depends on that pair alone, wherever it stands in a text (law M16).
 */
import { silu } from "../../../algebra/derived/activation.ts"
import { layerNorm } from "../../../algebra/derived/norm.ts"
import type { Float } from "../../../algebra/dtype.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { add, contract, multiply } from "../../../algebra/tensor.ts"
import type { Latents } from "../tensors.ts"

/** The parameters of the head; the map from 2d is kept as its two halves, of the token and of the latent. */
export interface Sampler<D extends Float> {
  readonly previous: Tensor<D, "inner" | "embed">
  readonly latent: Tensor<D, "inner" | "embed">
  readonly innerBias: Tensor<D, "inner">
  readonly innerGain: Tensor<D, "inner">
  readonly innerShift: Tensor<D, "inner">
  readonly outer: Tensor<D, "embed" | "inner">
  readonly outerBias: Tensor<D, "embed">
  readonly outerGain: Tensor<D, "embed">
  readonly outerShift: Tensor<D, "embed">
}

/** Added to the variance under the root of the norms. */
const epsilon = 1e-5

/** What the unembedding reads in place of the latents `z`, after tokens whose embeddings are `previous`. */
export const sampled = <D extends Float>(head: Sampler<D>, previous: Latents<D>, z: Latents<D>): Latents<D> => {
  const pair = add(contract(previous, head.previous, "embed"), contract(z, head.latent, "embed"))
  const first = silu(add(pair, head.innerBias))
  const inner = add(multiply(layerNorm(first, "inner", epsilon), head.innerGain), head.innerShift)
  const second = silu(add(contract(inner, head.outer, "inner"), head.outerBias))
  return add(multiply(layerNorm(second, "embed", epsilon), head.outerGain), head.outerShift)
}
