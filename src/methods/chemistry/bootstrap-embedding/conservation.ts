/** What bootstrap embedding leaves unchanged, as laws that an embedding is measured against. */
import type { Law, Verdict } from "../../../core/law.ts"
import { judge, observe } from "../../../core/law.ts"
import type { Embedding } from "./embedding.ts"

/** The fragments' mean fields, in Ha; baths whose occupations are cut at 1e-10 cost some 1e-8. */
export const sameMeanField: Law = {
  name: "the mean field of the fragments is that of the molecule",
  statement: "the mean-field energies of the centres of all fragments add up to that of the molecule (HF-in-HF)",
  tolerance: 1e-6
}

/** Electrons on the centres of all fragments, where densities or the chemical potential are matched. */
export const allElectrons: Law = {
  name: "the centres have the molecule's electrons",
  statement: "at convergence the populations of the centres of all fragments add up to the number of electrons",
  tolerance: 1e-4
}

/** The verdicts on an embedding; electrons are counted only where they were matched. */
export const verdicts = (
  { electrons, matching, meanField, meanFieldByFragments, population }: Embedding, matched: boolean
): ReadonlyArray<Verdict> => [
  judge(sameMeanField, observe(meanFieldByFragments - meanField, "Ha")),
  ...(matched ? [judge(allElectrons, observe(population - electrons, `after ${matching.length - 1} steps`))] : [])
]
