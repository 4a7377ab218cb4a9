/**
 * Clipping of gradients by their global norm (Pascanu et al., 1211.5063, section 3.2), as PyTorch's `clip_grad_norm_`:
 * the direction is kept, and a gradient of norm below the limit is unchanged to the bit.
 */
import type { Float } from "../../../algebra/dtype.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { add, divide, fill, minimum, multiply, squareRoot, sum } from "../../../algebra/tensor.ts"

/** The root of the sum of squares over all elements of all tensors; 0 of none. */
export const globalNorm = <D extends Float>(
  dtype: D, gradients: ReadonlyArray<Tensor<D, string>>
): Tensor<D, never> =>
  squareRoot(gradients.reduce<Tensor<D, never>>(
    (total, gradient) => add(total, sum(multiply(gradient, gradient), Array.from(gradient.axes.keys()))),
    fill(dtype, {}, 0)
  ))

/** What a gradient of this global norm is multiplied by: min(1, limit / (norm + 1e-6)). */
export const factor = <D extends Float>(norm: Tensor<D, never>, limit: number): Tensor<D, never> =>
  minimum(divide(fill(norm.dtype, {}, limit), add(norm, 1e-6)), 1)
