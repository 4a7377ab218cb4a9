/** Random Hamiltonians, so that a law rests on no particular molecule, and systems put side by side. */
import * as Key from "../../../../src/core/key.ts"
import type { Hamiltonian } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"

/** How far levels are apart, and how large couplings and the factors of the repulsion are beside them. */
export interface Strength {
  readonly spacing: number
  readonly coupling: number
  readonly repulsion: number
}

/**
 * A random Hamiltonian: levels, one-body coupling, and two-body integrals that are a sum of squares (as Coulomb's are
 * positive) of random symmetric matrices.
 */
export const random = (
  { spacing, coupling, repulsion }: Strength, seed: number, orbitals: number, electrons: number
): Hamiltonian => {
  const n = orbitals
  const symmetric = (key: Key.Key): Float64Array => {
    const drawn = Key.normal(key, n * n)
    return drawn.map((value, pq) => (value + (drawn[(pq % n) * n + Math.floor(pq / n)] ?? 0)) / 2)
  }
  const [first, ...factors] = Key.split(Key.make(seed), 4)
  const oneBody = symmetric(first ?? Key.make(0)).map((value, pq) =>
    coupling * value + (pq % (n + 1) === 0 ? spacing * (pq / (n + 1)) - 3 : 0))
  const twoBody = new Float64Array(n ** 4)
  for (const key of factors) {
    const factor = symmetric(key)
    for (let pqrs = 0; pqrs < n ** 4; pqrs++)
      twoBody[pqrs] = (twoBody[pqrs] ?? 0)
        + repulsion * (factor[Math.floor(pqrs / n ** 2)] ?? 0) * (factor[pqrs % n ** 2] ?? 0)
  }
  return { orbitals, electrons, core: 0.5, oneBody, twoBody }
}

/** Two systems that do not interact, occupied orbitals of both first. */
export const apart = (left: Hamiltonian, right: Hamiltonian): Hamiltonian => {
  const place = (system: 0 | 1, p: number): number => {
    const [a, b] = [left.electrons / 2, right.electrons / 2]
    if (system === 0) return p < a ? p : p + b
    return p < b ? a + p : left.orbitals + p
  }
  const n = left.orbitals + right.orbitals
  const oneBody = new Float64Array(n ** 2)
  const twoBody = new Float64Array(n ** 4)
  for (const [system, of] of [[0, left], [1, right]] as const) {
    const m = of.orbitals
    const at = (p: number): number => place(system, p)
    of.oneBody.forEach((value, pq) => { oneBody[at(Math.floor(pq / m)) * n + at(pq % m)] = value })
    of.twoBody.forEach((value, pqrs) => {
      const [p, q] = [Math.floor(pqrs / m ** 3), Math.floor(pqrs / m ** 2) % m]
      const [r, s] = [Math.floor(pqrs / m) % m, pqrs % m]
      twoBody[((at(p) * n + at(q)) * n + at(r)) * n + at(s)] = value
    })
  }
  return { orbitals: n, electrons: left.electrons + right.electrons, core: left.core + right.core, oneBody, twoBody }
}
