/**
 * Numbers as WGSL. A constant expression that is infinite or NaN does not compile, so these are made at run time, and
 * every other float is written out with all its digits.
 */
import type { DType } from "../../dtype.ts"

/** The type of an element once it is loaded; 16-bit floats are their bits until a cast makes them numbers. */
export const typeOf = (dtype: DType): "f32" | "i32" | "u32" | "bool" => {
  switch (dtype) {
    case "f32":
    case "i32":
    case "u32":
    case "bool":
      return dtype
    case "i8":
      return "i32"
    case "f16":
    case "bf16":
      return "u32"
    case "f64":
      throw new RangeError("WebGPU has no f64")
  }
}

/** A finite or infinite f32 or NaN. */
export const float = (value: number): string => {
  const rounded = Math.fround(value)
  if (Number.isNaN(rounded)) return "nan()"
  if (!Number.isFinite(rounded)) return rounded > 0 ? "infinity()" : "(-infinity())"
  if (Object.is(rounded, -0)) return "bitcast<f32>(0x80000000u)"
  return rounded < 0 ? `(${rounded}f)` : `${rounded}f`
}

/** A number of a dtype, as the host's arrays would hold it. */
export const constant = (dtype: DType, value: number): string => {
  switch (typeOf(dtype)) {
    case "f32":
      return float(value)
    case "i32":
      return `bitcast<i32>(${(value | 0) >>> 0}u)`
    case "u32":
      return `${value >>> 0}u`
    case "bool":
      return value ? "true" : "false"
  }
}

/** The series `coefficients[0] + x coefficients[1] + ...` by Horner's rule. */
export const polynomial = (x: string, coefficients: ReadonlyArray<number>): string =>
  coefficients
    .slice(0, -1)
    .reduceRight((sum, coefficient) => `fma(${sum}, ${x}, ${float(coefficient)})`, float(coefficients.at(-1) ?? 0))
