/** Elementwise operations as WGSL, for every dtype: what the comments of `expression.ts` say. */
import type { DType } from "../../dtype.ts"
import type { BinaryKind, ReduceKind, UnaryKind } from "../../expression.ts"
import { constant, float, typeOf } from "./literals.ts"

const call = (name: string, ...given: ReadonlyArray<string>): string => `${name}(${given.join(", ")})`

/** An operation on one element of a dtype. */
export const unary = (dtype: DType, kind: UnaryKind, x: string): string => {
  const type = typeOf(dtype)
  switch (kind) {
    case "negate":
      return type === "u32" ? `(0u - ${x})` : `(-${x})`
    case "absolute":
      return type === "u32" ? x : call("abs", x)
    case "sign":
      return type === "f32" ? call("signOf", x) : type === "u32" ? call("min", x, "1u") : call("sign", x)
    case "floor":
      return call("floor", x)
    case "reciprocal":
      return `(1f / ${x})`
    case "squareRoot":
      return call("sqrt", x)
    case "not":
      return type === "bool" ? `(!${x})` : `(~${x})`
    case "exponential":
    case "logarithm":
    case "sine":
    case "cosine":
    case "tangentHyperbolic":
    case "errorFunction":
      return call(kind, x)
  }
}

/** An operation on two elements of a dtype. */
export const binary = (dtype: DType, kind: BinaryKind, x: string, y: string): string => {
  const type = typeOf(dtype)
  switch (kind) {
    case "add":
      return `(${x} + ${y})`
    case "subtract":
      return `(${x} - ${y})`
    case "multiply":
      return `(${x} * ${y})`
    case "divide":
      return type === "f32" ? `(${x} / ${y})` : call(type === "u32" ? "unsignedQuotient" : "quotient", x, y)
    case "remainder":
      return call(type === "f32" ? "remainderOf" : type === "u32" ? "unsignedRest" : "rest", x, y)
    case "power":
      return call("power", x, y)
    case "maximum":
      return call(type === "f32" ? "largerOf" : "max", x, y)
    case "minimum":
      return call(type === "f32" ? "smallerOf" : "min", x, y)
    case "and":
      return `(${x} & ${y})`
    case "or":
      return `(${x} | ${y})`
    case "xor":
      return type === "bool" ? `(${x} != ${y})` : `(${x} ^ ${y})`
    case "shiftLeft":
      return `(${x} << (${type === "i32" ? call("bitcast<u32>", y) : y} & 31u))`
    case "shiftRight":
      return `(${x} >> (${type === "i32" ? call("bitcast<u32>", y) : y} & 31u))`
    case "less":
    case "lessEqual":
      return type === "f32"
        ? `(!isNan(${x}) && !isNan(${y}) && ${x} ${kind === "less" ? "<" : "<="} ${y})`
        : `(${x} ${kind === "less" ? "<" : "<="} ${y})`
    case "equal":
      return type === "f32" ? `(!isNan(${x}) && !isNan(${y}) && ${x} == ${y})` : `(${x} == ${y})`
    case "notEqual":
      return type === "f32" ? `(isNan(${x}) || isNan(${y}) || ${x} != ${y})` : `(${x} != ${y})`
  }
}

/** Smallest and largest of the integers that a cast to them saturates at. */
const ranges: { readonly [D in DType]?: readonly [number, number] } = { i8: [-128, 127] }

const toBits = (to: "f16" | "bf16", x: string): string => call(to === "f16" ? "toHalf" : "toBrain", x)

const fromFloat = (to: DType, x: string): string => {
  switch (to) {
    case "i32":
      return call("toInteger", x)
    case "u32":
      return call("toUnsigned", x)
    case "i8":
      return call("clamp", call("toInteger", x), ...(ranges.i8 ?? []).map(String))
    case "bool":
      return `((bitcast<u32>(${x}) & 0x7fffffffu) != 0u)`
    case "f16":
    case "bf16":
      return toBits(to, x)
    default:
      return x
  }
}

const fromSigned = (to: DType, x: string): string => {
  switch (to) {
    case "f32":
      return call("f32", x)
    case "u32":
      return call("u32", call("max", x, "0"))
    case "i8":
      return call("clamp", x, ...(ranges.i8 ?? []).map(String))
    case "bool":
      return `(${x} != 0)`
    case "f16":
    case "bf16":
      return toBits(to, `(f32(sign(${x})) * toOdd(bitcast<u32>(abs(${x}))))`)
    default:
      return x
  }
}

const fromUnsigned = (to: DType, x: string): string => {
  switch (to) {
    case "f32":
      return call("f32", x)
    case "i32":
      return call("i32", call("min", x, "0x7fffffffu"))
    case "i8":
      return call("i32", call("min", x, "127u"))
    case "bool":
      return `(${x} != 0u)`
    case "f16":
    case "bf16":
      return toBits(to, call("toOdd", x))
    default:
      return x
  }
}

const fromBool = (to: DType, x: string): string => {
  if (to === "bool") return x
  if (to === "f16" || to === "bf16") return `select(0u, ${to === "f16" ? "0x3c00u" : "0x3f80u"}, ${x})`
  return `select(${constant(to, 0)}, ${constant(to, 1)}, ${x})`
}

/** An element of one dtype as one of another. */
export const cast = (from: DType, to: DType, x: string): string => {
  if (from === to) return x
  switch (from) {
    case "f32":
      return fromFloat(to, x)
    case "f16":
      return fromFloat(to, call("fromHalf", x))
    case "bf16":
      return fromFloat(to, call("bitcast<f32>", `${x} << 16u`))
    case "i8":
    case "i32":
      return fromSigned(to, x)
    case "u32":
      return fromUnsigned(to, x)
    case "bool":
      return fromBool(to, x)
    case "f64":
      throw new RangeError("WebGPU has no f64")
  }
}

/** One more value folded into a reduction. */
export const fold = (kind: ReduceKind, dtype: DType, total: string, value: string): string => {
  const of: { readonly [Kind in ReduceKind]: BinaryKind } =
    { sum: "add", product: "multiply", maximum: "maximum", minimum: "minimum" }
  return binary(dtype, of[kind], total, value)
}

/** What a reduction over nothing gives. */
export const identity = (kind: ReduceKind, dtype: DType): string => {
  if (kind === "sum" || kind === "product") return constant(dtype, kind === "sum" ? 0 : 1)
  const sign = kind === "maximum" ? -1 : 1
  if (typeOf(dtype) === "f32") return float(sign * Infinity)
  if (dtype === "u32") return constant(dtype, sign < 0 ? 0 : 2 ** 32 - 1)
  return constant(dtype, sign < 0 ? -(2 ** 31) : 2 ** 31 - 1)
}
