/**
 * The functions that WGSL lacks or leaves too loose: its own sine may be off by 2^-11 and its exponential by 3 + 2|x|
 * units in the last place, and NaN and infinity are nothing it promises. These reduce their argument to an interval
 * about zero (Cody and Waite 1980; Payne and Hanek 1983 for large angles) and tell NaN by its bits. Laws:
 * laws/algebra/backends/webgpu/mathematics.law.ts.
 */
import { float, polynomial } from "./literals.ts"

const factorials: ReadonlyArray<number> = Array.from({ length: 20 }).reduce<ReadonlyArray<number>>(
  (all, _, index) => [...all, (all[index] ?? 1) * (index + 1)], [1])
const inverse = (n: number): number => 1 / (factorials[n] ?? Infinity)
const terms = (count: number, of: (k: number) => number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, k) => of(k))

/** exp(x^2) erfc(x) for x >= 1, by its continued fraction (Abramowitz and Stegun 7.1.14). */
const scaledComplement = (x: number): number => {
  let fraction = x
  for (let n = 400; n > 0; n--) fraction = x + n / 2 / fraction
  return 1 / (fraction * Math.sqrt(Math.PI))
}

/** Values of f at the Chebyshev points of [-1, 1], as the coefficients of T_0, T_1, ... */
const chebyshev = (f: (u: number) => number, degree: number): ReadonlyArray<number> => {
  const angles = terms(degree + 1, (k) => (Math.PI * (k + 0.5)) / (degree + 1))
  return terms(degree + 1, (n) =>
    ((n === 0 ? 1 : 2) / (degree + 1)) *
    angles.reduce((sum, angle) => sum + f(Math.cos(angle)) * Math.cos(n * angle), 0))
}

/** The sum of a Chebyshev series as statements, by Clenshaw's rule. */
const clenshaw = (u: string, coefficients: ReadonlyArray<number>): string => `
  var after = 0f;
  var sum = 0f;
  ${coefficients.slice(1).reverse().map((coefficient) =>
    `{ let next = fma(2f * ${u}, sum, ${float(coefficient)} - after); after = sum; sum = next; }`).join("\n  ")}
  let factor = fma(${u}, sum, ${float(coefficients[0] ?? 0)} - after);`

/** 2 / pi in words, the first the 32 bits after the point. */
const twoOverPi = [0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab]

interface Definition {
  readonly needs: ReadonlyArray<string>
  readonly code: string
}

