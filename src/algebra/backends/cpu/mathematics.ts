/**
 * Transcendental functions on vectors of f32 or f64. Each reduces its argument to an interval about zero (Cody and
 * Waite 1980) where a short series, as a rule Taylor's, reaches the last digit; the number of terms alone differs
 * between the two widths. Values at 0, the infinities and NaN are those of IEEE 754.
 */
import { when } from "./assembler.ts"
import type { Code } from "./code.ts"
import { seldom } from "./code.ts"
import type { I32, V128 } from "./instructions.ts"
import { f32x4, f64x2, hasRelaxedSimd, i32, i32x4, i64x2, v128 } from "./instructions.ts"

export type Width = "f32x4" | "f64x2"

/** What differs between the two widths. */
const formats = {
  f32x4: {
    float: f32x4,
    integer: i32x4,
    integers: "i32x4",
    bias: 127,
    fraction: 23,
    smallest: 2 ** -126,
    signBit: -(2 ** 31),
    exponential: { terms: 7, low: -104, high: 89, normal: 0x42ae0000 },
    logarithm: 6,
    circular: 5,
    half: 0.693359375,
    lower: -2.12194440054690583e-4,
    small: 12
  },
  f64x2: {
    float: f64x2,
    integer: i64x2,
    integers: "i64x2",
    bias: 1023,
    fraction: 52,
    smallest: 2 ** -1022,
    signBit: -(2n ** 63n),
    exponential: { terms: 13, low: -746, high: 710, normal: 0x4086200000000000n },
    logarithm: 12,
    circular: 9,
    half: 0.6931471803691238,
    lower: 1.9082149292705877e-10,
    small: 19
  }
} as const

/** The series `coefficients[0] + x coefficients[1] + ...` by Horner's rule. */
const polynomial = (code: Code, width: Width, x: V128, coefficients: ReadonlyArray<number>): V128 =>
  coefficients
    .slice(0, -1)
    .reduceRight<V128>(
      (sum, coefficient) => multiplyAdd(width, sum, x, code.constant(width, coefficient)),
      code.constant(width, coefficients.at(-1) ?? 0)
    )

/** a b + c, in one rounding where the machine has it. */
export const multiplyAdd = (width: Width, a: V128, b: V128, c: V128): V128 => {
  const { float } = formats[width]
  return hasRelaxedSimd ? float.relaxed_madd(a, b, c) : float.add(float.mul(a, b), c)
}

const factorials = (count: number): ReadonlyArray<number> => {
  const values = [1]
  for (let n = 1; n < count; n++) values.push((values[n - 1] ?? 1) * n)
  return values
}
const factorial = factorials(32)
const inverse = (n: number): number => 1 / (factorial[n] ?? Infinity)

/** 2^n for a vector of whole floats n within the normal exponents. */
const powerOfTwo = (code: Code, width: Width, n: V128): V128 => {
  const { float, integer, bias, fraction } = formats[width]
  // adding 1.5 * 2^fraction leaves n in the low bits, in two's complement
  const magic = 1.5 * 2 ** fraction
  return integer.shl(float.add(n, code.constant(width, magic + bias)), i32.const(fraction))
}

/** n and the sum of the series of exp(r) - 1, with x = n ln 2 + r; NaN stays NaN. */
const reduced = (code: Code, width: Width, x: V128): { readonly n: V128; readonly rest: V128 } => {
  const {
    float,
    exponential: { terms, high },
    half,
    lower
  } = formats[width]
  const bounded = code.keep(float.min(x, code.constant(width, high)))
  const n = code.keep(float.nearest(float.mul(bounded, code.constant(width, Math.LOG2E))))
  // ln 2 as a sum of which the first part has few enough digits that its product with n is exact
  const first = multiplyAdd(width, n, code.constant(width, -half), bounded)
  const r = code.keep(multiplyAdd(width, n, code.constant(width, -lower), first))
  // exp(r) - 1 = r + r^2 (1/2 + r/6 + ...)
  const series = polynomial(
    code,
    width,
    r,
    Array.from({ length: terms - 1 }, (_, k) => inverse(k + 2))
  )
  return { n, rest: code.keep(multiplyAdd(width, float.mul(r, r), series, r)) }
}

