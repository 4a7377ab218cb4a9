/**
 * Casts on vectors, every dtype to every other: numbers are rounded once to nearest even, integers saturate and NaN
 * becomes 0, as the comment of `cast` in `expression.ts` says.
 */
import type { DType } from "../../dtype.ts"
import type { Code } from "./code.ts"
import type { Count } from "./elements.ts"
import { narrow, widen } from "./elements.ts"
import type { V128 } from "./instructions.ts"
import { f32x4, f64x2, i32, i32x4, v128 } from "./instructions.ts"

const decodeHalf = (code: Code, x: V128): V128 => {
  const size = code.keep(v128.and(x, code.constant("i32x4", 0x7fff)))
  const scaled = f32x4.mul(i32x4.shl(size, i32.const(13)), code.constant("f32x4", 2 ** 112))
  const special = i32x4.gt_s(size, code.constant("i32x4", 0x7bff))
  const finite = v128.or(scaled, v128.and(special, code.constant("i32x4", 0x7f800000)))
  return v128.or(finite, i32x4.shl(v128.and(x, code.constant("i32x4", 0x8000)), i32.const(16)))
}

/** Bits rounded to nearest even, `drop` of them lost. */
const roundBits = (code: Code, bits: V128, drop: number): V128 => {
  const odd = v128.and(i32x4.shr_u(bits, i32.const(drop)), code.constant("i32x4", 1))
  return i32x4.shr_u(i32x4.add(i32x4.add(bits, code.constant("i32x4", 2 ** (drop - 1) - 1)), odd), i32.const(drop))
}

const encodeBrain = (code: Code, x: V128): V128 => {
  const given = code.keep(x)
  return v128.bitselect(roundBits(code, given, 16), code.constant("i32x4", 0x7fc0), f32x4.eq(given, given))
}

const encodeHalf = (code: Code, x: V128): V128 => {
  const given = code.keep(x)
  const size = code.keep(f32x4.abs(given))
  const normal = roundBits(code, code.keep(i32x4.sub(size, code.constant("i32x4", 112 << 23))), 13)
  const small = i32x4.sub(f32x4.add(size, code.constant("f32x4", 0.5)), code.constant("i32x4", 0x3f000000))
  const finite = v128.bitselect(small, normal, f32x4.lt(size, code.constant("f32x4", 2 ** -14)))
  const bounded = v128.bitselect(finite, code.constant("i32x4", 0x7c00), f32x4.lt(size, code.constant("f32x4", 65536)))
  const signed = v128.or(bounded, v128.and(i32x4.shr_u(given, i32.const(16)), code.constant("i32x4", 0x8000)))
  return v128.bitselect(signed, code.constant("i32x4", 0x7e00), f32x4.eq(given, given))
}

/** f64 to f32 rounded to odd, after which rounding once more to fewer digits is rounding once. */
const roundToOdd = (code: Code, x: V128): V128 => {
  const given = code.keep(x)
  const nearest = code.keep(f32x4.demote_f64x2_zero(given))
  const back = code.keep(f64x2.promote_low_f32x4(nearest))
  const inexact = v128.and(f64x2.ne(back, given), f64x2.lt(f64x2.abs(back), code.constant("f64x2", Infinity)))
  const beyond = f64x2.gt(f64x2.abs(back), f64x2.abs(given))
  const even = i32x4.eq(v128.and(nearest, code.constant("i32x4", 1)), v128.zero)
  const one = code.constant("i32x4", 1)
  const step = v128.bitselect(code.constant("i32x4", -1), one, narrow(beyond, 2))
  return i32x4.add(nearest, v128.and(step, v128.and(narrow(code.keep(inexact), 2), even)))
}

const toFloat32 = (code: Code, from: DType, count: Count, x: V128): V128 => {
  switch (from) {
    case "f64":
      return f32x4.demote_f64x2_zero(x)
    case "i32":
    case "i8":
      return f32x4.convert_i32x4_s(x)
    case "u32":
      return f32x4.convert_i32x4_u(x)
    case "bool":
      return v128.and(narrow(x, count), code.constant("f32x4", 1))
    case "f16":
      return decodeHalf(code, code.keep(x))
    case "bf16":
      return i32x4.shl(x, i32.const(16))
    case "f32":
      return x
  }
}

const toFloat64 = (code: Code, from: DType, x: V128): V128 => {
  switch (from) {
    case "f64":
      return x
    case "i32":
    case "i8":
      return f64x2.convert_low_i32x4_s(x)
    case "u32":
      return f64x2.convert_low_i32x4_u(x)
    case "bool":
      return v128.and(x, code.constant("f64x2", 1))
    default:
      return f64x2.promote_low_f32x4(toFloat32(code, from, 2, x))
  }
}

const toInteger = (code: Code, from: DType, to: "i32" | "u32", count: Count, x: V128): V128 => {
  const signed = to === "i32"
  switch (from) {
    case "f64":
      return signed ? i32x4.trunc_sat_f64x2_s_zero(x) : i32x4.trunc_sat_f64x2_u_zero(x)
    case "bool":
      return v128.and(narrow(x, count), code.constant("i32x4", 1))
    case "i32":
    case "i8":
      return signed ? x : i32x4.max_s(x, v128.zero)
    case "u32":
      return signed ? i32x4.min_u(x, code.constant("i32x4", 0x7fffffff)) : x
    default: {
      const value = toFloat32(code, from, count, x)
      return signed ? i32x4.trunc_sat_f32x4_s(value) : i32x4.trunc_sat_f32x4_u(value)
    }
  }
}

const toBool = (code: Code, from: DType, count: Count, x: V128): V128 => {
  switch (from) {
    case "bool":
      return x
    case "f64":
      return f64x2.ne(x, v128.zero)
    case "i32":
    case "u32":
    case "i8":
      return widen(i32x4.ne(x, v128.zero), count)
    default:
      return widen(f32x4.ne(toFloat32(code, from, count, x), v128.zero), count)
  }
}

/** Whether a cast passes through f64, so that its kernel must have 64-bit lanes. */
export const castIsWide = (from: DType, to: DType): boolean =>
  (to === "f16" || to === "bf16") && (from === "i32" || from === "u32")

/** The value in another dtype. */
export const cast = (code: Code, from: DType, to: DType, count: Count, x: V128): V128 => {
  switch (to) {
    case "f32":
      return toFloat32(code, from, count, x)
    case "f64":
      return toFloat64(code, from, x)
    case "i32":
    case "u32":
      return toInteger(code, from, to, count, x)
    case "bool":
      return toBool(code, from, count, x)
    case "i8":
      return i32x4.max_s(
        i32x4.min_s(toInteger(code, from, "i32", count, x), code.constant("i32x4", 127)),
        code.constant("i32x4", -128)
      )
    case "f16":
    case "bf16": {
      if (from === to) return x
      const exact =
        from === "f64" || castIsWide(from, to)
          ? roundToOdd(code, toFloat64(code, from, x))
          : toFloat32(code, from, count, x)
      return to === "f16" ? encodeHalf(code, exact) : encodeBrain(code, exact)
    }
  }
}
