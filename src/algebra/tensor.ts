/**
 * Tensors and their primitive operations, by kind. Sizes that do not fit throw a `ShapeError` that names both operands,
 * which `Backend.compile` and the other interpreters give back as a typed failure. Everything else (softmax, norms,
 * losses) is derived from these in `derived/`. Laws: laws/algebra/tensor.law.ts.
 */
export type { Operand, Over, Some, Tensor } from "./operations/typed.ts"
export * from "./operations/constants.ts"
export * from "./operations/elementwise.ts"
export * from "./operations/reduction.ts"
export * from "./operations/movement.ts"
export * from "./operations/indexing.ts"
export * from "./operations/factorisation.ts"