/** 2^n applied to a value in two steps, so that neither the largest nor the subnormal results are lost. */
const scaleBy = (code: Code, width: Width, n: V128, value: V128): V128 => {
  const { float } = formats[width]
  const first = code.keep(float.floor(float.mul(n, code.constant(width, 0.5))))
  const second = float.sub(n, first)
  return float.mul(float.mul(value, powerOfTwo(code, width, first)), powerOfTwo(code, width, code.keep(second)))
}

/** Coefficients in powers of u in [-1, 1] of the Chebyshev interpolant of f. */
const interpolant = (f: (u: number) => number, degree: number): ReadonlyArray<number> => {
  const nodes = Array.from({ length: degree + 1 }, (_, k) => Math.cos((Math.PI * (k + 0.5)) / (degree + 1)))
  const values = nodes.map(f)
  let [before, current] = [[1], [0, 1]]
  const total = new Array<number>(degree + 1).fill(0)
  for (let n = 0; n <= degree; n++) {
    const weight = (n === 0 ? 1 : 2) / (degree + 1)
    const c =
      weight * values.reduce((sum, value, k) => sum + value * Math.cos((n * Math.PI * (k + 0.5)) / (degree + 1)), 0)
    const powers = n === 0 ? before : current
    powers.forEach((power, k) => {
      total[k] = (total[k] ?? 0) + c * power
    })
    if (n > 0) {
      const next = [0, ...current.map((power) => 2 * power)]
      before.forEach((power, k) => {
        next[k] = (next[k] ?? 0) - power
      })
      before = current
      current = next
    }
  }
  return total
}

/** exp(r) in powers of r, for |r| up to half of ln 2. */
const powers = {
  // a degree less than Taylor's, and exact at zero
  f32x4: interpolant((u) => Math.exp((u * Math.LN2) / 2), 6).map((c, k) => Math.fround(c / (Math.LN2 / 2) ** k)),
  f64x2: Array.from({ length: formats.f64x2.exponential.terms + 1 }, (_, k) => inverse(k))
} as const

/** n, as a whole float and in the low bits of one, and the series of exp(r), with x = n ln 2 + r. */
const expanded = (code: Code, width: Width, x: V128) => {
  const {
    float,
    fraction,
    half,
    lower
  } = formats[width]
  // adding 1.5 * 2^fraction rounds to a whole number and leaves it in the low bits
  const magic = code.constant(width, 1.5 * 2 ** fraction)
  const bits = code.keep(multiplyAdd(width, x, code.constant(width, Math.LOG2E), magic))
  const n = code.keep(float.sub(bits, magic))
  const first = multiplyAdd(width, n, code.constant(width, -half), x)
  const r = code.keep(multiplyAdd(width, n, code.constant(width, -lower), first))
  return { bits, n, series: code.keep(polynomial(code, width, r, powers[width])) }
}

/**
 * Where all results are normal their exponents are raised by n; otherwise all are scaled in two steps, to the same bits
 * where both can be done. A result of 0 is put there: a product that underflows takes a hundred times as long.
 */
export const exponential = (code: Code, width: Width, x: V128): V128 => {
  const {
    float,
    integer,
    integers,
    fraction,
    exponential: { low, high, normal }
  } = formats[width]
  const given = code.keep(x)
  const result = code.fresh("v128")
  // the bits of floats of one sign are ordered as they are, and NaN is above them all
  const special = (value: V128): I32 =>
    integer.bitmask(integer.gt_s(float.abs(value), code.constant(integers, normal)))
  const raise = (inner: Code, value: V128): V128 => {
    const { bits, series } = expanded(inner, width, value)
    return integer.add(series, integer.shl(bits, i32.const(fraction)))
  }
  const raised = code.nested((inner) => inner.emit(result.set(raise(inner, given))))
  const scaled = code.nested((nested) => {
    const inner = seldom(nested)
    const vanishing = inner.keep(float.lt(given, inner.constant(width, low)))
    const kept = inner.keep(v128.andnot(given, vanishing))
    // what is masked out of a softmax is -Infinity, and all else as a rule normal
    const others = inner.nested((rest) => rest.emit(result.set(v128.andnot(raise(seldom(rest), kept), vanishing))))
    const all = inner.nested((rest) => {
      const last = seldom(rest)
      const { n, series } = expanded(last, width, last.keep(float.min(kept, last.constant(width, high))))
      last.emit(result.set(v128.andnot(scaleBy(last, width, n, series), vanishing)))
    })
    inner.emit(when(special(kept), all, others))
  })
  code.emit(when(special(given), scaled, raised))
  return result.get
}

