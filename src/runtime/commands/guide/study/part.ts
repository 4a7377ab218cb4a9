/** A part of the study: what it adds to the report. */
import type { Figure } from "../../../../core/document.ts"
import type { Verdict } from "../../../../core/law.ts"
import { judge, measurements } from "../../../../core/law.ts"
import { Effect } from "effect"
import type { Hamiltonian } from "../../../../methods/chemistry/correlation/hamiltonian.ts"
import type { Overlaps } from "../../../../methods/chemistry/guiding-states/index.ts"
import { Conservation, overlaps } from "../../../../methods/chemistry/guiding-states/index.ts"
import type { Plot, Table } from "../../../report/content.ts"

/** What a law saw in one place. */
export type Seen = ReturnType<typeof Conservation.measure>[number]

export interface Part {
  readonly tables: ReadonlyArray<Table>
  readonly plots: ReadonlyArray<Plot>
  readonly figures: ReadonlyArray<Figure>
  readonly seen: ReadonlyArray<Seen>
}

/** Overlaps of one Hamiltonian of the study, and what the laws saw. */
export const measured = (of: Hamiltonian, solve = 6) => Effect.map(
  overlaps(of, { solve, vectors: of.orbitals > 9 ? 60 : 160 }),
  (found): { readonly found: Overlaps, readonly seen: ReadonlyArray<Seen> } =>
    ({ found, seen: Conservation.measure(of, found) })
)

/** What all parts saw of each law, judged. */
export const verdicts = (seen: ReadonlyArray<Seen>): ReadonlyArray<Verdict> =>
  Conservation.laws.flatMap((law) => {
    const cases = seen.filter(([each]) => each === law).map(([, measurement]) => measurement)
    return cases.length === 0 ? [] : [judge(law, cases.reduce(measurements.concat, measurements.empty))]
  })
