/**
 * Rounding weights to integers and scales, and back: symmetric, the scale such that the largest of those that share it
 * is the largest code. So a weight changes by at most half a step, which is its scale. Values that are not numbers make
 * the scale one that is not, and so come back as such.
 */
import { groupSize } from "../../algebra/derived/quantised.ts"

/** Integers, and the steps between them. */
export interface Quantised {
  readonly codes: Int8Array
  readonly scale: Float32Array
}

/** The scale of numbers [from, from + length) with codes up to `most`. */
const scaleOf = (values: Float32Array, from: number, length: number, most: number): number => {
  let largest = 0
  for (let i = from; i < from + length; i++) largest = Math.max(largest, Math.abs(values[i]!)) // in range by the loop
  return Math.fround(largest / most)
}

const round = (value: number, scale: number, most: number): number =>
  scale === 0 ? 0 : Math.max(-most, Math.min(most, Math.round(value / scale)))

/** Bytes from -127 to 127, one scale for each `length` values. */
export const toBytes = (values: Float32Array, length: number): Quantised => {
  const [codes, scale] = [new Int8Array(values.length), new Float32Array(values.length / length)]
  for (let row = 0, at = 0; row < scale.length; row++) {
    const step = scale[row] = scaleOf(values, at, length, 127)
    for (const end = at + length; at < end; at++) codes[at] = round(values[at]!, step, 127) // in range by the loop
  }
  return { codes, scale }
}

export const fromBytes = ({ codes, scale }: Quantised): Float32Array => {
  const length = codes.length / scale.length
  return Float32Array.from(codes, (code, at) => code * scale[Math.floor(at / length)]!) // one scale for each `length`
}

const half = groupSize / 2

/** Half bytes from -7 to 7, one scale for each 32 values: the first 16 lie in the low halves of 16 bytes. */
export const toHalves = (values: Float32Array): Quantised => {
  const [codes, scale] = [new Int8Array(values.length / 2), new Float32Array(values.length / groupSize)]
  for (let group = 0; group < scale.length; group++) {
    const from = group * groupSize
    const step = scale[group] = scaleOf(values, from, groupSize, 7)
    const code = (at: number): number => round(values[from + at]!, step, 7) // below the group's size
    for (let i = 0; i < half; i++) codes[group * half + i] = code(i) & 15 | code(half + i) << 4
  }
  return { codes, scale }
}

export const fromHalves = ({ codes, scale }: Quantised): Float32Array =>
  Float32Array.from({ length: codes.length * 2 }, (_, at) => {
    const group = Math.floor(at / groupSize)
    const place = at % groupSize
    const byte = codes[group * half + place % half]! // two numbers a byte
    return (place < half ? byte << 28 >> 28 : byte >> 4) * scale[group]! // one scale a group
  })
