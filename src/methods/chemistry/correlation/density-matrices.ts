/**
 * Spin-summed density matrices: gamma_pq = sum_s <p+ q> and Gamma_pqrs = sum_st <p+_s r+_t s_t q_s>, so that the
 * energy is core + sum h_pq gamma_pq + 1/2 sum (pq|rs) Gamma_pqrs (Helgaker, Jorgensen and Olsen, 2000, section 1.7).
 * The trace of gamma is the number of electrons N, that of Gamma N (N - 1); natural occupations lie between 0 and 2.
 */
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import type { Doubles } from "./ccsd.ts"
import type { State } from "./fci.ts"
import type { Hamiltonian } from "./hamiltonian.ts"
import { spaces } from "./hamiltonian.ts"

/** Both row-major over all orbitals. */
export interface DensityMatrices {
  readonly one: Float64Array
  readonly two: Float64Array
}

/** The energy that density matrices give, in Ha. */
export const energyOf = ({ core, oneBody, twoBody }: Hamiltonian, { one, two }: DensityMatrices): number => {
  let energy = core
  for (let pq = 0; pq < one.length; pq++) energy += oneBody[pq]! * one[pq]!
  for (let pqrs = 0; pqrs < two.length; pqrs++) energy += twoBody[pqrs]! * two[pqrs]! / 2
  return energy
}

/** Adds a_pq b_rs - 1/2 a_ps b_rq, what electrons that are not correlated have, to a two-particle matrix. */
const addProduct = (two: Float64Array, a: Float64Array, b: Float64Array, n: number): void => {
  for (let pqrs = 0; pqrs < two.length; pqrs++) {
    const [pq, rs] = [Math.floor(pqrs / (n * n)), pqrs % (n * n)]
    const [p, q, r, s] = [Math.floor(pq / n), pq % n, Math.floor(rs / n), rs % n]
    two[pqrs] = two[pqrs]! + a[pq]! * b[rs]! - a[p * n + s]! * b[r * n + q]! / 2
  }
}

/** Those of the reference determinant. */
export const ofReference = (of: Hamiltonian): DensityMatrices => {
  const n = of.orbitals
  const one = new Float64Array(n ** 2)
  for (let i = 0; i < spaces(of).occupied; i++) one[i * (n + 1)] = 2
  const two = new Float64Array(n ** 4)
  addProduct(two, one, one, n)
  return { one, two }
}

/**
 * Those that belong to the coupled-cluster energy as a function of the integrals at fixed amplitudes: singles couple
 * occupied and virtual orbitals, pairs make the cumulant 2 tau_ij^ab - tau_ij^ba. They give the energy exactly; without
 * the response of the amplitudes (Lambda) occupations stay near 2 and 0.
 */
export const ofAmplitudes = (of: Hamiltonian, { singles, doubles }: Doubles): DensityMatrices => {
  const n = of.orbitals
  const { occupied, virtual } = spaces(of)
  const { one: reference, two } = ofReference(of)
  const change = new Float64Array(n ** 2)
  const t1 = (i: number, a: number): number => singles[i * virtual + a]!
  const tau = (i: number, j: number, a: number, b: number): number =>
    doubles[((i * occupied + j) * virtual + a) * virtual + b]! + t1(i, a) * t1(j, b)
  for (let i = 0; i < occupied; i++)
    for (let a = 0; a < virtual; a++) {
      const at = occupied + a
      change[i * n + at] = change[at * n + i] = t1(i, a)
    }
  addProduct(two, reference, change, n)
  addProduct(two, change, reference, n)
  for (let i = 0; i < occupied; i++)
    for (let j = 0; j < occupied; j++)
      for (let a = 0; a < virtual; a++)
        for (let b = 0; b < virtual; b++) {
          const [p, r] = [occupied + a, occupied + b]
          const pair = 2 * tau(i, j, a, b) - tau(i, j, b, a)
          for (const place of [((i * n + p) * n + j) * n + r, ((p * n + i) * n + r) * n + j])
            two[place] = two[place]! + pair
        }
  return { one: reference.map((value, pq) => value + change[pq]!), two }
}

