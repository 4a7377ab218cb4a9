/**
 * Elementwise operations on vectors, for every dtype: what the comments of `expression.ts` say, to the bit where the
 * result is exact. What vectors cannot do (powers, remainders, integer quotients, shifts by data) is done lane by lane.
 */
import type { DType } from "../../dtype.ts"
import type { BinaryKind, UnaryKind } from "../../expression.ts"
import type { Expression, FunctionReference, ModuleBuilder } from "./assembler.ts"
import { br, brIf, block, call, choose, loop, when } from "./assembler.ts"
import type { Code } from "./code.ts"
import type { Count } from "./elements.ts"
import { extract32, fromLanes32, fromLanesF32, narrow, widen } from "./elements.ts"
import type { I32, V128 } from "./instructions.ts"
import { f32, f32x4, f64, f64x2, i32, i32x4, i64x2, v128 } from "./instructions.ts"
import * as Mathematics from "./mathematics.ts"

type Scalar = FunctionReference<readonly ["f64"], "f64">
type Scalar2 = FunctionReference<readonly ["f64", "f64"], "f64">

/** Scalar functions that a kernel's module has. */
export interface Scalars {
  readonly sin: Scalar
  readonly cos: Scalar
  readonly pow: Scalar2
  readonly remainder: Scalar2
}

/** x - y trunc(x / y) without rounding: multiples of y by powers of two are subtracted, each exactly. */
const defineRemainder = (module: ModuleBuilder): Scalar2 => {
  const defined = module.function("_remainder", { x: "f64", y: "f64" }, "f64", ({ parameters: { x, y }, local }) => {
    const rest = local("rest", "f64")
    const size = local("size", "f64")
    const multiple = local("multiple", "f64")
    const defined = i32.and(f64.lt(f64.abs(x.get), f64.const(Infinity)), f64.gt(size.get, f64.const(0)))
    return [
      [
        size.set(f64.abs(y.get)),
        rest.set(f64.abs(x.get)),
        when(
          defined,
          block((done) =>
            loop((again) => [
              brIf(done, f64.lt(rest.get, size.get)),
              multiple.set(size.get),
              loop((more) =>
                when(f64.le(f64.add(multiple.get, multiple.get), rest.get), [
                  multiple.set(f64.add(multiple.get, multiple.get)),
                  br(more)
                ])
              ),
              rest.set(f64.sub(rest.get, multiple.get)),
              br(again)
            ])
          ),
          rest.set(f64.const(NaN))
        )
      ],
      f64.copysign(rest.get, x.get)
    ]
  })
  return { ...defined, parameters: ["f64", "f64"] }
}

/** Declares the scalar functions in a module, before its kernels. */
export const scalars = (module: ModuleBuilder): Scalars => ({
  sin: module.importFunction("math", "sin", ["f64"], "f64"),
  cos: module.importFunction("math", "cos", ["f64"], "f64"),
  pow: module.importFunction("math", "pow", ["f64", "f64"], "f64"),
  remainder: defineRemainder(module)
})

const lanes = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, lane) => lane)

/** A function of f64 numbers applied lane by lane. */
const scalarwise = (
  code: Code,
  dtype: DType,
  count: Count,
  f: (...xs: ReadonlyArray<Expression<"f64">>) => Expression<"f64">,
  ...given: ReadonlyArray<V128>
): V128 => {
  const xs = given.map((x) => code.keep(x))
  if (dtype === "f64") {
    const [first, second] = lanes(2).map((lane) => f(...xs.map((x) => f64x2.extract_lane(x, lane))))
    return first === undefined || second === undefined ? v128.zero : f64x2.replace_lane(f64x2.splat(first), 1, second)
  }
  return fromLanesF32(
    lanes(count).map((lane) => f32.demote_f64(f(...xs.map((x) => f64.promote_f32(f32x4.extract_lane(x, lane))))))
  )
}

/** A function of i32 numbers applied lane by lane. */
const integerwise = (code: Code, count: Count, f: (x: I32, y: I32) => I32, x: V128, y: V128): V128 => {
  const [left, right] = [code.keep(x), code.keep(y)]
  return fromLanes32(lanes(count).map((lane) => f(extract32(left, lane), extract32(right, lane))))
}

const floats = { f32: f32x4, f64: f64x2 } as const
const widths = { f32: "f32x4", f64: "f64x2" } as const

