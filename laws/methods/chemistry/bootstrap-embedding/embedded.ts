/** Molecules that embedding's laws are held on, the reference of quemb, and how a law embeds one. */
import { Effect } from "effect"
import * as t from "io-ts"
import { readFileSync } from "node:fs"
import { decodeJson } from "../../../../src/core/codec.ts"
import {
  Configuration, type Course, embed
} from "../../../../src/methods/chemistry/bootstrap-embedding/index.ts"
import { type MethodName, named } from "../../../../src/methods/chemistry/correlation/solver.ts"
import { meanField } from "../../../../src/methods/chemistry/mean-field.ts"
import { make, type Molecule } from "../../../../src/methods/chemistry/molecule.ts"

const Case = t.type({
  molecule: t.string,
  solver: t.keyof({ fci: null, ccsd: null }),
  meanField: t.number, byFragments: t.number, correlation: t.number,
  count: t.number, orbitals: t.readonlyArray(t.number)
})
const File = t.type({
  geometries: t.record(t.string, t.readonlyArray(t.tuple([t.string, t.readonlyArray(t.number)]))),
  cases: t.readonlyArray(t.intersection([Case, Configuration])),
  cuts: t.readonlyArray(t.intersection([
    t.type({
      molecule: t.string,
      cut: t.readonlyArray(t.type({
        origin: t.number, centres: t.readonlyArray(t.number), edges: t.record(t.string, t.number)
      }))
    }),
    Configuration
  ]))
})

const file = new URL("./reference/quemb.json", import.meta.url)

/** What quemb says; scripts/make-embedding-reference.py makes it. */
export const reference = Effect.runSync(decodeJson(File, file.pathname)(readFileSync(file, "utf8")))

/** A molecule of the reference by its name. */
export const moleculeNamed = (name: string): Molecule => {
  const atoms = reference.geometries[name] ?? []
  return Effect.runSync(make(
    { symbols: atoms.map(([symbol]) => symbol), coordinates: atoms.flatMap(([, place]) => place) }, name
  ))
}

/** Hydrogens on a line, at these places in angstrom. */
export const hydrogens = (places: ReadonlyArray<number>): Molecule =>
  Effect.runSync(make({ symbols: places.map(() => "H"), coordinates: places.flatMap((z) => [0, 0, z]) }))

/** `count` places one angstrom apart. */
export const chain = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, at) => at)

/** The mean field of a molecule, converged as far as laws ask. */
export const fieldOf = (molecule: Molecule, basis = "sto-3g") =>
  meanField(molecule, { basis, commutatorTolerance: 1e-9 })

/** Embeds a molecule with a solver by name. */
export const embedded = (
  molecule: Molecule, solver: MethodName, { basis = "sto-3g", ...configuration }: Configuration = {},
  course: Course = {}
) => Effect.flatMap(fieldOf(molecule, basis), (field) => embed(field, configuration, course))
  .pipe(Effect.provide(named(solver)))
