/**
 * Elements of every dtype as lanes of a vector: 4 in a kernel of 32-bit values, 2 in one that has 64-bit values too,
 * where 32-bit ones lie in the two low lanes. A bool is a mask of ones as wide as the kernel's lanes. 16-bit floats
 * are their bit patterns in 32 bits, and i8 is an i32, until a cast makes numbers of them.
 */
import type { Expression, Statement } from "./assembler.ts"
import type { DType } from "../../dtype.ts"
import { byteSize } from "../../dtype.ts"
import type { Code } from "./code.ts"
import type { I32, V128 } from "./instructions.ts"
import { f32x4, i16x8, i32, i32x4, i64, i64x2, shuffle32, i8x16, v128 } from "./instructions.ts"

export type Count = 2 | 4

/** A mask of 32-bit lanes as one of the kernel's lanes, and back. */
export const widen = (mask: V128, count: Count): V128 => (count === 2 ? i64x2.extend_low_i32x4_s(mask) : mask)
export const narrow = (mask: V128, count: Count): V128 => (count === 2 ? shuffle32(mask, mask, [0, 2, 0, 2]) : mask)

/** Consecutive elements, whatever they are, as 32-bit lanes or wider. */
const raw = (dtype: DType, count: Count, address: I32): V128 => {
  switch (dtype) {
    case "f32":
    case "i32":
    case "u32":
      return count === 4 ? v128.load(address) : v128.load64_zero(address)
    case "f64":
      return v128.load(address)
    case "f16":
    case "bf16":
      return count === 4 ? v128.load16x4_u(address) : i32x4.extend_low_i16x8_u(v128.load32_zero(address))
    case "i8": {
      const bytes = count === 4 ? v128.load32_zero(address) : v128.load16_lane(address, v128.zero, 0)
      return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(bytes))
    }
    case "bool": {
      const bytes = count === 4 ? v128.load32_zero(address) : v128.load16_lane(address, v128.zero, 0)
      return widen(i32x4.neg(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes))), count)
    }
  }
}

/** As many consecutive elements as there are lanes. */
export const load = raw

/** One element in every lane. */
export const loadSplat = (dtype: DType, count: Count, address: I32): V128 => {
  switch (dtype) {
    case "f32":
    case "i32":
    case "u32":
      return v128.load32_splat(address)
    case "f64":
      return v128.load64_splat(address)
    case "f16":
    case "bf16":
      return i32x4.splat(i32.load16_u(address))
    case "i8":
      return i32x4.splat(i32.load8_s(address))
    case "bool":
      return widen(i32x4.splat(i32.sub(i32.const(0), i32.load8_u(address))), count)
  }
}

/** The vector with one lane replaced by the element at an address. */
export const loadLane = (dtype: DType, count: Count, address: I32, into: V128, lane: number): V128 => {
  switch (dtype) {
    case "f32":
    case "i32":
    case "u32":
      return v128.load32_lane(address, into, lane)
    case "f64":
      return v128.load64_lane(address, into, lane)
    case "f16":
    case "bf16":
      return i32x4.replace_lane(into, lane, i32.load16_u(address))
    case "i8":
      return i32x4.replace_lane(into, lane, i32.load8_s(address))
    case "bool": {
      const mask = i32.sub(i32.const(0), i32.load8_u(address))
      return count === 4 ? i32x4.replace_lane(into, lane, mask) : i64x2.replace_lane(into, lane, i64.extend_i32_s(mask))
    }
  }
}

/** Writes one lane. */
export const storeLane = (dtype: DType, count: Count, address: I32, value: V128, lane: number): Statement => {
  switch (byteSize(dtype)) {
    case 8:
      return v128.store64_lane(address, value, lane)
    case 4:
      return v128.store32_lane(address, value, lane)
    case 2:
      return v128.store16_lane(address, value, lane * 2)
    default:
      return dtype === "bool"
        ? i32.store8(address, i32.and(i32x4.extract_lane(value, count === 2 ? lane * 2 : lane), i32.const(1)))
        : v128.store8_lane(address, value, lane * 4)
  }
}

/** Writes every lane. */
export const store = (code: Code, dtype: DType, count: Count, address: I32, value: V128): Statement => {
  switch (byteSize(dtype)) {
    case 8:
      return v128.store(address, value)
    case 4:
      return count === 4 ? v128.store(address, value) : v128.store64_lane(address, value, 0)
    case 2: {
      const packed = i8x16.shuffle(value, value, [0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13])
      return count === 4 ? v128.store64_lane(address, packed, 0) : v128.store32_lane(address, packed, 0)
    }
    default: {
      const step = dtype === "bool" && count === 2 ? 8 : 4
      const bytes = dtype === "bool" ? code.keep(v128.and(value, code.constant("i32x4", 1))) : value
      const packed = i8x16.shuffle(
        bytes,
        bytes,
        Array.from({ length: 16 }, (_, index) => (index % count) * step)
      )
      return count === 4 ? v128.store32_lane(address, packed, 0) : v128.store16_lane(address, packed, 0)
    }
  }
}

/** A number of this dtype in every lane. */
export const constant = (code: Code, dtype: DType, count: Count, value: number): V128 => {
  if (dtype === "f32") return code.constant("f32x4", value)
  if (dtype === "f64") return code.constant("f64x2", value)
  if (dtype === "bool") return code.constant("i32x4", value ? -1 : 0)
  return code.constant("i32x4", value | 0)
}

/** The bits of the 32-bit lane. */
export const extract32 = (value: V128, lane: number): I32 => i32x4.extract_lane(value, lane)

/** A vector from 32-bit lanes. */
export const fromLanes32 = (lanes: ReadonlyArray<Expression<"i32">>): V128 =>
  lanes.reduce<V128>((vector, lane, index) => i32x4.replace_lane(vector, index, lane), v128.zero)

/** A vector from f32 lanes. */
export const fromLanesF32 = (lanes: ReadonlyArray<Expression<"f32">>): V128 =>
  lanes.reduce<V128>((vector, lane, index) => f32x4.replace_lane(vector, index, lane), v128.zero)