/** gamma alone, of an exact state: <p+ q> by the excitations of one spin, twice. */
export const oneOfState = ({ vector, strings: { orbitals, masks, width, to, pair, sign } }: State): Float64Array => {
  const one = new Float64Array(orbitals ** 2)
  const size = masks.length
  for (let index = 0; index < to.length; index++) {
    const [from, into] = [Math.floor(index / width) * size, to[index]! * size]
    let overlap = 0
    for (let beta = 0; beta < size; beta++) overlap += vector[from + beta]! * vector[into + beta]!
    one[pair[index]!] = one[pair[index]!]! + 2 * sign[index]! * overlap
  }
  return one
}

/** Those of an exact state: Gamma_pqrs = <E_pq E_rs> - delta_qr <E_ps>, the vectors E_rs C made a string at a time. */
export const ofState = (state: State): DensityMatrices => {
  const { vector, strings: { orbitals: n, masks, width, to, pair, sign } } = state
  const [one, size, pairs] = [oneOfState(state), masks.length, n * n]
  const products = new Float64Array(pairs * pairs)
  const excited = new Float64Array(pairs * size)
  for (let alpha = 0; alpha < size; alpha++) {
    excited.fill(0)
    for (let index = alpha * width; index < (alpha + 1) * width; index++) {
      // E_pq takes this string to another, so E_qp brings that one here
      const [p, q] = [Math.floor(pair[index]! / n), pair[index]! % n]
      const [source, target] = [to[index]! * size, (q * n + p) * size]
      for (let beta = 0; beta < size; beta++)
        excited[target + beta] = excited[target + beta]! + sign[index]! * vector[source + beta]!
    }
    for (let index = 0; index < to.length; index++) {
      const target = pair[index]! * size + to[index]!
      excited[target] = excited[target]! + sign[index]! * vector[alpha * size + Math.floor(index / width)]!
    }
    for (let left = 0; left < pairs; left++)
      for (let right = 0; right <= left; right++) {
        let overlap = 0
        for (let beta = 0; beta < size; beta++) overlap += excited[left * size + beta]! * excited[right * size + beta]!
        products[left * pairs + right] = products[left * pairs + right]! + overlap
      }
  }
  const two = new Float64Array(pairs * pairs)
  for (let pq = 0; pq < pairs; pq++)
    for (let rs = 0; rs < pairs; rs++) {
      const [p, q, r, s] = [Math.floor(pq / n), pq % n, Math.floor(rs / n), rs % n]
      const qp = q * n + p
      const product = qp >= rs ? products[qp * pairs + rs]! : products[rs * pairs + qp]!
      two[pq * pairs + rs] = product - (q === r ? one[p * n + s]! : 0)
    }
  return { one, two }
}

/** Natural orbitals: column q of `orbitals`, row-major, has occupation q; occupations descend. */
export interface Natural {
  readonly occupations: Float64Array
  readonly orbitals: Float64Array
}

/** The eigenvectors of a one-particle density matrix over n orbitals. */
export const natural = (one: Float64Array, n: number): Natural => {
  const { values, vectors } = eigh({ rows: n, columns: n, data: one })
  const orbitals = vectors.data.map((_, pq) => vectors.data[Math.floor(pq / n) * n + n - 1 - (pq % n)]!)
  return { occupations: values.data.slice().reverse(), orbitals }
}

/**
 * The correlation spectrum of natural occupations (Bravyi and Gosset, Commun. Math. Phys. 356, 451 (2017)): how far
 * each spin orbital is from empty or full, min(n, 1 - n) with n from 0 to 1, descending. A determinant has none.
 */
export const correlationSpectrum = ({ occupations }: Pick<Natural, "occupations">): Float64Array =>
  occupations.map((n) => Math.min(Math.max(n / 2, 0), Math.max(1 - n / 2, 0))).sort().reverse()

/** <S^2> of a state with as many electrons of either spin: 3 N / 4 - N (N - 1) / 4 - 1/2 sum_pq Gamma_pqqp. */
export const spinSquare = ({ one, two }: DensityMatrices): number => {
  const n = Math.round(Math.sqrt(one.length))
  let [electrons, exchange] = [0, 0]
  for (let p = 0; p < n; p++) {
    electrons += one[p * (n + 1)]!
    for (let q = 0; q < n; q++) exchange += two[((p * n + q) * n + q) * n + p]!
  }
  return 0.75 * electrons - electrons * (electrons - 1) / 4 - exchange / 2
}
