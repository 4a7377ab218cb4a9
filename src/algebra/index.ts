/**
 * Tensors with named axes: primitives and what is derived from them in one namespace, evaluation, and the backends.
 */
export * from "./tensor.ts"
export * from "./derived/activation.ts"
export * from "./derived/loss.ts"
export * from "./derived/norm.ts"
export * from "./derived/random.ts"
export * from "./derived/softmax.ts"
export * from "./derived/statistics.ts"
export { ShapeError, type Sizes } from "./axis.ts"
export * from "./backend.ts"
export type { Computed, DType, Float, HostArrays, Integer, Numeric, Stored } from "./dtype.ts"
export type { Expression } from "./expression.ts"
export { gradient, pullback } from "./interpreters/gradient.ts"
export * as Count from "./interpreters/count.ts"
export { print } from "./interpreters/print.ts"
export * as Cpu from "./backends/cpu/index.ts"
export * as Reference from "./backends/reference/index.ts"
