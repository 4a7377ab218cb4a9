/**
 * Hydrogen chains and rings, and the fragments of chains: the overlap of the mean field falls exponentially with the
 * length of a whole chain, and that of a fragment with its bath does not fall at all.
 */
import { Effect, Layer } from "effect"
import { tracked } from "../../../../core/progress.ts"
import * as Solvers from "../../../../methods/chemistry/correlation/solver.ts"
import { BootstrapEmbedding } from "../../../../methods/chemistry/bootstrap-embedding/index.ts"
import {
  costOf, FragmentOverlaps, oneNorm, schmidtCore, watched
} from "../../../../methods/chemistry/guiding-states/index.ts"
import { molecularHamiltonian } from "../../../../methods/chemistry/molecular-hamiltonian.ts"
import { quantity } from "../../../figures.ts"
import { figure } from "../../request.ts"
import { chance } from "../shown.ts"
import type { Part, Seen } from "./part.ts"
import { measured } from "./part.ts"
import { chain, fieldOf, ring } from "./systems.ts"

const lengths = [2, 4, 6, 8, 10]
const spacings = [1, 1.8]

/** Overlaps of the fragments of one chain: each atom, or each with its neighbours, and their Schmidt bath. */
const fragments = (count: number, spacing: number, reach: number) => Effect.gen(function*() {
  const field = yield* fieldOf(chain(count, spacing))
  const found: Array<number> = []
  const width = 2 * reach - 1
  for (let first = 0; first + width <= count; first++) {
    const core = yield* schmidtCore(field, Array.from({ length: width }, (_, site) => first + site))
    found.push((yield* measured(core)).found.meanField.overlap)
  }
  return found
})

/** Runs, and queries to 1.6 mHa: all runs, or one amplified run. */
const costs = (overlap: number, lambda: number): ReadonlyArray<string> => {
  const { repetitions, repeated, amplified } = costOf({ overlap, oneNorm: lambda })
  return [repetitions, repeated, amplified].map((value) => quantity(value))
}

const least = (values: ReadonlyArray<number>): number => Math.min(...values)

export const chains = tracked({ name: "chains and rings" }, () => Effect.gen(function*() {
  const seen: Array<Seen> = []
  const whole: Array<{
    shape: string, count: number, spacing: number, overlap: number, natural: number, promised: number, lambda: number
  }> = []
  const add = (shape: string, count: number, spacing: number) => Effect.gen(function*() {
    const field = yield* fieldOf(shape === "ring" ? ring(count, spacing) : chain(count, spacing))
    const of = yield* molecularHamiltonian(field)
    const { found, seen: laws } = yield* measured(of, count > 8 ? 4 : 6)
    seen.push(...laws)
    whole.push({
      shape, count, spacing, overlap: found.meanField.overlap, natural: found.naturalDeterminant.overlap,
      promised: found.naturalDeterminant.bounds[0]?.value ?? NaN, lambda: oneNorm(of)
    })
  })
  for (const spacing of spacings) for (const count of lengths) yield* add("chain", count, spacing)
  for (const count of [6, 10]) yield* add("ring", count, 1)
  // the frontier orbitals of 4n atoms on a ring are degenerate, and their mean field need not converge
  for (const count of [4, 8])
    yield* add("ring", count, 1).pipe(Effect.catchTag("NotConverged", () => Effect.sync(() => {
      whole.push({ shape: "ring", count, spacing: 1, overlap: NaN, natural: NaN, promised: NaN, lambda: NaN })
    })))

  const parts: Array<{ count: number, spacing: number, reach: number, overlaps: ReadonlyArray<number> }> = []
  for (const spacing of spacings)
    for (const reach of [1, 2])
      for (const count of lengths.filter((each) => each > 2 * reach))
        parts.push({ count, spacing, reach, overlaps: yield* fragments(count, spacing, reach) })

  const matched = yield* Effect.provide(Effect.gen(function*() {
    const field = yield* fieldOf(chain(8, 1))
    yield* BootstrapEmbedding.embed(field, { fragments: "be2", matching: "one-shot", hydrogens: "separate" })
    return yield* (yield* FragmentOverlaps).seen
  }), Layer.provide(watched, Solvers.exact()))

  const line = (shape: string, spacing: number) =>
    whole.filter((each) => each.shape === shape && each.spacing === spacing)
  const one = (spacing: number, reach: number) =>
    parts.filter((each) => each.spacing === spacing && each.reach === reach)
  const perPair = (spacing: number): number => {
    const [first, last] = [line("chain", spacing)[1], line("chain", spacing).at(-1)]
    return ((last?.overlap ?? NaN) / (first?.overlap ?? NaN)) ** (2 / ((last?.count ?? 0) - (first?.count ?? 0)))
  }
  return {
    seen,
    tables: [{
      title: "Hydrogen chains and rings, STO-3G",
      heading: ["shape", "atoms", "spacing (Å)", "mean field", "natural determinant", "promised",
        "one-norm (Ha)", "runs", "queries, repeated", "queries, amplified", "note"],
      rows: whole.map(({ shape, count, spacing, overlap, natural, promised, lambda }) => [
        shape, String(count), String(spacing), chance(overlap), chance(natural), chance(Math.max(0, promised)),
        lambda.toFixed(4), ...costs(overlap, lambda),
        shape !== "ring" || count % 4 !== 0 ? "" : Number.isNaN(overlap)
          ? "degenerate frontier orbitals: the mean field did not converge"
          : "degenerate frontier orbitals: the determinant is arbitrary"
      ])
    }, {
      title: "Fragments of hydrogen chains with their Schmidt bath: overlap of the mean field",
      heading: ["atoms", "spacing (Å)", "sites a fragment", "at the end", "in the middle", "least"],
      rows: parts.map(({ count, spacing, reach, overlaps: found }) => [
        String(count), String(spacing), String(2 * reach - 1), chance(found[0] ?? NaN),
        chance(found[Math.floor((found.length - 1) / 2)] ?? NaN), chance(least(found))
      ])
    }, {
      title: "Fragments of H8 (1 Å) as bootstrap embedding solves them, watched",
      heading: ["fragment", "orbitals", "electrons", "mean field", "promised by occupations"],
      rows: matched.map(({ orbitals, electrons, overlap, promised }, at) =>
        [String(at + 1), String(orbitals), String(electrons), chance(overlap ?? NaN), chance(promised ?? NaN)])
    }],
    plots: spacings.map((spacing) => ({
      title: `Overlap of the mean field, ${spacing} Å between neighbours`, x: "atoms", y: "overlap", logY: true,
      series: [
        { name: "whole chain", points: line("chain", spacing).map(({ count, overlap }) => [count, overlap] as const) },
        ...(spacing === 1 ? [{
          name: "ring of 4n + 2", points: line("ring", 1).filter(({ count }) => count % 4 === 2)
            .map(({ count, overlap }) => [count, overlap] as const)
        }] : []),
        ...[1, 2].map((reach) => ({
          name: `fragment of ${2 * reach - 1} with bath, least`,
          points: one(spacing, reach).map(({ count, overlaps: found }) => [count, least(found)] as const)
        }))
      ]
    })),
    figures: [
      ...spacings.map((spacing) =>
        figure(`overlap kept for each two atoms of a chain (${spacing} Å)`, perPair(spacing))),
      ...spacings.map((spacing) =>
        figure(
          `least overlap of a one-site fragment (${spacing} Å)`, least(one(spacing, 1).flatMap((each) => each.overlaps))
        ))
    ]
  } satisfies Part
}))
