/**
 * 16-bit floats as bit patterns: binary16 (5 bits of exponent, 10 of fraction) and bfloat16 (8 and 7), rounded once to
 * nearest even from float64. Laws: laws/algebra/backend.law.ts.
 */

interface Format {
  readonly exponent: number
  readonly fraction: number
}
const formats =
  { f16: { exponent: 5, fraction: 10 }, bf16: { exponent: 8, fraction: 7 } } as const satisfies Record<string, Format>
export type Half = keyof typeof formats

/** The number that a bit pattern stands for. */
export const decode = (half: Half, bits: number): number => {
  const { exponent, fraction } = formats[half]
  const bias = 2 ** (exponent - 1) - 1
  const sign = bits >> (exponent + fraction) ? -1 : 1
  const power = (bits >> fraction) & (2 ** exponent - 1)
  const rest = bits & (2 ** fraction - 1)
  if (power === 2 ** exponent - 1) return rest ? NaN : sign * Infinity
  return sign * (power === 0 ? rest : rest + 2 ** fraction) * 2 ** (Math.max(power, 1) - bias - fraction)
}

const roundToEven = (x: number): number => {
  const below = Math.floor(x)
  return x - below > 0.5 || (x - below === 0.5 && below % 2 === 1) ? below + 1 : below
}

const exponentOf = (x: number): number => {
  const guess = Math.floor(Math.log2(x))
  return 2 ** guess > x ? guess - 1 : 2 ** (guess + 1) <= x ? guess + 1 : guess
}

/** The bit pattern nearest to a number; NaN is the quiet one, and what is too large is infinite. */
export const encode = (half: Half, x: number): number => {
  const { exponent, fraction } = formats[half]
  const bias = 2 ** (exponent - 1) - 1
  const infinity = (2 ** exponent - 1) * 2 ** fraction
  const sign = (Object.is(x, -0) || x < 0 ? 1 : 0) * 2 ** (exponent + fraction)
  const size = Math.abs(x)
  if (Number.isNaN(x)) return infinity + 2 ** (fraction - 1)
  if (size === 0) return sign
  if (size === Infinity) return sign + infinity
  const power = Math.max(exponentOf(size), 1 - bias)
  // counted in units of the last place; a carry out of the fraction falls into the exponent, as it should
  const units = roundToEven(size / 2 ** (power - fraction))
  return sign + Math.min(infinity, (power + bias - 1) * 2 ** fraction + units)
}
