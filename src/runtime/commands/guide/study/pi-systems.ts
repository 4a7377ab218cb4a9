/** Pi electrons of ethene, butadiene, hexatriene and benzene in the field of the others. */
import { Effect } from "effect"
import { tracked } from "../../../../core/progress.ts"
import { coreHamiltonian, Entropies, oneNorm, piCore } from "../../../../methods/chemistry/guiding-states/index.ts"
import { figure } from "../../request.ts"
import { chance } from "../shown.ts"
import type { Part, Seen } from "./part.ts"
import { measured } from "./part.ts"
import { benzene, fieldOf, polyene } from "./systems.ts"

const systems = [
  ["ethene", polyene(1)], ["butadiene", polyene(2)], ["hexatriene", polyene(3)], ["benzene", benzene]
] as const

export const piSystems = tracked({ name: "pi electrons", total: systems.length }, (tracker) => Effect.gen(function*() {
  const seen: Array<Seen> = []
  const rows: Array<ReadonlyArray<string>> = []
  const deviations: Array<{ name: string, points: ReadonlyArray<readonly [number, number]> }> = []
  const weights: Array<{ name: string, points: ReadonlyArray<readonly [number, number]> }> = []
  const figures: Array<ReturnType<typeof figure>> = []
  for (const [name, made] of systems) {
    const field = yield* fieldOf(made)
    const of = yield* coreHamiltonian(field, yield* piCore(field))
    const { found, seen: laws } = yield* measured(of)
    seen.push(...laws)
    rows.push([
      name, String(of.electrons), String(of.orbitals), found.state.energy.toFixed(6), chance(found.meanField.overlap),
      chance(found.naturalDeterminant.overlap), chance(Math.max(0, found.naturalDeterminant.bounds[0]?.value ?? NaN)),
      Entropies.meanEntropy(found.entropies).toFixed(6), oneNorm(of).toFixed(4)
    ])
    deviations.push({
      name, points: Array.from(found.natural.occupations, (value, at) => [at + 1, Math.min(value, 2 - value)] as const)
    })
    weights.push({ name, points: found.spaces.map(({ space, weight }) => [space.active, weight] as const) })
    figures.push(figure(`overlap of the mean field of ${name}'s pi electrons`, found.meanField.overlap))
    yield* tracker.advance()
  }
  return {
    seen, figures,
    tables: [{
      title: "Pi electrons in the field of the others, STO-3G",
      heading: ["molecule", "electrons", "orbitals", "energy (Ha)", "mean field", "natural determinant", "promised",
        "mean entropy", "one-norm (Ha)"],
      rows
    }],
    plots: [
      { title: "Pi electrons: natural occupations", x: "natural orbital", y: "deviation from full or empty", logY: true,
        series: deviations },
      { title: "Pi electrons: weight within the active space", x: "active natural orbitals", y: "weight",
        series: weights }
    ]
  } satisfies Part
}))
