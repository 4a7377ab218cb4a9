/**
 * What occupations and energies alone say of an overlap, without the state. Each bound is a value with where it comes
 * from; docs/guiding-states.md has the proofs of those proved here. The measured overlap lies between every lower and
 * every upper one.
 */

/** Where a bound comes from. */
export type Provenance = "proved here" | "textbook" | "2408.01940, constants from memory"

export interface Bound {
  readonly name: string
  readonly side: "at least" | "at most"
  readonly value: number
  readonly provenance: Provenance
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

/**
 * The holes of a closed-shell determinant: sum over its spin orbitals of 1 - <n_i>, from spin-summed occupations of its
 * orbitals. For natural orbitals this is delta.
 */
export const holes = (occupations: ArrayLike<number>, pairs: number): number =>
  sum(Array.from(occupations).slice(0, pairs).map((occupation) => 2 - occupation))

/**
 * Bounds on the overlap of a closed-shell determinant with a state, from the spin-summed occupations that the
 * determinant's orbitals have in the state (any orthonormal set, its own first).
 */
export const determinantBounds = (occupations: ArrayLike<number>, pairs: number): ReadonlyArray<Bound> => {
  const [inside, outside] = [Array.from(occupations).slice(0, pairs), Array.from(occupations).slice(pairs)]
  return [
    { name: "holes", side: "at least", value: 1 - holes(occupations, pairs), provenance: "proved here" },
    { name: "emptiest of its orbitals", side: "at most", value: Math.min(...inside) / 2, provenance: "proved here" },
    {
      name: "fullest of the others", side: "at most", value: 1 - Math.max(0, ...outside) / 2, provenance: "proved here"
    }
  ]
}

/**
 * T2: the weight of a state within an active space is at least 1 - sum over frozen spin orbitals of 1 - n - sum over
 * empty ones of n. Natural occupations, descending, make it the largest that it can be (Ky Fan).
 */
export const spaceBound = (
  occupations: ArrayLike<number>, { frozen, active }: { readonly frozen: number, readonly active: number }
): Bound => ({
  name: "occupations outside the active space",
  side: "at least",
  value: 1 - holes(occupations, frozen) - sum(Array.from(occupations).slice(frozen + active)),
  provenance: "proved here"
})

/** Energies of a state Phi and of the two lowest eigenstates that it has a part in, in Ha, and its residual. */
export interface EnergyFacts {
  /** <Phi|H|Phi>. */
  readonly energy: number
  readonly ground: number
  readonly excited: number
  /** |(H - ground) Phi|. */
  readonly residual: number
}

/** T4: bounds from energies. Both are void without a gap. */
export const energyBounds = ({ energy, ground, excited, residual }: EnergyFacts): ReadonlyArray<Bound> => {
  const gap = excited - ground
  return [
    { name: "energy above the ground state (Eckart)", side: "at least", value: 1 - (energy - ground) / gap,
      provenance: "textbook" },
    { name: "residual over the gap", side: "at least", value: 1 - (residual / gap) ** 2, provenance: "proved here" }
  ]
}
