/** What a user may set of a bootstrap embedding, from a file, a flag or code. */
import * as t from "io-ts"
import { Finite } from "../../../core/document.ts"

export const fragmentKinds = ["be1", "be2", "be3", "be4"] as const
export const matchings = ["one-shot", "chemical-potential", "full"] as const
export const localisations = ["lowdin", "iao"] as const
export const energyForms = ["cumulant", "density-matrices"] as const

/** Names of choices, as a codec that says which there are. */
const choice = <const Name extends string>(names: ReadonlyArray<Name>): t.Type<Name, Name, unknown> => {
  const is = (value: unknown): value is Name => names.some((name) => name === value)
  return new t.Type<Name, Name, unknown>(
    names.join(" | "), is, (value, context) => (is(value) ? t.success(value) : t.failure(value, context)), t.identity
  )
}

/** Everything may be left out. */
export const Configuration = t.readonly(t.partial({
  /** Basis set of the mean field, a packaged one or a file that ends in .json; sto-3g by default. */
  basis: t.string,
  /** BE(n): motifs fewer than n bonds around each; be2 by default, where most of the correlation energy is had. */
  fragments: choice(fragmentKinds),
  /** Not at all, the number of electrons alone, or also the densities where fragments overlap; chemical-potential. */
  matching: choice(matchings),
  /** Orbitals of atoms: lowdin by default; iao for bases that are larger than minimal. */
  localisation: choice(localisations),
  /** Inner shells are not correlated; false by default. */
  frozenCore: t.boolean,
  /** From what fragments change (cumulant, by default), or from their whole density matrices. */
  energy: choice(energyForms),
  /** Pairs of bonded atoms, counted from 1; by covalent radii when left out. */
  bonds: t.readonlyArray(t.readonly(t.tuple([t.number, t.number]))),
  radiusScale: Finite,
  hydrogens: choice(["attached", "nearest", "separate"]),
  /** Whether a fragment inside another becomes a centre of that, or stays apart with the larger one's motifs. */
  swallowed: choice(["centres", "apart"]),
  /** The root mean square of what is matched, in electrons of one spin; 1e-7 by default: 1e-6 leaves some 1e-7 Ha. */
  tolerance: Finite,
  /** Most steps of the matching; 100 by default. */
  iterations: t.number,
  /** Fragments that are solved side by side; 1 by default. */
  concurrency: t.number
}), "bootstrap embedding")
export type Configuration = t.TypeOf<typeof Configuration>
