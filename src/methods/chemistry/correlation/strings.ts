/**
 * Strings: the ways in which particles of one spin occupy orbitals, as bit masks in ascending order, and what a single
 * excitation E_pq = p+ q makes of each (Knowles and Handy, Chem. Phys. Lett. 111, 315 (1984)). A determinant is a pair
 * of strings, one a spin.
 */

/** Most orbitals that a mask of 31 bits holds. */
export const mostOrbitals = 31

/** All strings of some particles in some orbitals. */
export interface Strings {
  readonly orbitals: number
  readonly particles: number
  readonly masks: Uint32Array
  /** Excitations from each string: k (n - k) that move a particle and k that leave it where it is. */
  readonly width: number
  /** Entry `string * width + x`: the string that comes of it, p * n + q, and the sign. */
  readonly to: Uint32Array
  readonly pair: Uint32Array
  readonly sign: Int8Array
}

/** n over k. */
export const binomial = (n: number, k: number): number => {
  let value = 1
  for (let index = 1; index <= k; index++) value = (value * (n - k + index)) / index
  return k < 0 || k > n ? 0 : Math.round(value)
}

/** How many bits of a mask are set. */
export const population = (mask: number): number => {
  let rest = mask
  let count = 0
  for (; rest !== 0; rest &= rest - 1) count++
  return count
}

const masksOf = (orbitals: number, particles: number): Uint32Array => {
  const masks = new Uint32Array(binomial(orbitals, particles))
  let mask = 2 ** particles - 1
  for (let index = 0; index < masks.length; index++) {
    masks[index] = mask
    if (mask === 0) break
    // the next larger mask with as many bits (Gosper)
    const lowest = mask & -mask
    const carried = mask + lowest
    mask = (((carried ^ mask) >>> 2) / lowest) | carried
  }
  return masks
}

/** The place of each string by its mask: its rank in the order of the masks (the combinatorial number system). */
export const address = (mask: number): number => {
  let rank = 0
  let seen = 0
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    seen++
    rank += binomial(31 - Math.clz32(rest & -rest), seen)
  }
  return rank
}

/** Every string and its single excitations. */
export const strings = (orbitals: number, particles: number): Strings => {
  const masks = masksOf(orbitals, particles)
  const width = particles * (orbitals - particles + 1)
  const size = masks.length * width
  const [to, pair, sign] = [new Uint32Array(size), new Uint32Array(size), new Int8Array(size)]
  let at = 0
  masks.forEach((mask, from) => {
    for (let q = 0; q < orbitals; q++) {
      if ((mask & (1 << q)) === 0) continue
      for (let p = 0; p < orbitals; p++) {
        if (p !== q && (mask & (1 << p)) !== 0) continue
        const between = (1 << Math.max(p, q)) - 1 & ~((1 << (Math.min(p, q) + 1)) - 1)
        to[at] = p === q ? from : address((mask & ~(1 << q)) | (1 << p))
        pair[at] = p * orbitals + q
        sign[at] = p !== q && population(mask & between) % 2 === 1 ? -1 : 1
        at++
      }
    }
  })
  return { orbitals, particles, masks, width, to, pair, sign }
}
