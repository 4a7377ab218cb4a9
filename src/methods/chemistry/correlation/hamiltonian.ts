/**
 * A closed-shell electronic Hamiltonian over orthonormal real orbitals (Helgaker, Jorgensen and Olsen, Molecular
 * Electronic-Structure Theory, 2000, chapter 1): H = core + sum h_pq E_pq + 1/2 sum (pq|rs) (E_pq E_rs - d_qr E_ps).
 * It is all that a correlation method sees of a molecule, a fragment or a model. Its spectrum is conserved by every
 * rotation of the orbitals.
 */
import { Data, Effect } from "effect"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"

/** Energies in Ha. Matrices are row-major; the first electrons / 2 orbitals are the reference determinant's. */
export interface Hamiltonian {
  readonly orbitals: number
  readonly electrons: number
  /** The constant part: nuclear repulsion, frozen cores. */
  readonly core: number
  /** h_pq. */
  readonly oneBody: Float64Array
  /** (pq|rs) in chemists' notation: electron one in p and q, electron two in r and s. */
  readonly twoBody: Float64Array
}

/** Integrals or electrons that make no closed-shell Hamiltonian; names the field. */
export class HamiltonianError extends Data.TaggedError("HamiltonianError")<{
  readonly field: string
  readonly message: string
}> {}