const definitions: Readonly<Record<string, Definition>> = {
  infinity: {
    needs: [],
    code: `var<private> infinityBits: u32 = 0x7f800000u;
fn infinity() -> f32 { return bitcast<f32>(infinityBits); }`
  },
  nan: {
    needs: [],
    code: `var<private> nanBits: u32 = 0x7fc00000u;
fn nan() -> f32 { return bitcast<f32>(nanBits); }`
  },
  isNan: { needs: [], code: "fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }" },
  largerOf: {
    needs: ["isNan"],
    code: `fn largerOf(x: f32, y: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isNan(y)) { return y; }
  return select(y, x, x > y);
}`
  },
  smallerOf: {
    needs: ["isNan"],
    code: `fn smallerOf(x: f32, y: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (isNan(y)) { return y; }
  return select(y, x, x < y);
}`
  },
  signOf: {
    needs: ["isNan"],
    code: `fn signOf(x: f32) -> f32 {
  if (isNan(x) || x == 0f) { return x; }
  return select(-1f, 1f, x > 0f);
}`
  },
  powerOfTwo: { needs: [], code: "fn powerOfTwo(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }" },
  exponential: {
    needs: ["isNan", "infinity", "powerOfTwo"],
    code: `fn exponential(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x > 88.73f) { return infinity(); }
  if (x < -104f) { return 0f; }
  let n = floor(fma(x, ${float(Math.LOG2E)}, 0.5f));
  let r = fma(n, 2.12194440054690583e-4f, fma(n, -0.693359375f, x));
  let whole = i32(n);
  let first = whole >> 1u;
  return ${polynomial("r", terms(8, inverse))} * powerOfTwo(first) * powerOfTwo(whole - first);
}`
  },
  logarithm: {
    needs: ["infinity", "nan"],
    code: `fn logarithm(x: f32) -> f32 {
  var bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return -infinity(); }
  if (bits > 0x80000000u) { return nan(); }
  if (bits >= 0x7f800000u) { return x; }
  var exponent = 0;
  if (bits < 0x00800000u) {
    let shift = countLeadingZeros(bits) - 8u;
    bits = bits << shift;
    exponent = -i32(shift);
  }
  // the exponent that leaves a mantissa between sqrt(1/2) and sqrt(2)
  let e = bitcast<i32>(bits - 0x3f3504f3u) >> 23u;
  let f = bitcast<f32>(bits - (bitcast<u32>(e) << 23u)) - 1f;
  let n = f32(e + exponent);
  let s = f / (2f + f);
  let z = s * s;
  let series = z * ${polynomial("z", terms(6, (k) => 2 / (2 * k + 3)))};
  let square = 0.5f * f * f;
  let tail = fma(n, -2.12194440054690583e-4f, s * (square + series));
  return fma(n, 0.693359375f, f - (square - tail));
}`
  },
  productHigh: {
    needs: [],
    code: `fn productHigh(x: u32, y: u32) -> u32 {
  let a = x >> 16u; let b = x & 0xffffu;
  let c = y >> 16u; let d = y & 0xffffu;
  let low = b * d;
  let middle = a * d + (low >> 16u);
  let other = b * c + (middle & 0xffffu);
  return a * c + (middle >> 16u) + (other >> 16u);
}`
  },
  quarters: {
    needs: ["productHigh"],
    code: `struct Quarters { turns: u32, rest: f32 }
/** x as so many quarter turns and a rest within half of one; exact to the last digits for every x. */
fn quarters(x: f32) -> Quarters {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  if (size < ${"0x46000000u"}) {
    let n = floor(fma(x, ${float(2 / Math.PI)}, 0.5f));
    let r = fma(n, -7.549789954891898e-8f, fma(n, -4.837512969970703e-4f, fma(n, -1.5703125f, x)));
    return Quarters(bitcast<u32>(i32(n)), r);
  }
  // mantissa times those 96 bits of 2 / pi that decide the quarter and what follows it
  var table = array<u32, 8>(0u, ${twoOverPi.map((word) => `${word}u`).join(", ")});
  let mantissa = (size & 0x7fffffu) | 0x800000u;
  let start = (size >> 23u) - 150u + 30u;
  let at = start >> 5u;
  let shift = start & 31u;
  var window: array<u32, 3>;
  for (var i = 0u; i < 3u; i++) {
    let next = select(0u, table[at + i + 1u] >> ((32u - shift) & 31u), shift != 0u);
    window[i] = (table[at + i] << shift) | next;
  }
  let low = mantissa * window[2];
  let middle = mantissa * window[1] + productHigh(mantissa, window[2]);
  let carry = select(0u, 1u, middle < mantissa * window[1]);
  let high = mantissa * window[0] + productHigh(mantissa, window[1]) + carry;
  var turns = high >> 30u;
  var first = (high << 2u) | (middle >> 30u);
  var second = (middle << 2u) | (low >> 30u);
  let up = (first & 0x80000000u) != 0u;
  if (up) {
    turns = turns + 1u;
    second = ~second + 1u;
    first = ~first + select(0u, 1u, second == 0u);
  }
  let size1 = fma(f32(first), ${float(2 ** -32)}, f32(second) * ${float(2 ** -32)} * ${float(2 ** -32)});
  let rest = select(size1, -size1, up) * ${float(Math.PI / 2)};
  if (bits != size) { return Quarters(0u - turns, -rest); }
  return Quarters(turns, rest);
}`
  },
  circular: {
    needs: ["quarters", "nan"],
    code: `fn circular(x: f32, more: u32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { return nan(); }
  let q = quarters(x);
  let r = q.rest;
  let z = r * r;
  let quadrant = q.turns + more;
  let sine = fma(r * z, ${polynomial("z", terms(4, (k) => (k % 2 ? 1 : -1) * inverse(2 * k + 3)))}, r);
  let cosine = fma(z * z, ${polynomial("z", terms(5, (k) => (k % 2 ? -1 : 1) * inverse(2 * k + 4)))}, fma(z, -0.5f, 1f));
  let value = select(sine, cosine, (quadrant & 1u) == 1u);
  return select(value, -value, (quadrant & 2u) != 0u);
}`
  },
  sine: {
    needs: ["circular"],
    code: `fn sine(x: f32) -> f32 {
  if (x == 0f) { return x; }
  return circular(x, 0u);
}`
  },
  cosine: { needs: ["circular"], code: "fn cosine(x: f32) -> f32 { return circular(x, 1u); }" },
  signed: {
    needs: [],
    code: `fn signed(size: f32, like: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(size) & 0x7fffffffu) | (bitcast<u32>(like) & 0x80000000u));
}`
  },
  tangentHyperbolic: {
    needs: ["isNan", "powerOfTwo", "signed"],
    code: `fn tangentHyperbolic(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  // e / (e + 2) with e = exp(2 x) - 1 keeps every digit near zero
  let twice = min(2f * abs(x), 24f);
  let n = floor(fma(twice, ${float(Math.LOG2E)}, 0.5f));
  let r = fma(n, 2.12194440054690583e-4f, fma(n, -0.693359375f, twice));
  let rest = fma(r * r, ${polynomial("r", terms(6, (k) => inverse(k + 2)))}, r);
  let power = powerOfTwo(i32(n));
  let e = fma(power, rest, power - 1f);
  return signed(e / (e + 2f), x);
}`
  },
  errorFunction: {
    needs: ["isNan", "exponential", "signed"],
    code: `fn errorFunction(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let size = abs(x);
  if (size <= 1f) {
    let z = x * x;
    return x * ${polynomial("z", terms(12, (k) =>
      ((2 / Math.sqrt(Math.PI)) * (k % 2 ? -1 : 1) * inverse(k)) / (2 * k + 1)))};
  }
  let far = min(size, 4f);
  // 3 / (x + 2), moved onto [-1, 1]
  let u = fma(12f, 1f / (far + 2f), -3f);${clenshaw("u", chebyshev((u) => scaledComplement(3 / (0.75 + 0.25 * u) - 2), 8))}
  return signed(fma(-exponential(-far * far), factor, 1f), x);
}`
  },
  power: {
    needs: ["isNan", "nan", "exponential", "logarithm", "infinity"],
    code: `fn power(x: f32, y: f32) -> f32 {
  if (y == 0f) { return 1f; }
  if (isNan(x) || isNan(y)) { return nan(); }
  let size = abs(x);
  let finite = (bitcast<u32>(y) & 0x7fffffffu) < 0x7f800000u;
  if (size == 1f && !finite) { return nan(); }
  let whole = !finite || floor(y) == y;
  let odd = finite && whole && abs(y) < 16777216f && (i32(y) & 1) == 1;
  if (x < 0f && !whole && size < infinity()) { return nan(); }
  if (size == 1f) { return select(1f, -1f, x < 0f && odd); }
  let value = exponential(y * logarithm(size));
  return select(value, -value, odd && (bitcast<u32>(x) >> 31u) == 1u);
}`
  },
  remainderOf: {
    needs: ["nan"],
    code: `/** x - y trunc(x / y) without rounding, digit by digit. */
fn remainderOf(x: f32, y: f32) -> f32 {
  let sign = bitcast<u32>(x) & 0x80000000u;
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (a >= 0x7f800000u || b > 0x7f800000u || b == 0u) { return nan(); }
  if (a < b) { return x; }
  var ea = i32(a >> 23u);
  var ma = a & 0x7fffffu;
  if (ea == 0) { let s = countLeadingZeros(ma) - 8u; ma = ma << s; ea = 1 - i32(s); } else { ma = ma | 0x800000u; }
  var eb = i32(b >> 23u);
  var mb = b & 0x7fffffu;
  if (eb == 0) { let s = countLeadingZeros(mb) - 8u; mb = mb << s; eb = 1 - i32(s); } else { mb = mb | 0x800000u; }
  for (; ea > eb; ea--) {
    if (ma >= mb) { ma = ma - mb; }
    ma = ma << 1u;
  }
  if (ma >= mb) { ma = ma - mb; }
  if (ma == 0u) { return bitcast<f32>(sign); }
  let s = i32(countLeadingZeros(ma)) - 8;
  ma = ma << u32(s);
  ea = ea - s;
  if (ea > 0) { return bitcast<f32>(sign | (ma & 0x7fffffu) | (u32(ea) << 23u)); }
  return bitcast<f32>(sign | (ma >> u32(1 - ea)));
}`
  },
  toInteger: {
    needs: ["isNan"],
    code: `fn toInteger(x: f32) -> i32 {
  if (isNan(x)) { return 0; }
  if (x >= 2147483648f) { return 2147483647; }
  if (x <= -2147483648f) { return bitcast<i32>(0x80000000u); }
  return i32(x);
}`
  },
  toUnsigned: {
    needs: ["isNan"],
    code: `fn toUnsigned(x: f32) -> u32 {
  if (isNan(x) || x <= 0f) { return 0u; }
  if (x >= 4294967296f) { return 0xffffffffu; }
  return u32(x);
}`
  },
  fromHalf: {
    needs: [],
    code: `fn fromHalf(bits: u32) -> f32 {
  let sign = (bits & 0x8000u) << 16u;
  let rest = bits & 0x7fffu;
  if (rest >= 0x7c00u) { return bitcast<f32>(sign | 0x7f800000u | ((rest & 0x3ffu) << 13u)); }
  if (rest < 0x400u) { return bitcast<f32>(bitcast<u32>(f32(rest) * ${float(2 ** -24)}) | sign); }
  return bitcast<f32>(sign | ((rest + 0x1c000u) << 13u));
}`
  },
  rounded: {
    needs: [],
    code: `/** The number without its last bits, to the nearest, to even between two. */
fn rounded(x: u32, bits: u32) -> u32 {
  let below = x & ((1u << bits) - 1u);
  let half = 1u << (bits - 1u);
  let whole = x >> bits;
  return whole + select(0u, 1u, below > half || (below == half && (whole & 1u) == 1u));
}`
  },
  toHalf: {
    needs: ["rounded"],
    code: `fn toHalf(x: f32) -> u32 {
  let sign = (bitcast<u32>(x) >> 16u) & 0x8000u;
  let a = bitcast<u32>(x) & 0x7fffffffu;
  if (a > 0x7f800000u) { return 0x7e00u; }
  if (a >= 0x477ff000u) { return sign | 0x7c00u; }
  if (a >= 0x38800000u) { return sign | rounded(a - 0x38000000u, 13u); }
  let shift = 126u - (a >> 23u);
  if (shift > 24u) { return sign; }
  return sign | rounded((a & 0x7fffffu) | 0x800000u, shift);
}`
  },
  toBrain: {
    needs: ["rounded"],
    code: `fn toBrain(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return 0x7fc0u; }
  return rounded(bits, 16u);
}`
  },
  toOdd: {
    needs: [],
    code: `/** An integer as a float whose last digit is 1 where digits were lost, so that rounding it again rounds only once. */
fn toOdd(size: u32) -> f32 {
  let zeros = countLeadingZeros(size);
  if (zeros >= 8u) { return f32(size); }
  let lost = 8u - zeros;
  let kept = (size >> lost) | select(0u, 1u, (size & ((1u << lost) - 1u)) != 0u);
  return f32(kept) * f32(1u << lost);
}`
  },
  quotient: {
    needs: [],
    code: "fn quotient(x: i32, y: i32) -> i32 { return select(x / select(y, 1, y == 0), 0, y == 0); }"
  },
  unsignedQuotient: {
    needs: [],
    code: "fn unsignedQuotient(x: u32, y: u32) -> u32 { return select(x / select(y, 1u, y == 0u), 0u, y == 0u); }"
  },
  rest: {
    needs: [],
    code: "fn rest(x: i32, y: i32) -> i32 { return select(x % select(y, 1, y == 0 || y == -1), 0, y == 0 || y == -1); }"
  },
  unsignedRest: {
    needs: [],
    code: "fn unsignedRest(x: u32, y: u32) -> u32 { return select(x % select(y, 1u, y == 0u), 0u, y == 0u); }"
  }
}

/** The definitions of all functions that some WGSL calls, each once. */
export const definitionsFor = (code: string): string => {
  const found = new Set<string>()
  const add = (name: string): void => {
    if (found.has(name)) return
    definitions[name]?.needs.forEach(add)
    found.add(name)
  }
  for (const [, name = ""] of code.matchAll(/\b([a-z]\w*)\(/gi)) if (Object.hasOwn(definitions, name)) add(name)
  return [...found].map((name) => definitions[name]?.code ?? "").join("\n")
}
