/**
 * AdamW: Adam with decoupled weight decay (Loshchilov & Hutter, 1711.05101, algorithm 2), as PyTorch computes it. With
 * gradient g, rate r and decay d, at step t from 1:
 *
 *     m <- b1 m + (1 - b1) g,    v <- b2 v + (1 - b2) g^2
 *     w <- w - r d w - r (m / (1 - b1^t)) / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
 *
 * A parameter whose gradient is zero from the start only decays, and where it does not decay stays what it is.
 */
import type { Float } from "../../../algebra/dtype.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { add, divide, multiply, squareRoot, subtract } from "../../../algebra/tensor.ts"

/** What stays the same over the steps. */
export interface Settings {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

/** What one parameter has for itself: its decay, and what the learning rate is multiplied by for it. */
export interface Group {
  readonly decay: number
  readonly multiplier: number
}

/** What changes with the step, as scalars: the learning rate, 1 - b1^t, and the root of 1 - b2^t. */
export interface Pace<N> {
  readonly rate: N
  readonly correction1: N
  readonly rootCorrection2: N
}

/** The pace of update number `step`, from 1; in double precision, since 1 - b2^t loses four digits in single. */
export const pace = ({ beta1, beta2 }: Settings, rate: number, step: number): Pace<number> => ({
  rate,
  correction1: 1 - beta1 ** step,
  rootCorrection2: Math.sqrt(1 - beta2 ** step)
})

/** A parameter with its moments: the running means of its gradient (m) and of the gradient's square (v). */
export interface Moving<D extends Float, A extends string> {
  readonly weight: Tensor<D, A>
  readonly first: Tensor<D, A>
  readonly second: Tensor<D, A>
}

/** One update of one parameter. The axes keep the order that they have in the parameter and its moments. */
export const update = <D extends Float, A extends string>(
  { weight, first, second }: Moving<D, A>,
  gradient: Tensor<D, A>,
  { rate, correction1, rootCorrection2 }: Pace<Tensor<D, never>>,
  { beta1, beta2, epsilon }: Settings,
  { decay, multiplier }: Group
): Moving<D, A> => {
  const m: Tensor<D, A> = add(multiply(first, beta1), multiply(gradient, 1 - beta1))
  const v: Tensor<D, A> = add(multiply(second, beta2), multiply(multiply(gradient, gradient), 1 - beta2))
  const r = multiplier === 1 ? rate : multiply(rate, multiplier)
  const decayed: Tensor<D, A> = decay === 0 ? weight : subtract(weight, multiply(weight, multiply(r, decay)))
  const root: Tensor<D, A> = add(divide(squareRoot(v), rootCorrection2), epsilon)
  const move: Tensor<D, A> = multiply(divide(m, root), divide(r, correction1))
  return { weight: subtract(decayed, move), first: m, second: v }
}
