/**
 * How elements lie in a buffer of 32-bit words: f32, i32 and u32 one a word, bool one a word (0 or 1), the 16-bit
 * floats two and i8 four a word, first in the low bits, as on the host.
 */
import type { DType, HostArray } from "../../dtype.ts"
import { byteSize, view } from "../../dtype.ts"
import * as Axis from "../../axis.ts"
import type { Expression } from "../../expression.ts"

/** Elements in a word. */
export const perWord = (dtype: DType): 1 | 2 | 4 => {
  switch (dtype) {
    case "f16":
    case "bf16":
      return 2
    case "i8":
      return 4
    default:
      return 1
  }
}

/** Bytes of so many elements: whole words, and at least one. */
export const bytesOf = (dtype: DType, length: number): number => Math.max(4, Math.ceil(length / perWord(dtype)) * 4)

export const bytesOfNode = ({ dtype, axes }: Expression): number => bytesOf(dtype, Axis.count(axes))

/** Host data as the bytes of a buffer. */
export const pack = (dtype: DType, data: HostArray): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(bytesOf(dtype, data.length))
  if (dtype === "bool") new Uint32Array(bytes.buffer).set(data)
  else bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return bytes
}

/** The bytes of a buffer as host data. */
export const unpack = (dtype: DType, bytes: ArrayBuffer, length: number): HostArray =>
  dtype === "bool"
    ? Uint8Array.from(new Uint32Array(bytes, 0, length))
    : view(dtype, bytes.slice(0, length * byteSize(dtype)), 0, length)
