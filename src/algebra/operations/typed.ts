/**
 * What a tensor is to the compiler: an expression whose type carries a dtype and a union of axis names. A wrong axis
 * does not compile; that an axis is forgotten does not either, since the type is invariant in its axes.
 */
import type { Axes } from "../axis.ts"
import type { DType } from "../dtype.ts"
import type { Expression, Operation } from "../expression.ts"
import { expression } from "../expression.ts"

declare const named: unique symbol

/** A function on the named axes `A` with values of dtype `D`. Invariant in `A`, so that no axis is forgotten. */
export interface Tensor<D extends DType, in out A extends string> extends Expression {
  readonly dtype: D
  readonly [named]?: (axis: A) => A
}

/** A tensor whose axes are not known to the compiler, for code that works on whole trees of them. */
export type Some<D extends DType = DType> = Expression & { readonly dtype: D }

/** One axis name or several. */
export type Over<X extends string> = X | ReadonlyArray<X>

/** A number may stand for a constant tensor. */
export type Operand<D extends DType, A extends string> = Tensor<D, A> | number

/** The names of `Over`, as a list. */
export const list = <X extends string>(over: Over<X>): ReadonlyArray<string> =>
  (typeof over === "string" ? [over] : over)

/** An expression with the axes that the signature of its constructor states: the one place that asserts them. */
export const typed = <D extends DType, A extends string>(dtype: D, axes: Axes, operation: Operation): Tensor<D, A> =>
  expression(dtype, axes, operation) as Tensor<D, A>
