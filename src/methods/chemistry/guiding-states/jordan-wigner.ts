/**
 * The Jordan-Wigner transformation (Z. Phys. 47, 631 (1928)): electrons in spin orbitals as qubits, orbital p with spin
 * up at qubit 2p and with spin down at 2p + 1, a_k = Z_0 ... Z_(k-1) (X_k + i Y_k) / 2. The spectrum is conserved
 * among states with as many electrons: the transformed Hamiltonian commutes with their number and with their spin Sz.
 */
import { Data, Effect } from "effect"
import type { State } from "../correlation/fci.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import type { PauliSum } from "./pauli.ts"
import { combine, mostQubits, product, scalar, string } from "./pauli.ts"

/** More qubits than masks hold. */
export class TooManyQubits extends Data.TaggedError("TooManyQubits")<{
  readonly field: string
  readonly qubits: number
  readonly message: string
}> {}

export type Spin = 0 | 1

/** The qubit of an orbital with a spin, 0 up and 1 down. */
export const qubitOf = (orbital: number, spin: Spin): number => 2 * orbital + spin

const below = (qubit: number): number => (1 << qubit) - 1

/** a_k of `qubits` qubits. */
export const annihilator = (qubits: number, k: number): PauliSum => combine(qubits, [
  [0.5, string(qubits, 1 << k, below(k))],
  [-0.5, string(qubits, 1 << k, below(k) | 1 << k)]
])

/** a+_k. */
export const creator = (qubits: number, k: number): PauliSum => combine(qubits, [
  [0.5, string(qubits, 1 << k, below(k))],
  [0.5, string(qubits, 1 << k, below(k) | 1 << k)]
])

const spins: ReadonlyArray<Spin> = [0, 1]

/** E_pq = sum over spins of a+_p a_q, over `orbitals` orbitals. */
export const excitation = (orbitals: number, p: number, q: number): PauliSum => {
  const qubits = 2 * orbitals
  return combine(qubits, spins.map((spin) =>
    [1, product(creator(qubits, qubitOf(p, spin)), annihilator(qubits, qubitOf(q, spin)))] as const))
}

/** The number of electrons of each spin; their sum is N, half of their difference Sz. */
export const number = (orbitals: number, spin: Spin): PauliSum => {
  const qubits = 2 * orbitals
  return combine(qubits, Array.from({ length: orbitals }, (_, p) =>
    [1, product(creator(qubits, qubitOf(p, spin)), annihilator(qubits, qubitOf(p, spin)))] as const))
}

/** Integrals below this leave no trace in an energy, in Ha. */
const negligible = 1e-14

/** H = core + sum (h_pq - 1/2 sum_r (pr|rq)) E_pq + 1/2 sum (pq|rs) E_pq E_rs over qubits, in Ha. */
export const jordanWigner = (of: Hamiltonian): Effect.Effect<PauliSum, TooManyQubits> => Effect.suspend(() => {
  const qubits = 2 * of.orbitals
  return qubits <= mostQubits ? Effect.succeed(transformed(of)) : Effect.fail(new TooManyQubits({
    field: "orbitals", qubits,
    message: `Jordan-Wigner: orbitals: expected at most ${mostQubits / 2}, got ${of.orbitals}`
  }))
})

const transformed = ({ orbitals: n, core, oneBody, twoBody }: Hamiltonian): PauliSum => {
  const qubits = 2 * n
  const pairs = Array.from({ length: n * n }, (_, pq) => excitation(n, Math.floor(pq / n), pq % n))
  const parts: Array<readonly [number, PauliSum]> = [[core, scalar(qubits, 1)]]
  pairs.forEach((pair, pq) => {
    const [p, q] = [Math.floor(pq / n), pq % n]
    let h = oneBody[pq]!
    for (let r = 0; r < n; r++) h -= twoBody[((p * n + r) * n + r) * n + q]! / 2
    parts.push([h, pair])
    // what multiplies E_pq from the right is a one-electron operator, so that one product is enough
    const right = combine(qubits, pairs.flatMap((other, rs) => {
      const integral = twoBody[pq * n * n + rs]!
      return Math.abs(integral) < negligible ? [] : [[integral / 2, other] as const]
    }))
    parts.push([1, product(pair, right)])
  })
  return combine(qubits, parts)
}

/** The place in a register of the determinant of two strings of orbitals. */
export const place = (alpha: number, beta: number): number => {
  let at = 0
  for (let p = 0; 2 * p < mostQubits; p++) {
    if ((alpha >>> p & 1) === 1) at |= 1 << qubitOf(p, 0)
    if ((beta >>> p & 1) === 1) at |= 1 << qubitOf(p, 1)
  }
  return at
}

/** -1 where bringing all of alpha before all of beta takes an odd number of exchanges. */
const order = (alpha: number, beta: number): 1 | -1 => {
  let odd = false
  for (let p = 0; 2 * p < mostQubits; p++) {
    if ((alpha >>> p & 1) === 0) continue
    for (let rest = beta & ((1 << p) - 1); rest !== 0; rest &= rest - 1) odd = !odd
  }
  return odd ? -1 : 1
}

/** The amplitudes over a register of 2^(2n) of a state over pairs of strings. */
export const register = ({ vector, strings: { orbitals, masks } }: Omit<State, "energy">): Float64Array => {
  const amplitudes = new Float64Array(2 ** (2 * orbitals))
  masks.forEach((alpha, row) => masks.forEach((beta, column) => {
    amplitudes[place(alpha, beta)] = order(alpha, beta) * vector[row * masks.length + column]!
  }))
  return amplitudes
}
