/**
 * The numeric and memory instructions of WebAssembly as typed functions on code, under the specification's names
 * (`f32x4.add(a, b)` is f32x4.add), with the 128-bit and relaxed SIMD instructions and the few atomics that threads
 * need. WebAssembly Core Specification 3.0, section 5.4.
 */
import {
  drop, type Expression, expression, type Local, moduleBuilder, type Node, signed, type Statement, statement, unsigned,
  type ValueType
} from "./assembler.ts"

export type I32 = Expression<"i32">
export type I64 = Expression<"i64">
export type F32 = Expression<"f32">
export type F64 = Expression<"f64">
export type V128 = Expression<"v128">

const simd = (opcode: number): readonly number[] => [0xfd, ...unsigned(opcode)]
const plain = (opcode: number): readonly number[] => [opcode]
const miscellaneous = (opcode: number): readonly number[] => [0xfc, opcode]

const unary = <A extends ValueType, R extends ValueType>(result: R, code: readonly number[]) =>
  (a: Expression<A>): Expression<R> => expression(result, a.code, code)
const binary = <A extends ValueType, B extends ValueType, R extends ValueType>(result: R, code: readonly number[]) =>
  (a: Expression<A>, b: Expression<B>): Expression<R> => expression(result, a.code, b.code, code)
const ternary = (code: readonly number[]) =>
  (a: V128, b: V128, c: V128): V128 => expression("v128", a.code, b.code, c.code, code)

/** `align` is the base-2 logarithm of the natural alignment. */
const load = <R extends ValueType>(result: R, code: readonly number[], align: number) =>
  (address: I32, offset = 0): Expression<R> => expression(result, address.code, code, align, unsigned(offset))
const store = <A extends ValueType>(code: readonly number[], align: number) =>
  (address: I32, value: Expression<A>, offset = 0): Statement =>
    statement(address.code, value.code, code, align, unsigned(offset))
const loadLane = (code: readonly number[], align: number) =>
  (address: I32, vector: V128, lane: number, offset = 0): V128 =>
    expression("v128", address.code, vector.code, code, align, unsigned(offset), lane)
const storeLane = (code: readonly number[], align: number) =>
  (address: I32, vector: V128, lane: number, offset = 0): Statement =>
    statement(address.code, vector.code, code, align, unsigned(offset), lane)

const ints = <T extends "i32" | "i64">(type: T, compare: number, arithmetic: number) => {
  const comparison = (offset: number) => binary<T, T, "i32">("i32", plain(compare + offset))
  const operation = (offset: number) => binary<T, T, T>(type, plain(arithmetic + offset))
  return {
    eqz: unary<T, "i32">("i32", plain(compare)),
    eq: comparison(1), ne: comparison(2), lt_s: comparison(3), lt_u: comparison(4), gt_s: comparison(5),
    gt_u: comparison(6), le_s: comparison(7), le_u: comparison(8), ge_s: comparison(9), ge_u: comparison(10),
    clz: unary<T, T>(type, plain(arithmetic)), ctz: unary<T, T>(type, plain(arithmetic + 1)),
    popcnt: unary<T, T>(type, plain(arithmetic + 2)),
    add: operation(3), sub: operation(4), mul: operation(5), div_s: operation(6), div_u: operation(7),
    rem_s: operation(8), rem_u: operation(9), and: operation(10), or: operation(11), xor: operation(12),
    shl: operation(13), shr_s: operation(14), shr_u: operation(15), rotl: operation(16), rotr: operation(17)
  }
}

const floats = <T extends "f32" | "f64">(type: T, compare: number, arithmetic: number) => {
  const comparison = (offset: number) => binary<T, T, "i32">("i32", plain(compare + offset))
  const one = (offset: number) => unary<T, T>(type, plain(arithmetic + offset))
  const two = (offset: number) => binary<T, T, T>(type, plain(arithmetic + offset))
  return {
    eq: comparison(0), ne: comparison(1), lt: comparison(2), gt: comparison(3), le: comparison(4), ge: comparison(5),
    abs: one(0), neg: one(1), ceil: one(2), floor: one(3), trunc: one(4), nearest: one(5), sqrt: one(6),
    add: two(7), sub: two(8), mul: two(9), div: two(10), min: two(11), max: two(12), copysign: two(13)
  }
}

