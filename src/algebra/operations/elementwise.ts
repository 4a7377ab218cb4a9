/**
 * Elementwise operations. Shared axes align, an axis that one operand alone has is broadcast over the other, and a
 * number stands for a constant of the other operand's dtype.
 */
import * as Axis from "../axis.ts"
import type { Computed, DType, Float, Numeric } from "../dtype.ts"
import type { BinaryKind, Expression, UnaryKind } from "../expression.ts"
import { expression } from "../expression.ts"
import type { Operand, Tensor } from "./typed.ts"
import { typed } from "./typed.ts"

/** An elementwise function of one operand. */
export const unary = <D extends Computed, A extends string>(kind: UnaryKind, x: Tensor<D, A>): Tensor<D, A> =>
  typed(x.dtype, x.axes, { op: "unary", kind, x })

const constant = (like: Expression, value: number): Expression =>
  expression(like.dtype, new Map(), { op: "fill", value })

/** Operands of one dtype, of which at least one is a tensor and any other may be a number. */
export const lift = (operation: string, given: ReadonlyArray<Expression | number>): ReadonlyArray<Expression> => {
  const like = given.find((operand) => typeof operand !== "number")
  if (like === undefined || typeof like === "number") return Axis.refuse(operation, "at least one operand is a tensor")
  return given.map((operand) => {
    if (typeof operand === "number") return constant(like, operand)
    if (operand.dtype !== like.dtype)
      Axis.refuse(operation, `dtypes ${like.dtype} and ${operand.dtype} differ`, like.axes, operand.axes)
    return operand
  })
}

const comparisons: ReadonlySet<BinaryKind> = new Set(["less", "lessEqual", "equal", "notEqual"])

/** An elementwise function of two operands: shared axes align, and an axis that one alone has is broadcast. */
export const binary = (kind: BinaryKind, left: Expression | number, right: Expression | number): Expression => {
  const [x, y] = lift(kind, [left, right])
  if (x === undefined || y === undefined) return Axis.refuse(kind, "two operands are needed")
  return expression(comparisons.has(kind) ? "bool" : x.dtype, Axis.align(kind, x.axes, y.axes), {
    op: "binary",
    kind,
    x,
    y
  })
}

/**
 * The type of an elementwise operation of two operands. The first two forms say that an operand whose axes the other
 * has too adds none, which the compiler cannot see by itself when the names are type parameters.
 */
export interface Elementwise<D extends DType, R extends DType | "same"> {
  <T extends D, A extends string, B extends A>(
    x: Tensor<T, A>, y: Operand<NoInfer<T>, B>
  ): Tensor<R extends "same" ? T : R & DType, A>
  <T extends D, B extends string, A extends B>(
    x: Operand<NoInfer<T>, A>, y: Tensor<T, B>
  ): Tensor<R extends "same" ? T : R & DType, B>
  <T extends D, A extends string, B extends string>(
    x: Tensor<T, A>, y: Tensor<NoInfer<T>, B>
  ): Tensor<R extends "same" ? T : R & DType, A | B>
}

// `binary` checks what these signatures state; the overloads cannot be inferred from it.
const elementwise = <D extends DType, R extends DType | "same" = "same">(kind: BinaryKind): Elementwise<D, R> =>
  ((x: Expression | number, y: Expression | number) => binary(kind, x, y)) as Elementwise<D, R>

export const add = elementwise<Numeric>("add")
export const subtract = elementwise<Numeric>("subtract")
export const multiply = elementwise<Numeric>("multiply")
/** On integers the quotient is truncated toward zero. */
export const divide = elementwise<Numeric>("divide")
export const power = elementwise<Float>("power")
export const maximum = elementwise<Numeric>("maximum")
export const minimum = elementwise<Numeric>("minimum")
/** The remainder of `divide`, with the sign of the dividend. */
export const remainder = elementwise<Numeric>("remainder")
export const and = elementwise<"bool" | "i32" | "u32">("and")
export const or = elementwise<"bool" | "i32" | "u32">("or")
export const xor = elementwise<"bool" | "i32" | "u32">("xor")
export const shiftLeft = elementwise<"i32" | "u32">("shiftLeft")
export const shiftRight = elementwise<"i32" | "u32">("shiftRight")
export const less = elementwise<Numeric, "bool">("less")
export const lessEqual = elementwise<Numeric, "bool">("lessEqual")
export const equal = elementwise<Computed, "bool">("equal")
export const notEqual = elementwise<Computed, "bool">("notEqual")

const elementwiseOne =
  <D extends Computed>(kind: UnaryKind) =>
  <T extends D, A extends string>(x: Tensor<T, A>): Tensor<T, A> =>
    unary(kind, x)

export const negate = elementwiseOne<Numeric>("negate")
export const absolute = elementwiseOne<Numeric>("absolute")
export const sign = elementwiseOne<Numeric>("sign")
export const floor = elementwiseOne<Float>("floor")
export const reciprocal = elementwiseOne<Float>("reciprocal")
export const squareRoot = elementwiseOne<Float>("squareRoot")
export const exponential = elementwiseOne<Float>("exponential")
export const logarithm = elementwiseOne<Float>("logarithm")
export const sine = elementwiseOne<Float>("sine")
export const cosine = elementwiseOne<Float>("cosine")
export const tangentHyperbolic = elementwiseOne<Float>("tangentHyperbolic")
export const errorFunction = elementwiseOne<Float>("errorFunction")
export const not = elementwiseOne<"bool" | "i32" | "u32">("not")

interface Where {
  <T extends Computed, C extends A, A extends string, B extends A>(
    condition: Tensor<"bool", C>, x: Tensor<T, A>, y: Operand<NoInfer<T>, B>
  ): Tensor<T, A>
  <T extends Computed, C extends B, A extends B, B extends string>(
    condition: Tensor<"bool", C>, x: Operand<NoInfer<T>, A>, y: Tensor<T, B>
  ): Tensor<T, B>
  <T extends Computed, C extends string, A extends string>(
    condition: Tensor<"bool", C>, x: Tensor<T, A>, y: number
  ): Tensor<T, A | C>
  <T extends Computed, C extends string, A extends string>(
    condition: Tensor<"bool", C>, x: number, y: Tensor<T, A>
  ): Tensor<T, A | C>
  <T extends Computed, C extends string, A extends string, B extends string>(
    condition: Tensor<"bool", C>, x: Tensor<T, A>, y: Tensor<NoInfer<T>, B>
  ): Tensor<T, A | B | C>
}

/** `x` where the condition holds, else `y`; axes align as in any elementwise operation. Both sides are values: a NaN on
 *  the side not taken is not seen. */
export const where = ((condition: Expression, left: Expression | number, right: Expression | number) => {
  const [x, y] = lift("where", [left, right])
  if (x === undefined || y === undefined) return Axis.refuse("where", "two operands are needed")
  if (condition.dtype !== "bool") Axis.refuse("where", `the condition is ${condition.dtype}, not bool`, condition.axes)
  const axes = Axis.align("where", Axis.align("where", x.axes, y.axes), condition.axes)
  return expression(x.dtype, axes, { op: "select", x: condition, y: x, z: y })
}) as Where // as for `elementwise`

/** The same values in another dtype. */
export const cast = <D extends DType, A extends string>(x: Tensor<DType, A>, dtype: D): Tensor<D, A> =>
  typed(dtype, x.axes, { op: "cast", x })
