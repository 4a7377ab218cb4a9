/**
 * The orbitals of a fragment: which localised orbitals of the molecule it has, which of them its energy is taken from,
 * and which of them another fragment describes better. Conserved: every site of the molecule is a centre site of
 * exactly one fragment.
 */
import type { LocalisedOrbitals } from "../localisation/localised.ts"
import type { Connectivity } from "./connectivity.ts"
import type { Fragment } from "./fragmentation.ts"
import { motifsOf } from "./fragmentation.ts"

/** Sites of an edge that are matched, in this fragment and in the one that has them at its centre. */
export interface MatchedSites {
  readonly reference: number
  readonly here: ReadonlyArray<number>
  readonly there: ReadonlyArray<number>
}

/** Places in `sites` are counted from 0. */
export interface FragmentSites {
  /** Sites of the molecule, motif by motif. */
  readonly sites: ReadonlyArray<number>
  /** Places of the centres' sites. */
  readonly centres: ReadonlyArray<number>
  readonly edges: ReadonlyArray<MatchedSites>
}

/** The sites of every fragment. Only valence sites of edges are matched. */
export const sitesOf = (
  fragments: ReadonlyArray<Fragment>, { motifs }: Connectivity, { atoms, valence }: LocalisedOrbitals
): ReadonlyArray<FragmentSites> => {
  const sitesOfMotif = motifs.map(({ atom, hydrogens }) =>
    [atom, ...hydrogens].flatMap((each) => Array.from(atoms.keys()).filter((site) => atoms[site] === each)))
  /** The places that the sites of a motif have in a fragment. */
  const places = (fragment: Fragment, motif: number): ReadonlyArray<number> => {
    const order = motifsOf(fragment)
    const before = order.slice(0, order.indexOf(motif)).reduce((sum, each) => sum + sitesOfMotif[each]!.length, 0)
    return sitesOfMotif[motif]!.map((_, at) => before + at)
  }
  const matched = (fragment: Fragment, motif: number): ReadonlyArray<number> =>
    places(fragment, motif).filter((_, at) => valence[sitesOfMotif[motif]![at]!])
  return fragments.map((fragment) => ({
    sites: motifsOf(fragment).flatMap((motif) => sitesOfMotif[motif]!),
    centres: fragment.centres.flatMap((motif) => places(fragment, motif)),
    edges: fragment.edges.map(({ motif, reference }) => ({
      reference,
      here: matched(fragment, motif),
      there: matched(fragments[reference]!, motif)
    }))
  }))
}
