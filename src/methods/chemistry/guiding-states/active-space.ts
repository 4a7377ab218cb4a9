/**
 * Active spaces of natural orbitals, chosen by occupation: the fullest orbitals are frozen full, the emptiest left
 * empty, and what lies between is active (2408.01940, section on orbital selection). Spaces are nested, and are cut
 * only at gaps: degenerate orbitals stay together. The weight of a state within them never falls as they grow.
 */
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { fock } from "../correlation/hamiltonian.ts"
import type { Strings } from "../correlation/strings.ts"
import { address } from "../correlation/strings.ts"

/** Of orbitals in order of falling occupation, the first are frozen full, and so many after them are active. */
export interface ActiveSpace {
  readonly frozen: number
  readonly active: number
}

/** Occupations closer than this are degenerate. */
export const degeneracy = 1e-6

/** The deviation of each occupation, from 0 to 2, from an orbital that is full or empty: spins summed, from 0 to 1. */
export const deviations = (occupations: ArrayLike<number>): Float64Array =>
  Float64Array.from(occupations, (occupation) => Math.min(occupation, 2 - occupation))

/** Whether a cut before orbital `at` parts no degenerate occupations. */
const gapAt = (occupations: ArrayLike<number>, at: number, threshold: number): boolean =>
  at <= 0 || at >= occupations.length || occupations[at - 1]! - occupations[at]! > threshold

/**
 * The nested spaces that occupations, descending, give: no active orbital first, then more and more of those furthest
 * from full and from empty, all at last. Electrons that are not frozen are active: N - 2 frozen of them.
 */
export const nested = (
  occupations: ArrayLike<number>, electrons: number, threshold = degeneracy
): ReadonlyArray<ActiveSpace> => {
  const n = occupations.length
  const pairs = electrons / 2
  const far = deviations(occupations)
  const alike = Math.max(0, threshold)
  let [first, end] = [pairs, pairs]
  const spaces: Array<ActiveSpace> = []
  const keep = (): void => {
    if (gapAt(occupations, first, threshold) && gapAt(occupations, end, threshold))
      spaces.push({ frozen: first, active: end - first })
  }
  keep()
  while (first > 0 || end < n) {
    const [below, above] = [first > 0 ? far[first - 1]! : -1, end < n ? far[end]! : -1]
    // a full and an empty orbital that are as far come together
    if (below >= above - alike) first--
    if (above >= below - alike) end++
    keep()
  }
  return spaces
}

/** The strings that fill every frozen orbital and none that is left empty. */
const within = ({ masks }: Strings, { frozen, active }: ActiveSpace): ReadonlyArray<number> => {
  const full = 2 ** frozen - 1
  const allowed = 2 ** (frozen + active)
  return [...masks.keys()].filter((string) => masks[string]! < allowed && (masks[string]! & full) === full)
}

/**
 * w = <Psi|Pi|Psi>: the probability that every frozen orbital is full and every empty one empty. It is the overlap of
 * the best state that lives in the space. `vector` is over the orbitals that the space counts.
 */
export const weightWithin = (vector: Float64Array, strings: Strings, space: ActiveSpace): number => {
  const allowed = within(strings, space)
  const size = strings.masks.length
  let weight = 0
  for (const alpha of allowed) for (const beta of allowed) weight += vector[alpha * size + beta]! ** 2
  return weight
}

/** The Hamiltonian of the active electrons, with the frozen ones as a field and in the core. */
export const restrictTo = (of: Hamiltonian, { frozen, active }: ActiveSpace): Hamiltonian => {
  const n = of.orbitals
  const effective = fock({ ...of, electrons: 2 * frozen })
  let core = of.core
  for (let i = 0; i < frozen; i++) core += of.oneBody[i * (n + 1)]! + effective[i * (n + 1)]!
  const at = (p: number): number => frozen + p
  const oneBody = Float64Array.from({ length: active ** 2 }, (_, pq) =>
    effective[at(Math.floor(pq / active)) * n + at(pq % active)]!)
  const twoBody = Float64Array.from({ length: active ** 4 }, (_, pqrs) => {
    const [p, q] = [Math.floor(pqrs / active ** 3), Math.floor(pqrs / active ** 2) % active]
    const [r, s] = [Math.floor(pqrs / active) % active, pqrs % active]
    return of.twoBody[((at(p) * n + at(q)) * n + at(r)) * n + at(s)]!
  })
  return { orbitals: active, electrons: of.electrons - 2 * frozen, core, oneBody, twoBody }
}

/** A state of the active space over all orbitals: the frozen ones full, the empty ones empty. */
export const embed = (
  vector: Float64Array, inner: Strings, outer: Strings, { frozen }: ActiveSpace
): Float64Array => {
  const whole = new Float64Array(outer.masks.length ** 2)
  const places = Uint32Array.from(inner.masks, (mask) => address(mask * 2 ** frozen + 2 ** frozen - 1))
  const size = inner.masks.length
  for (let alpha = 0; alpha < size; alpha++)
    for (let beta = 0; beta < size; beta++)
      whole[places[alpha]! * outer.masks.length + places[beta]!] = vector[alpha * size + beta]!
  return whole
}
