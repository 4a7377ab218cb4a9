/**
 * Splittable counter-based random keys: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011). A number depends on its key and its counter alone, so every backend, thread count and resumed
 * run draws the same bits; `src/algebra/random.ts` states the same function as an expression.
 */

/** Two 32-bit words. A key is used once: derive others from it with `fold` or `split`. */
export type Key = readonly [number, number]

/** The key of a seed (a non-negative integer below 2^53). */
export const make = (seed: number): Key => [Math.floor(seed / 0x1_0000_0000) >>> 0, seed >>> 0]

/** Rotations of the eight rounds, as published; the round number picks one. */
export const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const

/** The parity word of the key schedule (Skein's constant, 32 bits). */
export const parity = 0x1BD11BDA

/** The two random words of `counter` under `key`. */
export const block = ([first, second]: Key, [low, high]: Key): Key => {
  const schedule = [first, second, (parity ^ first ^ second) >>> 0] as const
  let a = (low + first) >>> 0
  let b = (high + second) >>> 0
  for (let round = 0; round < 20; round++) {
    const turn = rotations[round % 8] ?? 0
    a = (a + b) >>> 0
    b = (((b << turn) | (b >>> (32 - turn))) ^ a) >>> 0
    if (round % 4 === 3) {
      const step = (round + 1) / 4
      a = (a + (schedule[step % 3] ?? 0)) >>> 0
      b = (b + (schedule[(step + 1) % 3] ?? 0) + step) >>> 0
    }
  }
  return [a, b]
}

/** A new key for a number: a step, an index, a place in the program. */
export const fold = (key: Key, data: number): Key => block(key, [data >>> 0, 0x9E3779B9])

/** Separate keys, one a name or index. */
export const split = (key: Key, count: number): ReadonlyArray<Key> =>
  Array.from({ length: count }, (_, index) => fold(key, index))

/** `count` random 32-bit words: word `i` is the first word of counter `i`. */
export const bits = (key: Key, count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => block(key, [index, 0])[0])

/** Uniform numbers in [0, 1) with 24 bits, exact in f32. */
export const uniform = (key: Key, count: number): Float32Array =>
  Float32Array.from(bits(key, count), (word) => (word >>> 8) * 2 ** -24)

/** Uniform integers in [0, bound), by the high part of a 64-bit product (bias below bound / 2^32). */
export const integers = (key: Key, count: number, bound: number): Uint32Array =>
  Uint32Array.from(bits(key, count), (word) => Math.floor((word * bound) / 2 ** 32))

/** Standard normal numbers (Box-Muller on two words of one counter), in double precision. */
export const normal = (key: Key, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, index) => {
    const [first, second] = block(key, [index, 0])
    return Math.sqrt(-2 * Math.log((first + 1) * 2 ** -32)) * Math.cos(2 * Math.PI * second * 2 ** -32)
  })

/** A random order of 0 .. count - 1 (Fisher-Yates). */
export const permutation = (key: Key, count: number): Uint32Array => {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  const words = bits(key, count)
  for (let last = count - 1; last > 0; last--) {
    const chosen = Math.floor(((words[last] ?? 0) * (last + 1)) / 2 ** 32)
    const held = order[last] ?? 0
    order[last] = order[chosen] ?? 0
    order[chosen] = held
  }
  return order
}
