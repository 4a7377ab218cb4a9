/**
 * How entangled orbitals are: the entropy of each orbital, of each pair, and their mutual information I_ij = (s_i + s_j
 * - s_ij) / 2 (Rissler, Noack and White, Chem. Phys. 323, 519 (2006)), straight from the amplitudes. Entropies lie
 * between 0 and ln 4, mutual information is never negative, and a determinant has none in its own orbitals.
 */
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import type { State } from "../correlation/fci.ts"
import { address } from "../correlation/strings.ts"

/** The largest entropy of one orbital, ln 4. */
export const mostEntropy = Math.log(4)

const surprise = (probabilities: Iterable<number>): number => {
  let total = 0
  for (const p of probabilities) if (p > 0) total -= p * Math.log(p)
  return total
}

type Amplitudes = Pick<State, "vector" | "strings">

/** s_i of every orbital: of the chances that it is empty, holds an electron of one spin, of the other, or both. */
export const orbitalEntropies = ({ vector, strings: { orbitals, masks } }: Amplitudes): Float64Array => {
  const chances = new Float64Array(4 * orbitals)
  const size = masks.length
  for (let alpha = 0; alpha < size; alpha++)
    for (let beta = 0; beta < size; beta++) {
      const chance = vector[alpha * size + beta]! ** 2
      if (chance === 0) continue
      for (let p = 0; p < orbitals; p++) {
        const at = 4 * p + 2 * (masks[alpha]! >>> p & 1) + (masks[beta]! >>> p & 1)
        chances[at] = chances[at]! + chance
      }
    }
  return Float64Array.from({ length: orbitals }, (_, p) => surprise(chances.subarray(4 * p, 4 * p + 4)))
}

/** What one spin of a pair of orbitals can be: electrons in it, and for one electron which orbital has it. */
const local = (mask: number, i: number, j: number): readonly [electrons: number, which: number] => {
  const [first, second] = [mask >>> i & 1, mask >>> j & 1]
  return [first + second, first + second === 1 ? second : 0]
}

/** The string with its one electron in i or j in the other of the two, and the sign that bringing it there costs. */
const swapped = (mask: number, i: number, j: number): readonly [string: number, sign: number] => {
  let odd = false
  const between = ((1 << Math.max(i, j)) - 1) & ~((1 << (Math.min(i, j) + 1)) - 1)
  for (let rest = mask & between; rest !== 0; rest &= rest - 1) odd = !odd
  return [address(mask ^ (1 << i) ^ (1 << j)), odd ? -1 : 1]
}

/**
 * s_ij of a pair. The density matrix of two orbitals keeps the number of electrons of each spin, so it falls into
 * blocks: one state where neither spin has a single electron, two where one has, four where both have.
 */
export const pairEntropy = ({ vector, strings: { masks } }: Amplitudes, i: number, j: number): number => {
  const size = masks.length
  const at = Array.from(masks, (mask) => local(mask, i, j))
  const other = Array.from(masks, (mask, string) => (at[string]![0] === 1 ? swapped(mask, i, j) : [string, 1] as const))
  // by electrons up and down, row and column of the block, four each
  const blocks = new Float64Array(9 * 16)
  for (let alpha = 0; alpha < size; alpha++) {
    const [[up, here], [turned, sign]] = [at[alpha]!, other[alpha]!]
    for (let beta = 0; beta < size; beta++) {
      const value = vector[alpha * size + beta]!
      if (value === 0) continue
      const [[down, there], [flipped, factor]] = [at[beta]!, other[beta]!]
      const block = 16 * (3 * up + down)
      const row = 2 * here + there
      for (let first = 0; first < (up === 1 ? 2 : 1); first++)
        for (let second = 0; second < (down === 1 ? 2 : 1); second++) {
          const partner = vector[(first === 0 ? alpha : turned) * size + (second === 0 ? beta : flipped)]!
          const signed = partner * (first === 0 ? 1 : sign) * (second === 0 ? 1 : factor)
          const column = row ^ (2 * first + second)
          blocks[block + 4 * row + column] = blocks[block + 4 * row + column]! + value * signed
        }
    }
  }
  let total = 0
  for (let block = 0; block < 9; block++)
    total += surprise(eigh({ rows: 4, columns: 4, data: blocks.slice(16 * block, 16 * block + 16) }).values.data)
  return total
}

/** I_ij of every pair, row-major, 0 on the diagonal. */
export const mutualInformation = (state: Amplitudes): Float64Array => {
  const n = state.strings.orbitals
  const single = orbitalEntropies(state)
  const information = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++)
      information[i * n + j] = information[j * n + i] = (single[i]! + single[j]! - pairEntropy(state, i, j)) / 2
  return information
}

/** Z = sum s_i / (L ln 4), from 0 for a determinant to 1. */
export const meanEntropy = (entropies: Float64Array): number =>
  entropies.reduce((sum, value) => sum + value, 0) / (entropies.length * mostEntropy)