export const i32 = {
  const: (value: number): I32 => expression("i32", 0x41, signed(value | 0)),
  ...ints("i32", 0x45, 0x67),
  wrap_i64: unary<"i64", "i32">("i32", plain(0xa7)),
  trunc_sat_f32_s: unary<"f32", "i32">("i32", miscellaneous(0)), trunc_sat_f32_u: unary<"f32", "i32">("i32",
    miscellaneous(1)),
  trunc_sat_f64_s: unary<"f64", "i32">("i32", miscellaneous(2)), trunc_sat_f64_u: unary<"f64", "i32">("i32",
    miscellaneous(3)),
  reinterpret_f32: unary<"f32", "i32">("i32", plain(0xbc)),
  load: load("i32", plain(0x28), 2), load8_s: load("i32", plain(0x2c), 0), load8_u: load("i32", plain(0x2d), 0),
  load16_s: load("i32", plain(0x2e), 1), load16_u: load("i32", plain(0x2f), 1),
  store: store<"i32">(plain(0x36), 2), store8: store<"i32">(plain(0x3a), 0), store16: store<"i32">(plain(0x3b), 1),
  /** `array[index]` for i32 elements, both computed. */
  at: (array: I32, index: I32): I32 =>
    expression("i32", array.code, index.code, 0x41, 2, 0x74, 0x6a, 0x28, 2, 0),
  atomic: {
    load: load("i32", [0xfe, 0x10], 2), store: store<"i32">([0xfe, 0x17], 2),
    rmw_add: (address: I32, value: I32, offset = 0): I32 =>
      expression("i32", address.code, value.code, [0xfe, 0x1e], 2, unsigned(offset))
  }
}

export const i64 = {
  const: (value: bigint): I64 => expression("i64", 0x42, signed(BigInt.asIntN(64, value))),
  ...ints("i64", 0x50, 0x79),
  extend_i32_s: unary<"i32", "i64">("i64", plain(0xac)), extend_i32_u: unary<"i32", "i64">("i64", plain(0xad)),
  trunc_sat_f64_s: unary<"f64", "i64">("i64", miscellaneous(6)), trunc_sat_f64_u: unary<"f64", "i64">("i64",
    miscellaneous(7)),
  reinterpret_f64: unary<"f64", "i64">("i64", plain(0xbd)),
  load: load("i64", plain(0x29), 3), store: store<"i64">(plain(0x37), 3)
}

export const f32 = {
  const: (value: number): F32 => expression("f32", 0x43, [...new Uint8Array(Float32Array.of(value).buffer)]),
  ...floats("f32", 0x5b, 0x8b),
  convert_i32_s: unary<"i32", "f32">("f32", plain(0xb2)), convert_i32_u: unary<"i32", "f32">("f32", plain(0xb3)),
  demote_f64: unary<"f64", "f32">("f32", plain(0xb6)), reinterpret_i32: unary<"i32", "f32">("f32", plain(0xbe)),
  load: load("f32", plain(0x2a), 2), store: store<"f32">(plain(0x38), 2)
}

export const f64 = {
  const: (value: number): F64 => expression("f64", 0x44, [...new Uint8Array(Float64Array.of(value).buffer)]),
  ...floats("f64", 0x61, 0x99),
  convert_i32_s: unary<"i32", "f64">("f64", plain(0xb7)), convert_i32_u: unary<"i32", "f64">("f64", plain(0xb8)),
  convert_i64_s: unary<"i64", "f64">("f64", plain(0xb9)), convert_i64_u: unary<"i64", "f64">("f64", plain(0xba)),
  promote_f32: unary<"f32", "f64">("f64", plain(0xbb)), reinterpret_i64: unary<"i64", "f64">("f64", plain(0xbf)),
  load: load("f64", plain(0x2b), 3), store: store<"f64">(plain(0x39), 3)
}

const vectorUnary = (opcode: number) => unary<"v128", "v128">("v128", simd(opcode))
const vectorBinary = (opcode: number) => binary<"v128", "v128", "v128">("v128", simd(opcode))
const vectorTest = (opcode: number) => unary<"v128", "i32">("i32", simd(opcode))
const vectorShift = (opcode: number) => binary<"v128", "i32", "v128">("v128", simd(opcode))
const splat = <T extends ValueType>(opcode: number) => unary<T, "v128">("v128", simd(opcode))
const extract = <T extends ValueType>(result: T, opcode: number) =>
  (a: V128, lane: number): Expression<T> => expression(result, a.code, simd(opcode), lane)
const replace = <T extends ValueType>(opcode: number) =>
  (a: V128, lane: number, value: Expression<T>): V128 => expression("v128", a.code, value.code, simd(opcode), lane)

