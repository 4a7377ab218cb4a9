/**
 * Numbers that are stored as integers and scales. Ordinary expressions: a backend may read codes where they lie in a
 * contraction, as the cpu backend does, and where it does not they are widened into memory first, to the same values.
 * Laws: laws/algebra/backends/cpu/stored-operand.law.ts.
 */
import * as Axis from "../axis.ts"
import type { Tensor } from "../tensor.ts"
import { cast, iota, merge, multiply, shiftLeft, shiftRight, subtract } from "../tensor.ts"

/** Numbers along an axis that share a scale where codes have four bits; they lie in half as many bytes. */
export const groupSize = 32

/** Signed bytes times a scale for each index of the scale's axes. */
export const scaledBytes = <A extends string, B extends A>(
  codes: Tensor<"i8", A>, scale: Tensor<"f32", B>
): Tensor<"f32", A> => multiply(cast(codes, "f32"), scale)

/**
 * Signed four-bit numbers, two a byte, times a scale for each group of 32 along `axis`. Codes have the axes `group` and
 * `byte` (16) in its place: byte i of a group holds number i in its low half and number 16 + i in its high half.
 */
export const scaledHalves = <A extends string, X extends string>(
  codes: Tensor<"i8", A | "group" | "byte">, scale: Tensor<"f32", A | "group">, axis: X
): Tensor<"f32", Exclude<A, "group" | "byte"> | X> => {
  if (Axis.sizeOf("scaledHalves", codes.axes, "byte") !== groupSize / 2)
    Axis.refuse("scaledHalves", `a group lies in ${groupSize / 2} bytes`, codes.axes)
  // up until the wanted half is on top, and down with its sign
  const up = subtract(28, multiply(iota("i32", "half", 2), 4))
  const numbers = cast(shiftRight(shiftLeft(cast(codes, "i32"), up), 28), "f32")
  const scaled: Tensor<"f32", A | "group" | "byte" | "half"> = multiply(numbers, scale)
  return merge<"f32", A | "group" | "byte" | "half", "group" | "half" | "byte", X>(
    scaled, ["group", "half", "byte"], axis) as Tensor<"f32", Exclude<A, "group" | "byte"> | X>
}