const sign = (code: Code, dtype: "f32" | "f64", x: V128): V128 => {
  const float = floats[dtype]
  const zero = code.constant(widths[dtype], 0)
  const unit = v128.or(code.constant(widths[dtype], 1), v128.and(x, code.constant(widths[dtype], -0)))
  return v128.bitselect(unit, x, v128.or(float.lt(x, zero), float.gt(x, zero)))
}

/** sin or cos: vectors where all lanes are small enough (NaN is), else the scalar function. */
const circular = (
  code: Code,
  dtype: "f32" | "f64",
  count: Count,
  scalar: Scalar,
  kind: "sine" | "cosine",
  x: V128
): V128 => {
  const width = widths[dtype]
  const given = code.keep(x)
  const result = code.fresh("v128")
  const large = floats[dtype].gt(floats[dtype].abs(given), code.constant(width, Mathematics.circularLimit[width]))
  const masked = dtype === "f32" && count === 2 ? i64x2.extend_low_i32x4_s(large) : large
  code.emit(
    when(
      v128.any_true(masked),
      code.nested((inner) =>
        inner.emit(result.set(scalarwise(inner, dtype, count, (value) => call(scalar, value ?? f64.const(NaN)), given)))
      ),
      code.nested((inner) => inner.emit(result.set(Mathematics[kind](inner, width, given))))
    )
  )
  return result.get
}

const unaryFloat = (
  code: Code,
  dtype: "f32" | "f64",
  count: Count,
  scalar: Scalars,
  kind: UnaryKind,
  x: V128
): V128 => {
  const float = floats[dtype]
  const width = widths[dtype]
  switch (kind) {
    case "negate":
      return float.neg(x)
    case "absolute":
      return float.abs(x)
    case "sign":
      return sign(code, dtype, x)
    case "floor":
      return float.floor(x)
    case "reciprocal":
      return float.div(code.constant(width, 1), x)
    case "squareRoot":
      return float.sqrt(x)
    case "exponential":
      return Mathematics.exponential(code, width, x)
    case "logarithm":
      return Mathematics.logarithm(code, width, x)
    case "sine":
      return circular(code, dtype, count, scalar.sin, "sine", x)
    case "cosine":
      return circular(code, dtype, count, scalar.cos, "cosine", x)
    case "tangentHyperbolic":
      return Mathematics.tangentHyperbolic(code, width, x)
    case "errorFunction":
      return Mathematics.errorFunction(code, width, x)
    case "not":
      return v128.not(x)
  }
}

const unaryInteger = (code: Code, dtype: DType, kind: UnaryKind, x: V128): V128 => {
  switch (kind) {
    case "negate":
      return i32x4.neg(x)
    case "absolute":
      return dtype === "u32" ? x : i32x4.abs(x)
    case "sign": {
      const positive = dtype === "u32" ? i32x4.ne(x, v128.zero) : i32x4.gt_s(x, v128.zero)
      return dtype === "u32" ? i32x4.neg(positive) : i32x4.sub(i32x4.lt_s(x, v128.zero), positive)
    }
    case "not":
      return v128.not(x)
    case "floor":
      return x
    default:
      throw new RangeError(`${kind} of ${dtype}`)
  }
}

/** An elementwise function of one operand. */
export const unary = (code: Code, dtype: DType, count: Count, scalar: Scalars, kind: UnaryKind, x: V128): V128 =>
  dtype === "f32" || dtype === "f64"
    ? unaryFloat(code, dtype, count, scalar, kind, x)
    : unaryInteger(code, dtype, kind, x)

const binaryFloat = (
  code: Code,
  dtype: "f32" | "f64",
  count: Count,
  scalar: Scalars,
  kind: BinaryKind,
  x: V128,
  y: V128
): V128 => {
  const float = floats[dtype]
  const mask = (value: V128): V128 => (dtype === "f32" ? widen(value, count) : value)
  switch (kind) {
    case "add":
      return float.add(x, y)
    case "subtract":
      return float.sub(x, y)
    case "multiply":
      return float.mul(x, y)
    case "divide":
      return float.div(x, y)
    case "maximum":
      return float.max(x, y)
    case "minimum":
      return float.min(x, y)
    case "power":
      return scalarwise(code, dtype, count, (a, b) => call(scalar.pow, a ?? f64.const(NaN), b ?? f64.const(NaN)), x, y)
    case "remainder":
      return scalarwise(
        code,
        dtype,
        count,
        (a, b) => call(scalar.remainder, a ?? f64.const(NaN), b ?? f64.const(NaN)),
        x,
        y
      )
    case "less":
      return mask(float.lt(x, y))
    case "lessEqual":
      return mask(float.le(x, y))
    case "equal":
      return mask(float.eq(x, y))
    case "notEqual":
      return mask(float.ne(x, y))
    default:
      throw new RangeError(`${kind} of ${dtype}`)
  }
}

