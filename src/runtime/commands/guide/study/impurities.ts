/** Impurity models: the correlation spectrum falls geometrically, and two natural orbitals hold the ground state. */
import { Effect } from "effect"
import { tracked } from "../../../../core/progress.ts"
import { ImpurityModels } from "../../../../methods/chemistry/guiding-states/index.ts"
import { figure } from "../../request.ts"
import { chance } from "../shown.ts"
import type { Part, Seen } from "./part.ts"
import { measured } from "./part.ts"

const sizes = [3, 5, 7, 9]
const repulsions = [1, 4, 8]

export const impurities = tracked({ name: "impurities" }, () => Effect.gen(function*() {
  const seen: Array<Seen> = []
  const rows: Array<{
    bath: string, size: number, repulsion: number, energy: number, meanField: number, natural: number, two: number
    spectrum: Float64Array, asked: number
  }> = []
  const add = (bath: string, size: number, repulsion: number) => Effect.gen(function*() {
    const made = bath === "chain" ? ImpurityModels.chain(size) : ImpurityModels.band(size)
    const free = ImpurityModels.meanField(yield* ImpurityModels.sites({ repulsion: 0, bath: made }))
    const { hamiltonian } = ImpurityModels.meanField(yield* ImpurityModels.sites({ repulsion, bath: made }))
    const { found, seen: laws } = yield* measured(hamiltonian, 2)
    seen.push(...laws)
    rows.push({
      bath, size, repulsion, energy: found.state.energy, meanField: found.meanField.overlap,
      natural: found.naturalDeterminant.overlap,
      two: found.spaces.find(({ space }) => space.active === 2)?.weight ?? NaN,
      spectrum: ImpurityModels.correlationSpectrum(found.natural.occupations),
      asked: ImpurityModels.guaranteedRate(free.orbitalEnergies)
    })
  })
  for (const size of sizes) for (const repulsion of repulsions) yield* add("chain", size, repulsion)
  for (const repulsion of repulsions) yield* add("band", 7, repulsion)
  /** The rate at which the spectrum falls from one pair to the next, a mode: each pair is four modes with spin. */
  const rate = (spectrum: Float64Array): number => -Math.log((spectrum[2] ?? NaN) / (spectrum[0] ?? NaN)) / 4
  const shown = (values: Float64Array) => [0, 2, 4, 6].map((at) => values[at])
    .map((value) => (value === undefined ? "" : value.toExponential(3)))
  return {
    seen,
    tables: [{
      title: "Impurity at half filling, coupling 0.5; chain: hopping 1, band: width 2, intervals halved",
      heading: ["bath", "sites", "U", "energy", "mean field", "natural determinant", "weight of two natural orbitals",
        "σ 1", "σ 2", "σ 3", "σ 4", "rate, a mode", "rate asked by the theorem"],
      rows: rows.map(({ bath, size, repulsion, energy, meanField, natural, two, spectrum, asked }) => [
        bath, String(size), String(repulsion), energy.toFixed(8), chance(meanField), chance(natural), chance(two),
        ...shown(spectrum), rate(spectrum).toFixed(3), asked.toFixed(4)
      ])
    }],
    plots: [{
      title: "Impurity with nine sites: correlation spectrum", x: "pair of natural orbitals", y: "σ", logY: true,
      series: repulsions.map((repulsion) => ({
        name: `U = ${repulsion}`,
        points: Array.from(rows.find((row) => row.size === 9 && row.repulsion === repulsion)?.spectrum ?? [])
          .map((value, at) => [at / 2 + 1, value] as const)
          .filter(([at, value]) => Number.isInteger(at) && value > 1e-12)
      }))
    }, {
      title: "Impurity: overlap of the mean field, and of two natural orbitals", x: "sites of the bath", y: "overlap",
      series: repulsions.flatMap((repulsion) => {
        const at = rows.filter((row) => row.bath === "chain" && row.repulsion === repulsion)
        return [
          { name: `mean field, U = ${repulsion}`, points: at.map(({ size, meanField }) => [size, meanField] as const) },
          { name: `two orbitals, U = ${repulsion}`, points: at.map(({ size, two }) => [size, two] as const) }
        ]
      })
    }],
    figures: [
      figure("least weight of two natural orbitals of an impurity", Math.min(...rows.map(({ two }) => two))),
      figure("largest ratio of an impurity's correlation spectrum, first to second pair",
        Math.max(...rows.map(({ spectrum }) => (spectrum[2] ?? NaN) / (spectrum[0] ?? NaN))))
    ]
  } satisfies Part
}))