/** A computation that would not fit in the memory allowed, refused before it starts. */
export class TooLarge extends Data.TaggedError("TooLarge")<{
  readonly method: string
  readonly bytes: number
  readonly limit: number
  readonly message: string
}> {}

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString("en")} MiB`

/** Refuses a computation whose estimate is beyond the limit, in bytes. */
export const within = (method: string, bytes: number, limit: number): Effect.Effect<void, TooLarge> =>
  bytes <= limit ? Effect.void : Effect.fail(new TooLarge({
    method, bytes, limit, message: `${method}: needs about ${mebibytes(bytes)}, and ${mebibytes(limit)} are allowed`
  }))

/** How far integrals may be from their symmetry: rounding of a four-index transformation, in Ha. */
const asymmetry = 1e-8

const refuse = (field: string, reason: string): HamiltonianError =>
  new HamiltonianError({ field, message: `${field}: ${reason}` })

const symmetryFault = ({ orbitals: n, oneBody, twoBody }: Hamiltonian): HamiltonianError | undefined => {
  const apart = (left: number | undefined, right: number | undefined): boolean =>
    !(Math.abs((left ?? NaN) - (right ?? NaN)) <= asymmetry)
  for (let p = 0; p < n; p++)
    for (let q = 0; q < n; q++)
      if (apart(oneBody[p * n + q], oneBody[q * n + p]))
        return refuse("oneBody", `not symmetric or not finite at (${p}, ${q})`)
  for (let pq = 0; pq < n * n; pq++) {
    const qp = (pq % n) * n + Math.floor(pq / n)
    for (let rs = 0; rs < n * n; rs++) {
      const value = twoBody[pq * n * n + rs]
      if (apart(value, twoBody[qp * n * n + rs]) || apart(value, twoBody[rs * n * n + pq]))
        return refuse("twoBody", `(${Math.floor(pq / n)} ${pq % n}|${Math.floor(rs / n)} ${rs % n}) `
          + "is not finite or lacks the 8-fold symmetry of real orbitals")
    }
  }
  return undefined
}

/** The Hamiltonian, when its numbers make one: sizes, an even number of electrons that fit, symmetric integrals. */
export const make = (given: Hamiltonian): Effect.Effect<Hamiltonian, HamiltonianError> => Effect.suspend(() => {
  const { orbitals: n, electrons, core, oneBody, twoBody } = given
  if (!Number.isInteger(n) || n < 1) return Effect.fail(refuse("orbitals", `a whole number from 1, not ${n}`))
  if (!Number.isInteger(electrons) || electrons < 2)
    return Effect.fail(refuse("electrons", `a whole number from 2, not ${electrons}`))
  if (electrons % 2 === 1)
    return Effect.fail(refuse("electrons", `a closed shell has an even number of electrons, not ${electrons}`))
  if (electrons > 2 * n) return Effect.fail(refuse("electrons", `${electrons} do not fit in ${n} orbitals`))
  if (!Number.isFinite(core)) return Effect.fail(refuse("core", `a finite energy, not ${core}`))
  if (oneBody.length !== n ** 2)
    return Effect.fail(refuse("oneBody", `${n ** 2} values for ${n} orbitals, not ${oneBody.length}`))
  if (twoBody.length !== n ** 4)
    return Effect.fail(refuse("twoBody", `${n ** 4} values for ${n} orbitals, not ${twoBody.length}`))
  const fault = symmetryFault(given)
  return fault === undefined ? Effect.succeed(given) : Effect.fail(fault)
})

/** How many orbitals the reference determinant fills, and how many it leaves. */
export const spaces = ({ orbitals, electrons }: Hamiltonian): { readonly occupied: number; readonly virtual: number } =>
  ({ occupied: electrons / 2, virtual: orbitals - electrons / 2 })

/** The Fock matrix of the reference determinant: f_pq = h_pq + sum_i 2 (pq|ii) - (pi|iq). */
export const fock = (of: Hamiltonian): Float64Array => {
  const { orbitals: n, oneBody, twoBody } = of
  const { occupied } = spaces(of)
  return oneBody.map((h, pq) => {
    const [p, q] = [Math.floor(pq / n), pq % n]
    let sum = h
    for (let i = 0; i < occupied; i++)
      sum += 2 * twoBody[(pq * n + i) * n + i]! - twoBody[((p * n + i) * n + i) * n + q]!
    return sum
  })
}

/** The energy of the reference determinant, in Ha: core + sum_i h_ii + f_ii. */
export const referenceEnergy = (of: Hamiltonian): number => {
  const f = fock(of)
  let energy = of.core
  for (let i = 0; i < spaces(of).occupied; i++) energy += of.oneBody[i * (of.orbitals + 1)]! + f[i * (of.orbitals + 1)]!
  return energy
}

/** The largest of |f_pq|, p and q different, among pairs of orbitals that `counts`. */
export const largestCoupling = (of: Hamiltonian, counts: (p: number, q: number) => boolean): number =>
  fock(of).reduce((worst, value, pq) => {
    const [p, q] = [Math.floor(pq / of.orbitals), pq % of.orbitals]
    return p !== q && counts(p, q) ? Math.max(worst, Math.abs(value)) : worst
  }, 0)

/** Rows that are turned together, so that what is written stays in the cache. */
const together = 64

/** One index of a tensor over `n` orbitals, the last, replaced by the columns of a matrix, and brought to the front. */
const turn = (data: Float64Array, rotation: Float64Array, n: number): Float64Array => {
  const rows = data.length / n
  const turned = new Float64Array(data.length)
  const sum = new Float64Array(n * together)
  for (let start = 0; start < rows; start += together) {
    const end = Math.min(rows, start + together)
    for (let row = start; row < end; row++) {
      const to = (row - start) * n
      sum.fill(0, to, to + n)
      for (let p = 0; p < n; p++) {
        const value = data[row * n + p]!
        if (value === 0) continue
        for (let q = 0; q < n; q++) sum[to + q] = sum[to + q]! + value * rotation[p * n + q]!
      }
    }
    for (let q = 0; q < n; q++)
      for (let row = start; row < end; row++) turned[q * rows + row] = sum[(row - start) * n + q]!
  }
  return turned
}

/** The same Hamiltonian over other orthonormal orbitals: column q of the rotation, row-major, is the new orbital q. */
export const rotate = (of: Hamiltonian, rotation: Float64Array): Hamiltonian => {
  const turns = (data: Float64Array, times: number): Float64Array =>
    times === 0 ? data : turns(turn(data, rotation, of.orbitals), times - 1)
  return { ...of, oneBody: turns(of.oneBody, 2), twoBody: turns(of.twoBody, 4) }
}

/** Semicanonical orbitals: the Fock matrix is diagonal among occupied and among virtual orbitals, each ascending. */
export interface Semicanonical {
  readonly hamiltonian: Hamiltonian
  /** f_pp, in Ha. */
  readonly energies: Float64Array
  /** Column q, row-major, is the new orbital q over the old ones. */
  readonly rotation: Float64Array
}

/** Couplings of orbitals, in Ha, that are rounding. */
const rounding = 1e-10

/** Rotates occupied and virtual orbitals among themselves to semicanonical ones; the determinant is unchanged. */
export const semicanonical = (of: Hamiltonian): Semicanonical => {
  const n = of.orbitals
  const { occupied } = spaces(of)
  const f = fock(of)
  const rotation = new Float64Array(n * n)
  const energies = Float64Array.from({ length: n }, (_, p) => f[p * (n + 1)]!)
  const ascending = energies.every((energy, p) => p === 0 || p === occupied || energy >= energies[p - 1]!)
  if (ascending && largestCoupling(of, (p, q) => (p < occupied) === (q < occupied)) < rounding) {
    for (let p = 0; p < n; p++) rotation[p * (n + 1)] = 1
    return { hamiltonian: of, energies, rotation }
  }
  for (const [from, to] of [[0, occupied], [occupied, n]] as const) {
    const size = to - from
    const block = Float64Array.from({ length: size * size }, (_, at) =>
      f[(from + Math.floor(at / size)) * n + from + (at % size)]!)
    const { values, vectors } = eigh({ rows: size, columns: size, data: block })
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++)
        rotation[(from + row) * n + from + column] = vectors.data[row * size + column]!
    energies.set(values.data, from)
  }
  return { hamiltonian: rotate(of, rotation), energies, rotation }
}