/** A quotient that is 0 where the divisor is, and wraps where it overflows. */
const quotient = (x: I32, y: I32): I32 =>
  choose(
    i32.le_u(i32.add(y, i32.const(1)), i32.const(1)),
    // y is 0 or -1: minus x times that bit pattern is 0 or x negated
    i32.mul(x, y),
    i32.div_s(x, y)
  )

const binaryInteger = (
  code: Code,
  dtype: DType,
  count: Count,
  kind: BinaryKind,
  x: V128,
  y: V128,
  constantY: number | undefined
): V128 => {
  const u = dtype === "u32"
  const safe =
    (f: (x: I32, y: I32) => I32) =>
    (a: I32, b: I32): I32 =>
      choose(i32.eqz(b), i32.const(0), f(a, b))
  const shift = (vector: (x: V128, n: I32) => V128, scalar: (x: I32, n: I32) => I32): V128 =>
    constantY === undefined ? integerwise(code, count, scalar, x, y) : vector(x, i32.const(constantY & 31))
  switch (kind) {
    case "add":
      return i32x4.add(x, y)
    case "subtract":
      return i32x4.sub(x, y)
    case "multiply":
      return i32x4.mul(x, y)
    case "divide":
      return integerwise(code, count, u ? safe(i32.div_u) : quotient, x, y)
    case "remainder":
      return integerwise(code, count, safe(u ? i32.rem_u : i32.rem_s), x, y)
    case "maximum":
      return (u ? i32x4.max_u : i32x4.max_s)(x, y)
    case "minimum":
      return (u ? i32x4.min_u : i32x4.min_s)(x, y)
    case "and":
      return v128.and(x, y)
    case "or":
      return v128.or(x, y)
    case "xor":
      return v128.xor(x, y)
    case "shiftLeft":
      return shift(i32x4.shl, i32.shl)
    case "shiftRight":
      return u ? shift(i32x4.shr_u, i32.shr_u) : shift(i32x4.shr_s, i32.shr_s)
    case "less":
      return widen((u ? i32x4.lt_u : i32x4.lt_s)(x, y), count)
    case "lessEqual":
      return widen((u ? i32x4.le_u : i32x4.le_s)(x, y), count)
    case "equal":
      return widen(i32x4.eq(x, y), count)
    case "notEqual":
      return widen(i32x4.ne(x, y), count)
    case "power":
      throw new RangeError(`power of ${dtype}`)
  }
}

const binaryBool = (kind: BinaryKind, x: V128, y: V128): V128 => {
  switch (kind) {
    case "and":
    case "multiply":
    case "minimum":
      return v128.and(x, y)
    case "or":
    case "maximum":
      return v128.or(x, y)
    case "xor":
    case "notEqual":
      return v128.xor(x, y)
    case "equal":
      return v128.not(v128.xor(x, y))
    case "less":
      return v128.andnot(y, x)
    case "lessEqual":
      return v128.or(y, v128.not(x))
    default:
      throw new RangeError(`${kind} of bool`)
  }
}

/** An elementwise function of two operands of `dtype`; `constantY` is the second where it is one number. */
export const binary = (
  code: Code,
  dtype: DType,
  count: Count,
  scalar: Scalars,
  kind: BinaryKind,
  x: V128,
  y: V128,
  constantY?: number
): V128 => {
  if (dtype === "bool") return binaryBool(kind, x, y)
  if (dtype === "f32" || dtype === "f64") return binaryFloat(code, dtype, count, scalar, kind, x, y)
  return binaryInteger(code, dtype, count, kind, x, y, constantY)
}

/** `y` where the mask is set, else `z`. */
export const select = (dtype: DType, count: Count, mask: V128, y: V128, z: V128): V128 =>
  v128.bitselect(y, z, dtype === "f64" || dtype === "bool" ? mask : narrow(mask, count))
