/** The laws of fragments: quemb's fragments, every motif at one centre, and connections that cannot be. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Connectivity } from "../../../../src/methods/chemistry/bootstrap-embedding/connectivity.ts"
import { connectivity } from "../../../../src/methods/chemistry/bootstrap-embedding/connectivity.ts"
import { cut } from "../../../../src/methods/chemistry/bootstrap-embedding/preparation.ts"
import type { Fragment } from "../../../../src/methods/chemistry/bootstrap-embedding/fragmentation.ts"
import { fragments, motifsOf } from "../../../../src/methods/chemistry/bootstrap-embedding/fragmentation.ts"
import { make } from "../../../../src/methods/chemistry/molecule.ts"
import { chain, hydrogens, moleculeNamed, reference } from "./embedded.ts"

/** Motifs that hang together: each is bonded to one before it, and some pairs close rings. */
const bonded: fc.Arbitrary<Connectivity> = fc.integer({ min: 1, max: 12 }).chain((count) => fc.tuple(
  fc.tuple(...Array.from({ length: count - 1 }, (_, at) => fc.nat({ max: at }))),
  fc.array(fc.tuple(fc.nat({ max: count - 1 }), fc.nat({ max: count - 1 })), { maxLength: 3 })
).map(([parents, rings]) => {
  const neighbours = Array.from({ length: count }, () => new Set<number>())
  for (const [i, j] of [...parents.map((parent, at) => [parent, at + 1] as const), ...rings])
    if (i !== j) {
      neighbours[i]?.add(j)
      neighbours[j]?.add(i)
    }
  return {
    motifs: neighbours.map((_, atom) => ({ atom, hydrogens: [] })),
    neighbours: neighbours.map((found) => [...found].sort((a, b) => a - b))
  }
}))
const size = fc.integer({ min: 1, max: 5 })
const rule = fc.constantFrom("centres", "apart")

/** Every motif is a centre of one fragment, every edge is a centre of the fragment it refers to. */
const fits = (found: ReadonlyArray<Fragment>, count: number): boolean => {
  const centres = found.flatMap((fragment) => fragment.centres)
  return centres.length === count && new Set(centres).size === count
    && found.every(({ edges }) => edges.every(({ motif, reference }) => found[reference]?.centres.includes(motif)))
}

describe("fragments", () => {
  test("are quemb's, with its origins, centres and edges", () => {
    for (const { cut: wanted, molecule, fragments: kind = "be1" } of reference.cuts) {
      const { connectivity: bonds, fragments: found } =
        Effect.runSync(cut(moleculeNamed(molecule), { fragments: kind }))
      const atom = (motif: number): number => bonds.motifs[motif]?.atom ?? NaN
      expect(found.map(({ origin, centres, edges }) => ({
        origin: atom(origin),
        centres: centres.map(atom).sort((a, b) => a - b),
        edges: Object.fromEntries(edges.map(({ motif, reference }) => [String(atom(motif)), reference]))
      })), `${molecule}, ${kind}`).toEqual(wanted)
    }
    expect(reference.cuts.length).toBeGreaterThan(20)
  })

  test("have every motif as a centre once, and every edge refers to the fragment where it is one", () => {
    fc.assert(fc.property(bonded, size, rule, (bonds, n, swallowed) => {
      expect(fits(fragments(bonds, n, swallowed), bonds.motifs.length)).toBe(true)
    }))
  })

  test("hold all that is fewer than n bonds from a centre's motif, and keep its fragment whole", () => {
    fc.assert(fc.property(bonded, size, (bonds, n) => {
      const found = fragments(bonds, n)
      const smaller = n === 1 ? [] : fragments(bonds, n - 1, "apart")
      for (const { origin, edges, centres } of smaller) {
        const home = found.find((fragment) => fragment.centres.includes(origin))
        const inside = new Set(home === undefined ? [] : motifsOf(home))
        expect([...centres, ...edges.map(({ motif }) => motif)].filter((motif) =>
          motif === origin || bonds.neighbours[origin]?.includes(motif)).every((motif) => inside.has(motif))).toBe(true)
      }
    }))
  })

  test("are one where n bonds reach everything", () => {
    fc.assert(fc.property(bonded, (bonds) => {
      const [only, ...others] = fragments(bonds, bonds.motifs.length)
      expect(others).toEqual([])
      expect(only?.edges).toEqual([])
      expect(only?.centres).toHaveLength(bonds.motifs.length)
    }))
  })

  test("the law catches centres that are shared", () => {
    const shared = (bonds: Connectivity, n: number): ReadonlyArray<Fragment> =>
      fragments(bonds, n).map((fragment) => ({ ...fragment, centres: motifsOf(fragment), edges: [] }))
    const failed = fc.check(fc.property(bonded, size, (bonds, n) => fits(shared(bonds, n), bonds.motifs.length)))
    expect(failed.failed).toBe(true)
  })
})

describe("bonds", () => {
  const refused = (effect: Effect.Effect<unknown, { readonly message: string }>): string =>
    Effect.runSync(Effect.flip(effect)).message

  test("between hydrogens end at 1.1 angstrom, and may be named instead", () => {
    fc.assert(fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (distance) => {
      const molecule = hydrogens(chain(4).map((at) => at * distance))
      const found = Effect.runSync(connectivity(molecule))
      expect(found.neighbours[1]).toEqual(distance < 0.55 ? [0, 2, 3] : distance < 1.1 ? [0, 2] : [])
      const named = Effect.runSync(connectivity(molecule, { bonds: [[1, 2], [4, 3], [2, 3]] }))
      expect(named.neighbours).toEqual([[1], [0, 2], [1, 3], [2]])
    }), { examples: [[0.7], [1.8]] })
  })

  test("that cannot be are refused, and say why", () => {
    const water = Effect.runSync(make({ symbols: ["O", "H", "H"], coordinates: [0, 0, 0, 0.96, 0, 0, 0, 0, 3] }))
    expect(refused(connectivity(water))).toContain("hydrogen 3 is bonded to no heavy atom")
    expect(refused(connectivity(water, { bonds: [[1, 4]] }))).toContain("from 1 to 3")
    expect(refused(connectivity(water, { bonds: [[2, 2]] }))).toContain("different atoms")
    const iodine = Effect.runSync(make({ symbols: ["I", "I"], coordinates: [0, 0, 0, 2.67, 0, 0] }))
    expect(refused(connectivity(iodine))).toContain("atom 1 (I) has no covalent radius")
    const shared = Effect.runSync(make(
      { symbols: ["F", "H", "F"], coordinates: [0, 0, 0, 1.15, 0, 0, 2.3, 0, 0], charge: -1 }
    ))
    expect(refused(connectivity(shared))).toContain("hydrogen 2 is bonded to atoms 1 and 3")
    expect(Effect.runSync(connectivity(shared, { hydrogens: "nearest" })).motifs[0]?.hydrogens).toEqual([1])
    expect(Effect.runSync(connectivity(shared, { hydrogens: "separate" })).motifs).toHaveLength(3)
  })
})
