/** Nitrogen pulled apart: the mean field loses the ground state, and six natural orbitals keep it. */
import { Effect } from "effect"
import { tracked } from "../../../../core/progress.ts"
import { Bounds, costOf } from "../../../../methods/chemistry/guiding-states/index.ts"
import { molecularHamiltonian } from "../../../../methods/chemistry/molecular-hamiltonian.ts"
import { quantity } from "../../../figures.ts"
import { figure } from "../../request.ts"
import { chance } from "../shown.ts"
import type { Part, Seen } from "./part.ts"
import { measured } from "./part.ts"
import { fieldOf, nitrogen } from "./systems.ts"

const lengths = [1, 1.098, 1.3, 1.5, 1.7, 2, 2.3]

/** Spaces of so many active orbitals are followed. */
const followed = [4, 6, 8]

export const dissociation = tracked({ name: "nitrogen", total: lengths.length }, (tracker) => Effect.gen(function*() {
  const seen: Array<Seen> = []
  const rows: Array<{
    length: number, energy: number, meanField: number, natural: number, promised: number
    weights: ReadonlyArray<number>, overlaps: ReadonlyArray<number>, entropy: number
  }> = []
  for (const length of lengths) {
    // the inner shells do not correlate
    const of = yield* molecularHamiltonian(yield* fieldOf(nitrogen(length)), { frozen: 2 })
    const { found, seen: laws } = yield* measured(of)
    seen.push(...laws)
    const at = (active: number) => found.spaces.find(({ space }) => space.active === active)
    rows.push({
      length, energy: found.state.energy, meanField: found.meanField.overlap, natural: found.naturalDeterminant.overlap,
      promised: 1 - Bounds.holes(found.natural.occupations, of.electrons / 2),
      weights: followed.map((active) => at(active)?.weight ?? NaN),
      overlaps: followed.map((active) => at(active)?.overlap ?? NaN),
      entropy: found.entropies.reduce((sum, value) => sum + value, 0)
    })
    yield* tracker.advance()
  }
  const points = (of: (row: (typeof rows)[number]) => number) => rows.map((row) => [row.length, of(row)] as const)
  const last = rows.at(-1)
  return {
    seen,
    tables: [{
      title: "Nitrogen pulled apart, STO-3G, inner shells frozen",
      heading: ["length (Å)", "energy (Ha)", "mean field", "natural determinant", "promised",
        ...followed.map((active) => `weight of ${active} orbitals`), "runs, mean field", "runs, six orbitals"],
      rows: rows.map(({ length, energy, meanField, natural, promised, weights, overlaps }) => [
        String(length), energy.toFixed(6), chance(meanField), chance(natural), chance(Math.max(0, promised)),
        ...weights.map(chance),
        quantity(costOf({ overlap: meanField, oneNorm: 1 }).repetitions),
        quantity(costOf({ overlap: overlaps[1] ?? NaN, oneNorm: 1 }).repetitions)
      ])
    }],
    plots: [{
      title: "Nitrogen pulled apart", x: "bond length (Å)", y: "overlap with the ground state",
      series: [
        { name: "mean field", points: points(({ meanField }) => meanField) },
        { name: "natural determinant", points: points(({ natural }) => natural) },
        ...followed.slice(0, 2).map((active, at) => ({
          name: `ground state of ${active} natural orbitals`, points: points(({ overlaps }) => overlaps[at] ?? NaN)
        })),
        { name: "promised by occupations, at least 0", points: points(({ promised }) => Math.max(0, promised)) }
      ]
    }, {
      title: "Nitrogen pulled apart: entropy", x: "bond length (Å)", y: "sum of orbital entropies (nats)",
      series: [{ name: "natural orbitals", points: points(({ entropy }) => entropy) }]
    }],
    figures: [
      figure(`overlap of the mean field of nitrogen at ${last?.length} Å`, last?.meanField ?? NaN),
      figure(`overlap of six natural orbitals of nitrogen at ${last?.length} Å`, last?.overlaps[1] ?? NaN)
    ]
  } satisfies Part
}))
