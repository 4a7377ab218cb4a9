/** Overlaps and what they cost, as tables, plots and figures. */
import type { Verdict } from "../../../core/law.ts"
import { judge } from "../../../core/law.ts"
import type { Hamiltonian } from "../../../methods/chemistry/correlation/hamiltonian.ts"
import { referenceEnergy } from "../../../methods/chemistry/correlation/hamiltonian.ts"
import type { Measured, MeasuredSpace, Overlaps } from "../../../methods/chemistry/guiding-states/index.ts"
import { Bounds, Conservation, costOf, Entropies, oneNorm } from "../../../methods/chemistry/guiding-states/index.ts"
import { quantity } from "../../figures.ts"
import type { Plot, Table } from "../../report/content.ts"
import { figure } from "../request.ts"

/** A probability; one that was not measured is left empty. */
export const chance = (value: number): string => (Number.isFinite(value) ? value.toFixed(6) : "")

const tightest = (bounds: ReadonlyArray<Bounds.Bound>, side: Bounds.Bound["side"]): Bounds.Bound | undefined =>
  bounds.filter((bound) => bound.side === side)
    .sort((left, right) => (side === "at least" ? right.value - left.value : left.value - right.value))[0]

const stated = (bound: Bounds.Bound | undefined): string =>
  (bound === undefined ? "" : `${bound.value.toFixed(6)} (${bound.name})`)

/** Guiding states, their overlaps, the tightest bounds on them, and what finding the ground state from them takes. */
export const stateTable = (of: Hamiltonian, found: Overlaps, error: number): Table => {
  const lambda = oneNorm(of)
  const row = (name: string, overlap: number, bounds: ReadonlyArray<Bounds.Bound>): ReadonlyArray<string> => {
    const { repetitions, rounds, repeated, amplified } = costOf({ overlap, oneNorm: lambda, error })
    return [name, chance(overlap), stated(tightest(bounds, "at least")), stated(tightest(bounds, "at most")),
      quantity(repetitions), quantity(rounds), quantity(repeated), quantity(amplified)]
  }
  const few = (many: number) => row(`${many} determinants`, found.determinants.given[many - 1] ?? NaN, [])
  const rows = (name: string, { overlap, bounds }: Measured) => row(name, overlap, bounds)
  return {
    title: "Guiding states",
    heading: ["guiding state", "overlap", "at least", "at most", "runs", "rounds", "queries, repeated",
      "queries, amplified"],
    rows: [
      rows("mean field", found.meanField),
      rows("natural determinant", found.naturalDeterminant),
      ...[2, 10, 50].filter((many) => many <= found.determinants.given.length).map(few),
      ...found.spaces
        .filter(({ electrons, overlap, space }) => electrons > 0 && space.active > 0 && !Number.isNaN(overlap))
        // occupations bound the best state within, not this one
        .map(({ space, electrons, overlap }) =>
          row(`${electrons} electrons in ${space.active} natural orbitals`, overlap, []))
    ]
  }
}

export const spaceTable = ({ spaces }: Overlaps): Table => ({
  title: "Active spaces of natural orbitals",
  heading: ["orbitals", "electrons", "promised", "weight", "overlap of its ground state", "energy (Ha)"],
  rows: spaces.map(({ space, electrons, bound, weight, overlap, energy }) => [
    String(space.active), String(electrons), chance(Math.max(0, bound.value)), chance(weight), chance(overlap),
    Number.isFinite(energy) ? energy.toFixed(8) : ""
  ])
})

export const orbitalTable = ({ natural: { occupations }, entropies, information }: Overlaps): Table => {
  const n = occupations.length
  return {
    title: "Natural orbitals",
    heading: ["orbital", "occupation", "entropy", "most information with", "mutual information"],
    rows: Array.from(occupations, (occupation, p) => {
      const row = Array.from(information.subarray(p * n, (p + 1) * n))
      const most = Math.max(...row)
      return [String(p + 1), occupation.toFixed(8), (entropies[p] ?? NaN).toFixed(6), String(row.indexOf(most) + 1),
        most.toFixed(6)]
    })
  }
}

export const overlapPlots = ({ natural: { occupations }, spaces, entropies }: Overlaps): ReadonlyArray<Plot> => {
  const points = (of: (space: MeasuredSpace) => number) => spaces.map((each) => [each.space.active, of(each)] as const)
  return [{
    title: "Natural occupations", x: "natural orbital", y: "deviation from full or empty", logY: true,
    series: [{
      name: "min(n, 2 - n)", points: Array.from(occupations, (value, p) => [p + 1, Math.min(value, 2 - value)] as const)
    }]
  },
  {
    title: "Weight of the ground state within the active space", x: "active natural orbitals", y: "probability",
    series: [
      { name: "weight", points: points(({ weight }) => weight) },
      { name: "overlap of its ground state", points: points(({ overlap }) => overlap) },
      { name: "promised by occupations", points: points(({ bound }) => Math.max(0, bound.value)) }
    ]
  },
  {
    title: "Entropy of natural orbitals", x: "natural orbital", y: "entropy (nats)",
    series: [{ name: "one-orbital entropy", points: Array.from(entropies, (value, p) => [p + 1, value] as const) }]
  }]
}

export const lawsOf = (of: Hamiltonian, found: Overlaps): ReadonlyArray<Verdict> =>
  Conservation.measure(of, found).map(([law, seen]) => judge(law, seen))

export const overlapFigures = (of: Hamiltonian, found: Overlaps, error: number) => {
  const lambda = oneNorm(of)
  const cost = costOf({ overlap: found.meanField.overlap, oneNorm: lambda, error })
  return [
    figure("total energy", found.state.energy, "Ha"),
    figure("mean-field energy", referenceEnergy(of), "Ha"),
    figure("overlap of the mean field", found.meanField.overlap),
    figure("overlap of the natural determinant", found.naturalDeterminant.overlap),
    figure("promised by natural occupations", 1 - Bounds.holes(found.natural.occupations, of.electrons / 2)),
    figure("mean entropy of natural orbitals", Entropies.meanEntropy(found.entropies)),
    figure("one-norm of the Hamiltonian", lambda, "Ha"),
    figure("repetitions of phase estimation", cost.repetitions),
    figure("rounds of amplification", cost.rounds),
    figure("queries of one run", cost.queries),
    figure("bits of the phase for the error", cost.bits),
    figure("orbitals", of.orbitals),
    figure("electrons", of.electrons)
    // without overlap the cost is infinite, which no document can carry
  ].filter(({ value }) => Number.isFinite(value))
}
