/** What a user of guiding states sets, as a codec for files and flags. */
import * as t from "io-ts"

/** Every setting may be left out; what is left out is as the comment says. */
export const Configuration = t.readonly(t.partial({
  /** The weight that the occupations must promise of the active space. Default 0.99. */
  weight: t.number,
  /** The most active orbitals; the largest space of so many is taken where the weight is not reached. Default: all. */
  orbitals: t.number,
  /** Occupations closer than this are never parted. Default 1e-6. */
  degeneracy: t.number
}), "GuidingStates")
export type Configuration = t.TypeOf<typeof Configuration>
