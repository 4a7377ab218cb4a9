/**
 * Normalisations along an axis. Their statistics are means, so tiling the axis whole changes no element: the law that
 * width growth rests on (laws/algebra/derived/norm.law.ts).
 */
import type { Float } from "../dtype.ts"
import type { Tensor } from "../tensor.ts"
import { add, divide, multiply, squareRoot, subtract } from "../tensor.ts"
import { mean } from "./statistics.ts"

/** x over the root of its mean square (Zhang & Sennrich, 1910.07467). */
export const rootMeanSquareNorm = <D extends Float, A extends string, X extends A>(
  x: Tensor<D, A>,
  over: X,
  epsilon: number
): Tensor<D, A> => divide(x, squareRoot(add(mean(multiply(x, x), over), epsilon)))

/** x less its mean, over the root of its biased variance (Ba et al., 1607.06450). */
export const layerNorm = <D extends Float, A extends string, X extends A>(
  x: Tensor<D, A>,
  over: X,
  epsilon: number
): Tensor<D, A> => {
  const centred: Tensor<D, A> = subtract(x, mean(x, over))
  return divide(centred, squareRoot(add(mean(multiply(centred, centred), over), epsilon)))
}
