/** Activations of neural networks, elementwise. */
import type { Float } from "../dtype.ts"
import type { Tensor } from "../tensor.ts"
import { add, errorFunction, exponential, maximum, multiply, negate, reciprocal, tangentHyperbolic } from "../tensor.ts"

type Activation = <D extends Float, A extends string>(x: Tensor<D, A>) => Tensor<D, A>

/** max(x, 0). */
export const relu: Activation = (x) => maximum(x, 0)

/** 1 / (1 + exp(-x)). */
export const sigmoid: Activation = (x) => reciprocal(add(exponential(negate(x)), 1))

/** x sigmoid(x), also called swish. */
export const silu: Activation = (x) => multiply(x, sigmoid(x))

/** x times the standard normal distribution function of x (Hendrycks & Gimpel, 1606.08415). */
export const gelu: Activation = (x) => multiply(multiply(x, 0.5), add(errorFunction(multiply(x, Math.SQRT1_2)), 1))

/** The approximation of gelu by a hyperbolic tangent (ibid., section 2). */
export const geluTanh: Activation = (x) => {
  const inner = multiply(add(multiply(multiply(multiply(x, x), x), 0.044715), x), Math.sqrt(2 / Math.PI))
  return multiply(multiply(x, 0.5), add(tangentHyperbolic(inner), 1))
}

/** cap tanh(x / cap): keeps a value within the cap (Gemma 2, 2408.00118, section 2). */
export const softCap = <D extends Float, A extends string>(x: Tensor<D, A>, cap: number): Tensor<D, A> =>
  multiply(tangentHyperbolic(multiply(x, 1 / cap)), cap)
