/**
 * What an element of a tensor is. f32, f64, i32, u32 and bool are computed with; f16, bf16 and i8 are only stored and
 * become numbers by a cast.
 */

export type Float = "f32" | "f64"
export type Integer = "i32" | "u32"
export type Numeric = Float | Integer
export type Computed = Numeric | "bool"
export type Stored = "f16" | "bf16" | "i8"
export type DType = Computed | Stored

/** The host array that holds elements of a dtype; 16-bit floats are held as their bit patterns. */
export interface HostArrays {
  readonly f32: Float32Array
  readonly f64: Float64Array
  readonly i32: Int32Array
  readonly u32: Uint32Array
  readonly bool: Uint8Array
  readonly f16: Uint16Array
  readonly bf16: Uint16Array
  readonly i8: Int8Array
}
export type HostArray = HostArrays[DType]

const constructors = {
  f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array,
  bool: Uint8Array, f16: Uint16Array, bf16: Uint16Array, i8: Int8Array
} as const

/** A new host array of zeros. */
export const zeros = <D extends DType>(dtype: D, length: number): HostArrays[D] => {
  // the table above is exact, but indexing it by a generic key loses which constructor it is
  const Constructor = constructors[dtype] as unknown as new (length: number) => HostArrays[D]
  return new Constructor(length)
}

/** A host array over memory that exists, without a copy. */
export const view = <D extends DType>(
  dtype: D,
  memory: ArrayBufferLike,
  offset: number,
  length: number
): HostArrays[D] => {
  // as above
  const Constructor = constructors[dtype] as unknown as new (
    memory: ArrayBufferLike,
    offset: number,
    length: number
  ) => HostArrays[D]
  return new Constructor(memory, offset, length)
}

/** Bytes of one element. */
export const byteSize = (dtype: DType): number => constructors[dtype].BYTES_PER_ELEMENT

/** Whether the dtype is a floating-point number that can be computed with. */
export const isFloat = (dtype: DType): dtype is Float => dtype === "f32" || dtype === "f64"

/** Distance from 1 to the next number, for error bounds. */
export const epsilon = (dtype: Float): number => (dtype === "f32" ? 2 ** -23 : 2 ** -52)
