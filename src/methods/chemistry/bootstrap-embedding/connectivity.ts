/**
 * Which atoms belong together: bonds, and the motifs that fragments are made of, a heavy atom with its hydrogens. Bonds
 * follow from covalent radii, or are given. Where every atom is a hydrogen, or hydrogens are to count like other atoms,
 * each atom is a motif.
 */
import { Data, Effect } from "effect"
import { symbolOf } from "../elements.ts"
import type { Molecule } from "../molecule.ts"
import { angstromPerBohr } from "../molecule.ts"
import radii from "./covalent-radii.json" with { type: "json" }

/** A molecule that cannot be cut as asked, or a setting that no embedding can have; `field` says which. */
export class EmbeddingError extends Data.TaggedError("EmbeddingError")<{
  readonly field: string
  readonly message: string
}> {
  static readonly of = (field: string, reason: string): EmbeddingError =>
    new EmbeddingError({ field, message: `${field}: ${reason}` })
}

/** An atom that fragments are grown from, and the hydrogens that go with it; atoms from 0. */
export interface Motif {
  readonly atom: number
  readonly hydrogens: ReadonlyArray<number>
}

/** Motifs in the order of their atoms, and for each the motifs that it is bonded to, ascending. */
export interface Connectivity {
  readonly motifs: ReadonlyArray<Motif>
  readonly neighbours: ReadonlyArray<ReadonlyArray<number>>
}

export interface ConnectivityOptions {
  /** Pairs of bonded atoms, counted from 1; by covalent radii when left out. */
  readonly bonds?: ReadonlyArray<readonly [number, number]>
  /** What covalent radii are multiplied with, 1.2 by default: bonds in molecules are longer than tables say. */
  readonly radiusScale?: number
  /**
   * Hydrogens go with the atom that they are bonded to (by default, and then only with one), with the nearest of
   * several, or count like other atoms.
   */
  readonly hydrogens?: "attached" | "nearest" | "separate"
}

/** No atom counts as smaller than this, in angstrom, so that hydrogens are found. */
const leastRadius = 0.55

const tabulated: ReadonlyMap<string, number> = new Map(Object.entries(radii.radii))

type Bonds = ReadonlyArray<ReadonlySet<number>>

const distance = ({ positions }: Molecule, i: number, j: number): number =>
  Math.hypot(...[0, 1, 2].map((axis) => positions[3 * i + axis]! - positions[3 * j + axis]!)) * angstromPerBohr

const bondsByRadii = (molecule: Molecule, scale: number) => Effect.gen(function*() {
  const reach: Array<number> = []
  for (const [atom, number] of molecule.atomicNumbers.entries()) {
    const radius = tabulated.get(symbolOf(number))
    if (radius === undefined)
      return yield* EmbeddingError.of(
        "bonds", `atom ${atom + 1} (${symbolOf(number)}) has no covalent radius in the table: name the bonds`
      )
    reach.push(Math.max(leastRadius, scale * radius))
  }
  return reach.map((radius, i) => new Set(Array.from(reach.keys()).filter((j) =>
    j !== i && distance(molecule, i, j) <= radius + reach[j]!)))
})

const bondsGiven = (molecule: Molecule, pairs: ReadonlyArray<readonly [number, number]>) => Effect.gen(function*() {
  const count = molecule.atomicNumbers.length
  const bonds = molecule.atomicNumbers.map(() => new Set<number>())
  for (const [i, j] of pairs) {
    const [left, right] = [bonds[i - 1], bonds[j - 1]]
    if (left === undefined || right === undefined || i === j)
      return yield* EmbeddingError.of("bonds", `expected two different atoms from 1 to ${count}, got ${i} and ${j}`)
    left.add(j - 1)
    right.add(i - 1)
  }
  return bonds
})

/** The heavy atom that a hydrogen goes with. */
const heavyOf = (
  molecule: Molecule, bonds: Bonds, heavy: ReadonlySet<number>, hydrogen: number, nearest: boolean
): Effect.Effect<number, EmbeddingError> => {
  const [first, ...others] = [...bonds[hydrogen]!].filter((atom) => heavy.has(atom))
    .sort((a, b) => distance(molecule, hydrogen, a) - distance(molecule, hydrogen, b) || a - b)
  if (first === undefined)
    return Effect.fail(EmbeddingError.of("bonds", `hydrogen ${hydrogen + 1} is bonded to no heavy atom`))
  return others.length === 0 || nearest ? Effect.succeed(first) : Effect.fail(EmbeddingError.of(
    "bonds", `hydrogen ${hydrogen + 1} is bonded to atoms ${[first, ...others].map((atom) => atom + 1).join(" and ")}: `
      + "name the bonds, or let hydrogens go with the nearest atom"
  ))
}

/** The motifs of a molecule and the bonds among them. */
export const connectivity = (
  molecule: Molecule, { bonds: given, radiusScale = 1.2, hydrogens: rule = "attached" }: ConnectivityOptions = {}
): Effect.Effect<Connectivity, EmbeddingError> => Effect.gen(function*() {
  const bonds: Bonds =
    given === undefined ? yield* bondsByRadii(molecule, radiusScale) : yield* bondsGiven(molecule, given)
  const { atomicNumbers } = molecule
  const all = Array.from(atomicNumbers.keys())
  const apart = rule === "separate" || atomicNumbers.every((number) => number === 1)
  const atoms = apart ? all : all.filter((atom) => atomicNumbers[atom] !== 1)
  const heavy = new Set(atoms)
  const owner = new Map<number, number>()
  for (const atom of all)
    if (!heavy.has(atom)) owner.set(atom, yield* heavyOf(molecule, bonds, heavy, atom, rule === "nearest"))
  return {
    motifs: atoms.map((atom) => ({ atom, hydrogens: all.filter((hydrogen) => owner.get(hydrogen) === atom) })),
    neighbours: atoms.map((atom) => [...bonds[atom]!].map((other) => atoms.indexOf(other)).filter((at) => at >= 0)
      .sort((a, b) => a - b))
  }
})
