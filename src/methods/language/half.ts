/**
 * The two sixteen-bit formats in which weights are stored, and single precision, in which they are computed: bfloat16
 * is its upper half, IEEE binary16 has five bits of exponent and ten of fraction. Widening is exact; narrowing rounds
 * to nearest, ties to even, so narrowing what was widened gives every number back.
 */

const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length)

/** bfloat16 patterns as single precision. */
export const fromBf16 = (patterns: Uint16Array): Float32Array => {
  const values = new Float32Array(patterns.length)
  const bits = bitsOf(values)
  for (let i = 0; i < patterns.length; i++) bits[i] = patterns[i]! << 16 // in range by the loop
  return values
}

/** Single precision rounded to bfloat16 patterns. A NaN stays one. */
export const toBf16 = (values: Float32Array): Uint16Array => {
  const bits = bitsOf(values)
  const patterns = new Uint16Array(values.length)
  for (let i = 0; i < patterns.length; i++) {
    const word = bits[i]! // in range by the loop
    const isNaN = (word & 0x7fffffff) > 0x7f800000
    patterns[i] = isNaN ? word >>> 16 | 0x40 : word + 0x7fff + (word >>> 16 & 1) >>> 16
  }
  return patterns
}

const widened = (pattern: number): number => {
  const sign = (pattern & 0x8000) << 16
  const exponent = pattern >>> 10 & 31
  const fraction = pattern & 0x3ff
  if (exponent === 31) return sign | 0x7f800000 | fraction << 13
  if (exponent > 0) return sign | exponent + 112 << 23 | fraction << 13
  if (fraction === 0) return sign
  const zeros = Math.clz32(fraction) - 21
  return sign | 113 - zeros << 23 | (fraction << zeros & 0x3ff) << 13
}

let widening: Uint32Array | undefined

/** binary16 patterns as single precision. */
export const fromF16 = (patterns: Uint16Array): Float32Array => {
  const table = widening ??= Uint32Array.from({ length: 65_536 }, (_, pattern) => widened(pattern))
  const values = new Float32Array(patterns.length)
  const bits = bitsOf(values)
  for (let i = 0; i < patterns.length; i++) bits[i] = table[patterns[i]!]! // a 16-bit index of a table of 65,536
  return values
}

const narrowed = (word: number): number => {
  const sign = word >>> 16 & 0x8000
  const magnitude = word & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00 | magnitude >>> 13 & 0x3ff
  if (magnitude >= 0x477ff000) return sign | 0x7c00
  if (magnitude >= 0x38800000) return sign | magnitude - 0x38000000 + 0xfff + (magnitude >>> 13 & 1) >>> 13
  // below 2^-14 the unit is 2^-24, so the fraction (with its leading one) is shifted out and rounded by hand
  const shift = 126 - (magnitude >>> 23)
  if (shift > 24) return sign
  const significand = magnitude & 0x7fffff | 0x800000
  const whole = significand >>> shift
  const rest = significand & (1 << shift) - 1
  const half = 1 << shift - 1
  return sign | whole + (rest > half || rest === half && (whole & 1) === 1 ? 1 : 0)
}

/** Single precision rounded to binary16 patterns; beyond 65,504 by half a unit or more is infinity. A NaN stays one. */
export const toF16 = (values: Float32Array): Uint16Array => {
  const bits = bitsOf(values)
  const patterns = new Uint16Array(values.length)
  for (let i = 0; i < patterns.length; i++) patterns[i] = narrowed(bits[i]!) // in range by the loop
  return patterns
}