export const v128 = {
  const: (bytes: readonly number[]): V128 => expression("v128", simd(0x0c), bytes),
  zero: expression("v128", simd(0x0c), new Array<number>(16).fill(0)),
  load: load("v128", simd(0x00), 0), store: store<"v128">(simd(0x0b), 0),
  load8x8_s: load("v128", simd(0x01), 0), load8x8_u: load("v128", simd(0x02), 0),
  load16x4_s: load("v128", simd(0x03), 0), load16x4_u: load("v128", simd(0x04), 0),
  load32x2_s: load("v128", simd(0x05), 0), load32x2_u: load("v128", simd(0x06), 0),
  load8_splat: load("v128", simd(0x07), 0), load16_splat: load("v128", simd(0x08), 1),
  load32_splat: load("v128", simd(0x09), 2), load64_splat: load("v128", simd(0x0a), 3),
  load32_zero: load("v128", simd(0x5c), 2), load64_zero: load("v128", simd(0x5d), 3),
  load8_lane: loadLane(simd(0x54), 0), load16_lane: loadLane(simd(0x55), 1),
  load32_lane: loadLane(simd(0x56), 2), load64_lane: loadLane(simd(0x57), 3),
  store8_lane: storeLane(simd(0x58), 0), store16_lane: storeLane(simd(0x59), 1),
  store32_lane: storeLane(simd(0x5a), 2), store64_lane: storeLane(simd(0x5b), 3),
  not: vectorUnary(0x4d), and: vectorBinary(0x4e), andnot: vectorBinary(0x4f), or: vectorBinary(0x50),
  xor: vectorBinary(0x51),
  /** Bits of `a` where the mask (last) has ones, of `b` where it has zeros. */
  bitselect: ternary(simd(0x52)),
  any_true: vectorTest(0x53)
}

export const i8x16 = {
  /** Bytes chosen from the 32 of `a` and `b`. */
  shuffle: (a: V128, b: V128, lanes: readonly number[]): V128 => expression("v128", a.code, b.code, simd(0x0d), lanes),
  swizzle: vectorBinary(0x0e), splat: splat<"i32">(0x0f), bitmask: vectorTest(0x64), all_true: vectorTest(0x63),
  /** As `swizzle`, but an index from 16 to 127 may choose any byte or 0: needs relaxed SIMD. */
  relaxed_swizzle: vectorBinary(0x100)
}

/** Chooses 32-bit lanes: four of the eight of `a` and `b`. */
export const shuffle32 = (a: V128, b: V128, lanes: readonly [number, number, number, number]): V128 =>
  i8x16.shuffle(a, b, lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)))

/** Chooses 64-bit lanes: two of the four of `a` and `b`. */
export const shuffle64 = (a: V128, b: V128, lanes: readonly [number, number]): V128 =>
  i8x16.shuffle(a, b, lanes.flatMap((lane) => [0, 1, 2, 3, 4, 5, 6, 7].map((byte) => lane * 8 + byte)))

export const i16x8 = {
  splat: splat<"i32">(0x10), extend_low_i8x16_s: vectorUnary(0x87), extend_high_i8x16_s: vectorUnary(0x88),
  extend_low_i8x16_u: vectorUnary(0x89), extend_high_i8x16_u: vectorUnary(0x8a),
  add: vectorBinary(0x8e), sub: vectorBinary(0x91), mul: vectorBinary(0x95),
  shl: vectorShift(0x8b), shr_s: vectorShift(0x8c), shr_u: vectorShift(0x8d)
}

export const i32x4 = {
  splat: splat<"i32">(0x11), extract_lane: extract("i32", 0x1b), replace_lane: replace<"i32">(0x1c),
  eq: vectorBinary(0x37), ne: vectorBinary(0x38), lt_s: vectorBinary(0x39), lt_u: vectorBinary(0x3a),
  gt_s: vectorBinary(0x3b), gt_u: vectorBinary(0x3c), le_s: vectorBinary(0x3d), le_u: vectorBinary(0x3e),
  ge_s: vectorBinary(0x3f), ge_u: vectorBinary(0x40),
  abs: vectorUnary(0xa0), neg: vectorUnary(0xa1), all_true: vectorTest(0xa3), bitmask: vectorTest(0xa4),
  extend_low_i16x8_s: vectorUnary(0xa7), extend_high_i16x8_s: vectorUnary(0xa8),
  extend_low_i16x8_u: vectorUnary(0xa9), extend_high_i16x8_u: vectorUnary(0xaa),
  shl: vectorShift(0xab), shr_s: vectorShift(0xac), shr_u: vectorShift(0xad),
  add: vectorBinary(0xae), sub: vectorBinary(0xb1), mul: vectorBinary(0xb5),
  min_s: vectorBinary(0xb6), min_u: vectorBinary(0xb7), max_s: vectorBinary(0xb8), max_u: vectorBinary(0xb9),
  dot_i16x8_s: vectorBinary(0xba),
  trunc_sat_f32x4_s: vectorUnary(0xf8), trunc_sat_f32x4_u: vectorUnary(0xf9),
  trunc_sat_f64x2_s_zero: vectorUnary(0xfc), trunc_sat_f64x2_u_zero: vectorUnary(0xfd)
}

