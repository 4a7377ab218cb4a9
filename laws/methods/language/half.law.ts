/**
 * Sixteen-bit floating point: widening is the definition of each format, narrowing gives the nearest pattern, and of
 * two equally near ones the even.
 */
import { describe, expect, test } from "vitest"
import { fromBf16, fromF16, toBf16, toF16 } from "../../../src/methods/language/half.ts"

interface Format {
  readonly name: string
  readonly exponentBits: number
  readonly fractionBits: number
  readonly widen: (patterns: Uint16Array) => Float32Array
  readonly narrow: (values: Float32Array) => Uint16Array
}

const formats: ReadonlyArray<Format> = [
  { name: "bfloat16", exponentBits: 8, fractionBits: 7, widen: fromBf16, narrow: toBf16 },
  { name: "binary16", exponentBits: 5, fractionBits: 10, widen: fromF16, narrow: toF16 }
]

/** IEEE 754, section 3.4, in arithmetic; the largest exponent counted on, as if there were no infinities. */
const magnitude = ({ exponentBits, fractionBits }: Format, pattern: number): number => {
  const bias = 2 ** (exponentBits - 1) - 1
  const exponent = pattern >>> fractionBits & 2 ** exponentBits - 1
  const fraction = (pattern & 2 ** fractionBits - 1) / 2 ** fractionBits
  return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias)
}

const infinity = ({ exponentBits, fractionBits }: Format): number => (2 ** exponentBits - 1) << fractionBits

const all = Uint16Array.from({ length: 65_536 }, (_, pattern) => pattern)

/** The single-precision number next to a positive one. */
const neighbour = (value: number, step: 1 | -1): number => {
  const word = new Uint32Array(Float32Array.of(value).buffer)
  word[0] = (word[0] ?? 0) + step
  return new Float32Array(word.buffer)[0] ?? NaN
}

/** Numbers on, just below and just above the middle between neighbouring patterns, with the pattern that is nearest. */
const middles = (format: Format): ReadonlyArray<readonly [number, number]> =>
  Array.from({ length: infinity(format) }, (_, pattern): ReadonlyArray<readonly [number, number]> => {
    const middle = (magnitude(format, pattern) + magnitude(format, pattern + 1)) / 2
    return [[middle, pattern + pattern % 2], [neighbour(middle, -1), pattern], [neighbour(middle, 1), pattern + 1]]
  }).flat()

const misrounded = (format: Format, narrow: Format["narrow"]): number => {
  const cases = middles(format)
  const found = narrow(Float32Array.from(cases, ([value]) => value))
  const negative = narrow(Float32Array.from(cases, ([value]) => -value))
  return cases.filter(([, nearest], index) => found[index] !== nearest || negative[index] !== nearest + 0x8000).length
}

describe.each(formats)("$name", (format) => {
  test("every pattern widens to the number that the format defines", () => {
    const values = format.widen(all)
    const limit = infinity(format)
    all.forEach((pattern) => {
      const sign = pattern < 0x8000 ? 1 : -1
      const unsigned = pattern & 0x7fff
      const defined = unsigned > limit ? NaN : sign * (unsigned === limit ? Infinity : magnitude(format, unsigned))
      if (!Object.is(values[pattern], defined))
        expect.fail(`${pattern.toString(16)} is ${values[pattern]}, not ${defined}`)
    })
  })

  test("narrowing what was widened gives every number back, and a NaN for a NaN", () => {
    const back = format.narrow(format.widen(all))
    const limit = infinity(format)
    const isNumber = (pattern: number) => (pattern & 0x7fff) <= limit
    expect(all.filter((pattern) => isNumber(pattern) ? back[pattern] !== pattern : isNumber(back[pattern] ?? 0)))
      .toHaveLength(0)
  })

  test("narrowing rounds to nearest, ties to even, up to infinity", () => {
    expect(misrounded(format, format.narrow)).toBe(0)
  })

  test("the law catches truncation", () => {
    const down = (values: Float32Array) => format.narrow(values).map((pattern, index) =>
      Math.abs(format.widen(Uint16Array.of(pattern))[0] ?? 0) > Math.abs(values[index] ?? 0) ? pattern - 1 : pattern)
    expect(misrounded(format, down)).toBeGreaterThan(0)
  })
})
