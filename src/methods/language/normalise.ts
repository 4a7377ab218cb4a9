/**
 * The norms of a transformer: RMS norm (1910.07467) or layer norm (1607.06450), with gain and bias as described.
 */
import type { Float } from "../../algebra/dtype.ts"
import { layerNorm, rootMeanSquareNorm } from "../../algebra/derived/norm.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import { add, multiply } from "../../algebra/tensor.ts"
import type { Norm } from "./architecture.ts"
import type { NormTree } from "./parameters.ts"
import type { Stream, Tensors } from "./tensors.ts"

/** gain * normalised x + bias along `model`; gain and bias as far as the description has them. */
export const normalise = <D extends Float>(
  norm: Norm, tree: NormTree<Tensors<D>> | undefined, x: Stream<D>
): Stream<D> => {
  const normed = norm.kind === "rms" ? rootMeanSquareNorm : layerNorm
  const normalised: Stream<D> = normed(x, "model", norm.epsilon)
  const { weight, bias } = tree ?? {}
  const gain: Tensor<D, "model"> | undefined = weight && norm.unitOffset ? add(weight, 1) : weight
  const scaled: Stream<D> = gain ? multiply(normalised, gain) : normalised
  return bias ? add(scaled, bias) : scaled
}