/** log(1 + f) with s = f / (2 + f): f - (f^2/2 - s (f^2/2 + 2 s^2/3 + 2 s^4/5 + ...)). */
export const logarithm = (code: Code, width: Width, x: V128): V128 => {
  const { float, integer, integers, fraction, smallest, half, lower } = formats[width]
  const constant = (value: number): V128 => code.constant(width, value)
  const subnormal = code.keep(float.lt(x, constant(smallest)))
  const scaled = code.keep(v128.bitselect(float.mul(x, constant(2 ** (fraction + 1))), x, subnormal))
  // the exponent that leaves a mantissa between sqrt(1/2) and sqrt(2)
  const root = width === "f32x4" ? 0x3f3504f3 : 0x3fe6a09e667f3bcdn
  const above = code.keep(integer.sub(scaled, code.constant(integers, root)))
  const e = code.keep(integer.shr_s(above, i32.const(fraction)))
  const mantissa = integer.sub(scaled, integer.shl(e, i32.const(fraction)))
  const magic = 1.5 * 2 ** fraction
  const bits = width === "f32x4" ? 0x4b400000 : 0x4338000000000000n
  const whole = float.sub(integer.add(e, code.constant(integers, bits)), constant(magic))
  const n = code.keep(float.sub(whole, v128.and(subnormal, constant(fraction + 1))))
  const f = code.keep(float.sub(mantissa, constant(1)))
  const s = code.keep(float.div(f, float.add(constant(2), f)))
  const z = code.keep(float.mul(s, s))
  const terms = formats[width].logarithm
  const series = float.mul(
    z,
    polynomial(
      code,
      width,
      z,
      Array.from({ length: terms }, (_, k) => 2 / (2 * k + 3))
    )
  )
  const square = code.keep(float.mul(constant(0.5), float.mul(f, f)))
  const tail = multiplyAdd(width, n, constant(lower), float.mul(s, float.add(square, series)))
  const finite = code.keep(multiplyAdd(width, n, constant(half), float.sub(f, float.sub(square, tail))))
  const zero = v128.bitselect(constant(-Infinity), finite, float.eq(x, constant(0)))
  const negative = v128.bitselect(constant(NaN), zero, float.lt(x, constant(0)))
  // infinity and NaN are their own logarithm
  return v128.bitselect(negative, x, float.lt(x, constant(Infinity)))
}

/** tanh x = e / (e + 2) with e = exp(2x) - 1, which keeps every digit near zero. */
export const tangentHyperbolic = (code: Code, width: Width, x: V128): V128 => {
  const { float } = formats[width]
  const constant = (value: number): V128 => code.constant(width, value)
  const size = code.keep(float.abs(x))
  const doubled = float.min(float.add(size, size), constant(2 * formats[width].small))
  const { n, rest } = reduced(code, width, doubled)
  const power = code.keep(powerOfTwo(code, width, n))
  const e = code.keep(multiplyAdd(width, power, rest, float.sub(power, constant(1))))
  const value = float.div(e, float.add(e, constant(2)))
  return v128.or(value, v128.and(x, constant(-0)))
}

/** exp(x^2) erfc(x) for x >= 1, by its continued fraction (Abramowitz and Stegun 7.1.14). */
const scaledComplement = (x: number): number => {
  let fraction = x
  for (let n = 400; n > 0; n--) fraction = x + n / 2 / fraction
  return 1 / (fraction * Math.sqrt(Math.PI))
}

