/**
 * A contraction without its tensors: which axes it has, and how far each steps in the operands and in the result. What
 * a backend's kernels are made from.
 */
import type { Float } from "../../dtype.ts"

/**
 * One axis of a contraction: its size and the step it takes in each operand, in elements; 0 where the operand lacks it.
 */
export interface Axis {
  readonly size: number
  readonly a: number
  readonly b: number
  readonly c: number
  /** The step in the scales of a stored operand; 0 where absent. */
  readonly scale?: number
}

/** An operand that lies in memory in fewer bits than it is computed with. */
export interface Storage {
  readonly operand: "a" | "b"
  /**
   * bf16, signed bytes, or signed half bytes: 32 numbers in 16 bytes, of which the first 16 are the low halves. Steps
   * and offsets count numbers.
   */
  readonly format: "bf16" | "i8" | "i4"
  /** Of the number that all-zero indices name. */
  readonly offset: number
  /** Whether each number is multiplied by an f32 scale. */
  readonly scaled: boolean
}

/**
 * C[batch, m, n] = sum over k of A[batch, m, k] B[batch, k, n], each group a list of axes. Axes of `batch` are in both
 * operands and the result, of `m` in A, of `n` in B, of `k` in both operands only; zero strides broadcast. No two
 * indices of C may meet.
 */
export interface Contraction {
  readonly dtype: Float
  readonly batch: readonly Axis[]
  readonly m: readonly Axis[]
  readonly n: readonly Axis[]
  readonly k: readonly Axis[]
  /** Add to what C holds; default false. */
  readonly accumulate?: boolean
  /** Absent where both operands are numbers of the dtype. */
  readonly storage?: Storage
}
