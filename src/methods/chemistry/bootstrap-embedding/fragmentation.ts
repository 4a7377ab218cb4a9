/**
 * Overlapping fragments of a molecule (Ye, Tran and Van Voorhis, J. Chem. Theory Comput. 16, 5035 (2020)): BE(n) takes
 * around every motif all that are fewer than n bonds away. A fragment inside another is swallowed, its motif becomes a
 * centre there. Conserved: every motif is a centre of exactly one fragment, and an edge wherever else it occurs.
 */
import type { Connectivity } from "./connectivity.ts"

/** A motif at the rim of a fragment, and the fragment that has it as a centre. */
export interface Edge {
  readonly motif: number
  readonly reference: number
}

/** Motifs of a fragment: the origin, the other centres and the edges, each ascending. */
export interface Fragment {
  readonly origin: number
  readonly centres: ReadonlyArray<number>
  readonly edges: ReadonlyArray<Edge>
}

/** Motifs of a fragment in the order of their sites. */
export const motifsOf = ({ centres, edges }: Fragment): ReadonlyArray<number> =>
  [...centres, ...edges.map(({ motif }) => motif)]

/** How many bonds each motif is from one. */
const bondsFrom = ({ neighbours }: Connectivity, origin: number): ReadonlyArray<number> => {
  const found = neighbours.map(() => Infinity)
  const queue = [origin]
  found[origin] = 0
  for (const motif of queue)
    for (const next of neighbours[motif] ?? [])
      if (found[next] === Infinity) {
        found[next] = found[motif]! + 1
        queue.push(next)
      }
  return found
}

const inside = (small: ReadonlySet<number>, large: ReadonlySet<number>): boolean =>
  [...small].every((motif) => large.has(motif))

/**
 * The BE(n) fragments. Those inside others are dropped and their motifs become centres of the fragment around them with
 * the nearest origin; or, kept apart, they take its motifs but remain the centre of their own.
 */
export const fragments = (
  connectivity: Connectivity, n: number, swallowed: "centres" | "apart" = "centres"
): ReadonlyArray<Fragment> => {
  const motifs = Array.from(connectivity.motifs.keys())
  const bonds = motifs.map((motif) => bondsFrom(connectivity, motif))
  const balls = bonds.map((from) => new Set(motifs.filter((motif) => from[motif]! < n)))
  const origins = motifs.filter((motif) => !motifs.some((other) =>
    other !== motif && inside(balls[motif]!, balls[other]!)
      && (balls[other]!.size > balls[motif]!.size || other < motif)))
  /** The fragment that a motif is a centre of, by its origin. */
  const home = motifs.map((motif) => origins.includes(motif) ? motif : origins
    .filter((origin) => inside(balls[motif]!, balls[origin]!))
    .reduce((best, origin) => (bonds[motif]![origin]! < bonds[motif]![best]! ? origin : best)))
  const kept = swallowed === "centres" ? origins : [...origins, ...motifs.filter((motif) => !origins.includes(motif))]
  const centred = (origin: number): ReadonlyArray<number> => swallowed === "apart"
    ? [origin]
    : [origin, ...motifs.filter((motif) => motif !== origin && home[motif] === origin)]
  return kept.map((origin) => {
    const centres = centred(origin)
    return {
      origin,
      centres,
      edges: motifs.filter((motif) => balls[home[origin]!]!.has(motif) && !centres.includes(motif)).map((motif) =>
        ({ motif, reference: kept.indexOf(swallowed === "apart" ? motif : home[motif]!) }))
    }
  })
}
