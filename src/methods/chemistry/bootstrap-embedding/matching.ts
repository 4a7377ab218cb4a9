/**
 * What makes fragments agree (Ye, Tran and Van Voorhis, J. Chem. Theory Comput. 16, 5035 (2020), section 2.3): a
 * potential on each pair of sites of an edge, so that its density is that of the fragment where these sites are at the
 * centre, and one chemical potential on all centres, so that they have the electrons of the molecule.
 */
import type { FragmentProblem } from "./fragment-problem.ts"

/** One element of an edge's density, and where its like is in the reference fragment. */
export interface Condition {
  readonly fragment: number
  readonly here: readonly [number, number]
  readonly reference: number
  readonly there: readonly [number, number]
}

/** The unknowns are a potential for each condition, in Ha, and the chemical potential last. */
export type Potentials = Float64Array

/** The conditions of all edges, by fragment, edge and pair of sites. */
export const conditions = (fragments: ReadonlyArray<FragmentProblem>): ReadonlyArray<Condition> =>
  fragments.flatMap(({ edges }, fragment) => edges.flatMap(({ here, reference, there }) =>
    here.flatMap((p, i) => here.slice(i).map((q, j): Condition =>
      ({ fragment, here: [p, q], reference, there: [there[i]!, there[i + j]!] })))))

/** The potential that a fragment is solved in: +u on its edges, -mu on its centres, nothing on the bath. */
export const potentialOn = (
  fragment: number, { centres, orbitals: n }: FragmentProblem, all: ReadonlyArray<Condition>, unknowns: Potentials
): Float64Array => {
  const potential = new Float64Array(n * n)
  const chemical = unknowns.at(-1) ?? 0
  for (const i of centres) potential[i * (n + 1)] = -chemical
  for (const [at, { fragment: owner, here: [p, q] }] of all.entries())
    if (owner === fragment) potential[p * n + q] = potential[q * n + p] = unknowns[at]!
  return potential
}

/** How far spin-summed densities are from agreeing, for one spin: a value a condition, and the electrons last. */
export const disagreement = (
  fragments: ReadonlyArray<FragmentProblem>, all: ReadonlyArray<Condition>, densities: ReadonlyArray<Float64Array>,
  occupied: number
): Float64Array => {
  const at = (fragment: number, [p, q]: readonly [number, number]): number =>
    densities[fragment]![p * fragments[fragment]!.orbitals + q]! / 2
  const electrons = fragments.reduce((sum, { centres }, fragment) =>
    sum + centres.reduce((inner, i) => inner + at(fragment, [i, i]), 0), 0)
  return Float64Array.from([
    ...all.map(({ fragment, here, reference, there }) => at(fragment, here) - at(reference, there)),
    electrons - occupied
  ])
}
