/**
 * Localised orbitals: an orthonormal set over the atomic orbitals of a molecule, each with the atom that it belongs to.
 * A fragment of a molecule is a choice among them, so they are called sites. Conserved: the space that they span, which
 * holds every occupied orbital that is not frozen.
 */
import { Data } from "effect"

/** Sites in the order of their atoms. */
export interface LocalisedOrbitals {
  readonly count: number
  /** Atomic orbitals x sites, row-major; W^T S W = 1. */
  readonly coefficients: Float64Array
  /** The atom of each site, from 0. */
  readonly atoms: ReadonlyArray<number>
  /** Whether a site belongs to the minimal set, which holds the occupied orbitals; all do where there is one set. */
  readonly valence: ReadonlyArray<boolean>
}

/** Orbitals that could not be told apart, or given to atoms; `field` says which. */
export class LocalisationError extends Data.TaggedError("LocalisationError")<{
  readonly field: string
  readonly message: string
}> {
  static readonly of = (field: string, reason: string): LocalisationError =>
    new LocalisationError({ field, message: `${field}: ${reason}` })
}

/** The atom of each atomic orbital. */
export const atomsOf = (
  { count, contractions }: {
    readonly count: number
    readonly contractions: ReadonlyArray<{ readonly atom: number; readonly start: number; readonly size: number }>
  }
): ReadonlyArray<number> => {
  const atoms = Array.from({ length: count }, () => 0)
  for (const { atom, start, size } of contractions) for (let at = start; at < start + size; at++) atoms[at] = atom
  return atoms
}