export const i64x2 = {
  splat: splat<"i64">(0x12), extract_lane: extract("i64", 0x1d), replace_lane: replace<"i64">(0x1e),
  eq: vectorBinary(0xd6), ne: vectorBinary(0xd7), lt_s: vectorBinary(0xd8), gt_s: vectorBinary(0xd9),
  le_s: vectorBinary(0xda), ge_s: vectorBinary(0xdb),
  abs: vectorUnary(0xc0), neg: vectorUnary(0xc1), all_true: vectorTest(0xc3), bitmask: vectorTest(0xc4),
  extend_low_i32x4_s: vectorUnary(0xc7), extend_high_i32x4_s: vectorUnary(0xc8),
  extend_low_i32x4_u: vectorUnary(0xc9), extend_high_i32x4_u: vectorUnary(0xca),
  shl: vectorShift(0xcb), shr_s: vectorShift(0xcc), shr_u: vectorShift(0xcd),
  add: vectorBinary(0xce), sub: vectorBinary(0xd1), mul: vectorBinary(0xd5)
}

const floatVectors = (first: number, compare: number, rounding: readonly [number, number, number, number]) => ({
  eq: vectorBinary(compare), ne: vectorBinary(compare + 1), lt: vectorBinary(compare + 2),
    gt: vectorBinary(compare + 3),
  le: vectorBinary(compare + 4), ge: vectorBinary(compare + 5),
  ceil: vectorUnary(rounding[0]), floor: vectorUnary(rounding[1]), trunc: vectorUnary(rounding[2]),
  nearest: vectorUnary(rounding[3]),
  abs: vectorUnary(first), neg: vectorUnary(first + 1), sqrt: vectorUnary(first + 3), add: vectorBinary(first + 4),
  sub: vectorBinary(first + 5), mul: vectorBinary(first + 6), div: vectorBinary(first + 7),
    min: vectorBinary(first + 8),
  max: vectorBinary(first + 9), pmin: vectorBinary(first + 10), pmax: vectorBinary(first + 11)
})

export const f32x4 = {
  splat: splat<"f32">(0x13), extract_lane: extract("f32", 0x1f), replace_lane: replace<"f32">(0x20),
  ...floatVectors(0xe0, 0x41, [0x67, 0x68, 0x69, 0x6a]),
  convert_i32x4_s: vectorUnary(0xfa), convert_i32x4_u: vectorUnary(0xfb), demote_f64x2_zero: vectorUnary(0x5e),
  /** a * b + c, fused or not as the engine likes: needs relaxed SIMD. */
  relaxed_madd: ternary(simd(0x105)),
  /** c - a * b. */
  relaxed_nmadd: ternary(simd(0x106))
}

export const f64x2 = {
  splat: splat<"f64">(0x14), extract_lane: extract("f64", 0x21), replace_lane: replace<"f64">(0x22),
  ...floatVectors(0xec, 0x47, [0x74, 0x75, 0x7a, 0x94]),
  convert_low_i32x4_s: vectorUnary(0xfe), convert_low_i32x4_u: vectorUnary(0xff), promote_low_f32x4: vectorUnary(0x5f),
  relaxed_madd: ternary(simd(0x107)), relaxed_nmadd: ternary(simd(0x108))
}

export const memory = {
  /** Copies `bytes` from `source` to `target`; the ranges may overlap. */
  copy: (target: I32, source: I32, bytes: I32): Statement =>
    statement(target.code, source.code, bytes.code, miscellaneous(10), 0, 0),
  fill: (target: I32, byte: I32, bytes: I32): Statement =>
    statement(target.code, byte.code, bytes.code, miscellaneous(11), 0)
}

/** `variable += amount`. */
export const increment = (variable: Local<"i32">, amount: number | I32): Statement =>
  variable.set(i32.add(variable.get, typeof amount === "number" ? i32.const(amount) : amount))

/** `base + index * bytes`, by a shift where `bytes` is a power of two. */
export const scaled = (base: I32, index: I32, bytes: number): I32 => {
  const shift = Math.log2(bytes)
  const code: Node = Number.isInteger(shift) ? [0x41, signed(shift), 0x74] : [0x41, signed(bytes), 0x6c]
  return expression("i32", base.code, index.code, code, 0x6a)
}

/** Whether this engine takes relaxed SIMD: asked by validating a module that uses it. */
export const hasRelaxedSimd: boolean = (() => {
  const module = moduleBuilder()
  module.procedure("probe", {}, () => [drop(f32x4.relaxed_madd(v128.zero, v128.zero, v128.zero))])
  return WebAssembly.validate(module.bytes())
})()
