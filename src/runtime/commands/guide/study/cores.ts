/** Cores projected out of chains by Huzinaga's operator, beside the Schmidt cores of the same atoms. */
import { Effect } from "effect"
import { tracked } from "../../../../core/progress.ts"
import { coreHamiltonian, Projection, schmidtCore } from "../../../../methods/chemistry/guiding-states/index.ts"
import { figure } from "../../request.ts"
import { chance } from "../shown.ts"
import type { Part, Seen } from "./part.ts"
import { measured } from "./part.ts"
import { chain, fieldOf } from "./systems.ts"

const lengths = [6, 8, 10, 12]

export const cores = tracked({ name: "cores", total: lengths.length }, (tracker) => Effect.gen(function*() {
  const seen: Array<Seen> = []
  const rows: Array<{ length: number, kind: string, orbitals: number, electrons: number, energy: number, overlap: number
    natural: number, promised: number, error: number }> = []
  for (const length of lengths) {
    const field = yield* fieldOf(chain(length, 1))
    const projected = yield* Projection.project(field, yield* Projection.partition(field, [0, 1, 2, 3]))
    const both = [
      ["projection", yield* coreHamiltonian(field, projected), Math.abs(projected.energy - field.energy)],
      ["Schmidt", yield* schmidtCore(field, [0, 1, 2, 3]), 0]
    ] as const
    for (const [kind, of, error] of both) {
      const { found, seen: laws } = yield* measured(of)
      seen.push(...laws)
      rows.push({
        length, kind, orbitals: of.orbitals, electrons: of.electrons, energy: found.state.energy, error,
        overlap: found.meanField.overlap, natural: found.naturalDeterminant.overlap,
        promised: found.naturalDeterminant.bounds[0]?.value ?? NaN
      })
    }
    yield* tracker.advance()
  }
  return {
    seen,
    tables: [{
      title: "Four atoms at the end of a hydrogen chain (1 Å, STO-3G), in the field of the others",
      heading: [
        "chain", "embedding", "orbitals", "electrons", "energy (Ha)", "mean field", "natural determinant", "promised"
      ],
      rows: rows.map(({ length, kind, orbitals, electrons, energy, overlap, natural, promised }) => [
        String(length), kind, String(orbitals), String(electrons), energy.toFixed(8), chance(overlap), chance(natural),
        chance(promised)
      ])
    }],
    plots: [],
    figures: [
      figure("error of a mean field within the mean field", Math.max(...rows.map(({ error }) => error)), "Ha"),
      figure("least overlap of a projected core",
        Math.min(...rows.filter(({ kind }) => kind === "projection").map(({ overlap }) => overlap)))
    ]
  } satisfies Part
}))