/** Where erf is 1 to the last digit. */
const largest = { f32x4: 4, f64x2: 6 } as const
// with t = 3 / (x + 2) from 1 (x = 1) downwards, moved onto [-1, 1]
const complements = {
  f32x4: interpolant((u) => scaledComplement(3 / (0.75 + 0.25 * u) - 2), 8),
  f64x2: interpolant((u) => scaledComplement(3 / (0.6875 + 0.3125 * u) - 2), 22)
} as const
const middles = { f32x4: [0.75, 0.25], f64x2: [0.6875, 0.3125] } as const

/** The Taylor series below 1; beyond, 1 - exp(-x^2) times a smooth function. */
export const errorFunction = (code: Code, width: Width, x: V128): V128 => {
  const { float, small } = formats[width]
  const constant = (value: number): V128 => code.constant(width, value)
  const size = code.keep(float.abs(x))
  const square = code.keep(float.mul(x, x))
  const terms = Array.from(
    { length: small },
    (_, k) => ((2 / Math.sqrt(Math.PI)) * (k % 2 ? -1 : 1) * inverse(k)) / (2 * k + 1)
  )
  const near = code.keep(float.mul(x, polynomial(code, width, square, terms)))
  const far = code.keep(float.min(float.max(size, constant(1)), constant(largest[width])))
  const [middle, half] = middles[width]
  const t = float.div(constant(3 / half), float.add(far, constant(2)))
  const u = code.keep(float.sub(t, constant(middle / half)))
  const factor = code.keep(polynomial(code, width, u, complements[width]))
  const complement = float.mul(exponential(code, width, float.neg(float.mul(far, far))), factor)
  const beyond = v128.or(float.sub(constant(1), complement), v128.and(x, constant(-0)))
  // a NaN is not beyond 1, and its series is NaN
  return v128.bitselect(beyond, near, float.gt(size, constant(1)))
}

/** Beyond this the reduction by pi/2 in three parts loses digits, and the scalar function is called. */
export const circularLimit = { f32x4: 8192, f64x2: 65536 } as const
const quarters = {
  f32x4: [1.5703125, 4.837512969970703e-4, 7.549789954891898e-8],
  f64x2: [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21]
} as const

/** sin(x + turn pi/2), for |x| up to `circularLimit`. */
const circular = (code: Code, width: Width, x: V128, turn: 0 | 1): V128 => {
  const { float, integer, integers, fraction, circular: terms } = formats[width]
  const constant = (value: number): V128 => code.constant(width, value)
  const n = code.keep(float.nearest(float.mul(x, constant(2 / Math.PI))))
  const r = code.keep(quarters[width].reduce((rest, part) => multiplyAdd(width, n, constant(-part), rest), x))
  const z = code.keep(float.mul(r, r))
  const sign = (k: number): number => (k % 2 ? -1 : 1)
  const sines = polynomial(
    code,
    width,
    z,
    Array.from({ length: terms - 1 }, (_, k) => -sign(k) * inverse(2 * k + 3))
  )
  const cosines = polynomial(
    code,
    width,
    z,
    Array.from({ length: terms }, (_, k) => sign(k) * inverse(2 * k + 4))
  )
  const sine = code.keep(multiplyAdd(width, float.mul(r, z), sines, r))
  const half = float.sub(constant(1), float.mul(constant(0.5), z))
  const cosine = code.keep(multiplyAdd(width, float.mul(z, z), cosines, half))
  const quadrant = code.keep(integer.add(float.add(n, constant(1.5 * 2 ** fraction)), code.constant(integers, turn)))
  const odd = integer.eq(v128.and(quadrant, code.constant(integers, 1)), code.constant(integers, 1))
  const negative = integer.shl(v128.and(quadrant, code.constant(integers, 2)), i32.const(width === "f32x4" ? 30 : 62))
  return v128.xor(v128.bitselect(cosine, sine, odd), negative)
}

/** The sine of -0 is -0. */
export const sine = (code: Code, width: Width, x: V128): V128 =>
  v128.bitselect(x, circular(code, width, x, 0), formats[width].float.eq(x, code.constant(width, 0)))
export const cosine = (code: Code, width: Width, x: V128): V128 => circular(code, width, x, 1)
