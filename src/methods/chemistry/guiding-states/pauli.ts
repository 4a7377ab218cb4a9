/**
 * Sums of Pauli strings on qubits, each string kept as two masks: X on the qubits of `x` after Z on those of `z`. On
 * this basis X^x Z^z, without the phases of Y, operators with real matrices have real coefficients, and a product is
 * two exclusive ors and a sign. The algebra is associative and exact but for the rounding of coefficients.
 */

/** Coefficients of X^x Z^z by `x`, then by `z`; a string that is absent has none. */
export interface PauliSum {
  readonly qubits: number
  readonly strings: ReadonlyMap<number, ReadonlyMap<number, number>>
}

/** Most qubits whose masks are small integers. */
export const mostQubits = 30

/** A sum that grows. */
type Growing = Map<number, Map<number, number>>

const give = (sum: Growing, x: number, z: number, value: number): void => {
  const row = sum.get(x)
  if (row === undefined) sum.set(x, new Map([[z, value]]))
  else row.set(z, (row.get(z) ?? 0) + value)
}

/** -1 where an odd number of bits is set, else 1. */
export const parity = (mask: number): 1 | -1 => {
  let bits = mask
  bits ^= bits >>> 16
  bits ^= bits >>> 8
  bits ^= bits >>> 4
  bits ^= bits >>> 2
  bits ^= bits >>> 1
  return (bits & 1) === 1 ? -1 : 1
}

/** A multiple of one string X^x Z^z. */
export const string = (qubits: number, x: number, z: number, value = 1): PauliSum =>
  ({ qubits, strings: new Map([[x, new Map([[z, value]])]]) })

/** A multiple of the identity. */
export const scalar = (qubits: number, value: number): PauliSum => string(qubits, 0, 0, value)

/** Each string with its coefficient. */
export function* entries({ strings }: PauliSum): Generator<readonly [x: number, z: number, value: number]> {
  for (const [x, row] of strings) for (const [z, value] of row) yield [x, z, value]
}

/** The sum of multiples of sums, without strings whose coefficients cancelled to rounding. */
export const combine = (qubits: number, parts: Iterable<readonly [factor: number, part: PauliSum]>): PauliSum => {
  const sum: Growing = new Map()
  for (const [factor, part] of parts) for (const [x, z, value] of entries(part)) give(sum, x, z, factor * value)
  return tidy({ qubits, strings: sum })
}

/** Coefficients below this are rounding, in the unit of the sum (Ha for a Hamiltonian). */
const rounding = 1e-14

const tidy = ({ qubits, strings }: PauliSum): PauliSum => {
  const kept = new Map<number, Map<number, number>>()
  for (const [x, row] of strings) {
    const rest = [...row].filter(([, value]) => Math.abs(value) > rounding)
    if (rest.length > 0) kept.set(x, new Map(rest))
  }
  return { qubits, strings: kept }
}

/** The product of two sums: X^a Z^b X^c Z^d = (-1)^(b.c) X^(a+c) Z^(b+d). */
export const product = (left: PauliSum, right: PauliSum): PauliSum => {
  const sum: Growing = new Map()
  for (const [a, b, one] of entries(left))
    for (const [c, d, other] of entries(right)) give(sum, a ^ c, b ^ d, parity(b & c) * one * other)
  return tidy({ qubits: left.qubits, strings: sum })
}

/** left right - right left. */
export const commutator = (left: PauliSum, right: PauliSum): PauliSum =>
  combine(left.qubits, [[1, product(left, right)], [-1, product(right, left)]])

/** How many strings there are. */
export const count = (sum: PauliSum): number => [...entries(sum)].length

/** lambda: the sum of the moduli of the coefficients but the identity's. */
export const oneNorm = (sum: PauliSum): number =>
  [...entries(sum)].reduce((total, [x, z, value]) => total + (x === 0 && z === 0 ? 0 : Math.abs(value)), 0)

/** A Pauli word, qubit 0 first, as XXYY. */
export interface Word {
  readonly word: string
  readonly coefficient: number
}

/**
 * The sum over Pauli words, by word. Y = i X Z, so a word with an even number of Y has a real coefficient; the words of
 * a real symmetric matrix all have one.
 */
export const words = (sum: PauliSum): ReadonlyArray<Word> =>
  [...entries(sum)].map(([x, z, value]) => {
    const letters = Array.from({ length: sum.qubits }, (_, qubit) =>
      "IXZY"[(x >>> qubit & 1) + 2 * (z >>> qubit & 1)])
    const turns = letters.filter((letter) => letter === "Y").length
    return { word: letters.join(""), coefficient: turns % 4 === 0 ? value : -value }
  }).sort((left, right) => (left.word < right.word ? -1 : 1))
