/** What the library brings along for chemistry: the packaged basis sets, and the elements that each of them has. */
import { Effect } from "effect"
import { basisNamed, fittingSets, packaged } from "../../methods/chemistry/basis.ts"
import { symbolOf } from "../../methods/chemistry/elements.ts"
import { type BasisRequest, figure, type Outcome } from "./request.ts"

const letters = "spdfg"

/** Consecutive numbers as ranges: "H-Ne". */
const ranges = (numbers: ReadonlyArray<number>): string => {
  const parts: Array<[number, number]> = []
  for (const number of numbers) {
    const last = parts.at(-1)
    if (last !== undefined && last[1] === number - 1) last[1] = number
    else parts.push([number, number])
  }
  return parts.map(([from, to]) => (from === to ? symbolOf(from) : `${symbolOf(from)}-${symbolOf(to)}`)).join(", ")
}

export const basis = ({ settings }: BasisRequest) => Effect.gen(function* () {
  const names = [...Object.keys(packaged), ...Object.keys(fittingSets)]
  const rows = yield* Effect.forEach(names, (name) => Effect.map(basisNamed(name), ({ elements }) => {
    const highest = Math.max(...[...elements.values()].flatMap((shells) =>
      shells.flatMap(({ angularMomenta }) => angularMomenta)))
    const purpose = name in fittingSets ? "fitting" : "orbitals"
    return [name, purpose, letters.slice(0, highest + 1), ranges([...elements.keys()])]
  }))
  return {
    text: "Any other set in the JSON of the Basis Set Exchange is read from a file: --basis FILE.json",
    tables: [{ title: "Packaged basis sets", heading: ["name", "for", "functions", "elements"], rows }],
    report: {
      method: "chem basis",
      backend: settings.backend,
      seed: settings.seed,
      laws: [],
      text: rows.map(([name, , , elements]) => `${name}: ${elements}`).join("\n"),
      figures: [figure("basis sets", rows.length)]
    }
  } satisfies Outcome
})
