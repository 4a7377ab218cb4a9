/**
 * Basis sets: for each element, shells of contracted Gaussians as published. Packaged ones lie in data/basis; a user's
 * own file has the same format, the JSON of the Basis Set Exchange. Laws: laws/methods/chemistry/basis.law.ts.
 */
import { Data, Effect, FileSystem } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { CodecError } from "../../core/codec.ts"
import { decodeJson } from "../../core/codec.ts"
import { BasisFile } from "./basis-codec.ts"
import { symbolOf } from "./elements.ts"
import type { Molecule } from "./molecule.ts"

/** Contractions of one list of exponents: all of one angular momentum, or one for each of several (an SP shell). */
export interface ElementShell {
  readonly angularMomenta: ReadonlyArray<number>
  readonly exponents: ReadonlyArray<number>
  /** One row a contraction. */
  readonly coefficients: ReadonlyArray<ReadonlyArray<number>>
}

export interface BasisSet {
  readonly name: string
  /** Shells by atomic number. */
  readonly elements: ReadonlyMap<number, ReadonlyArray<ElementShell>>
}

/** A basis set that is not there, is not one, or lacks an element; `field` says which. */
export class BasisError extends Data.TaggedError("BasisError")<{
  readonly source: string
  readonly field: string
  readonly message: string
}> {
  static readonly of = (source: string, field: string, reason: string): BasisError =>
    new BasisError({ source, field, message: `${source}: ${field}: ${reason}` })
}

/** The packaged basis sets, smallest first, and the files that they are in. */
export const packaged: Readonly<Record<string, string>> = {
  "sto-3g": "sto-3g", "3-21g": "3-21g", "6-31g": "6-31g", "6-31g*": "6-31g-d", "6-31g**": "6-31g-dp",
  "6-311g**": "6-311g-dp", "def2-svp": "def2-svp", "cc-pvdz": "cc-pvdz", "cc-pvtz": "cc-pvtz"
}

/** Packaged sets that densities are fitted in; they are no sets for orbitals. */
export const fittingSets: Readonly<Record<string, string>> = { "def2-universal-jkfit": "def2-universal-jkfit" }

const synonyms: Readonly<Record<string, string>> =
  { "6-31g(d)": "6-31g*", "6-31g(d,p)": "6-31g**", "6-311g(d,p)": "6-311g**" }

// this file is one folder deeper in the built package, where its ending is .js
const folder = new URL(`${import.meta.url.endsWith(".ts") ? "" : "../"}../../../data/basis/`, import.meta.url)

/** A file of the folder; Windows writes its drives without the first slash. */
const packagedFile = (name: string): string =>
  decodeURIComponent(new URL(`${name}.json`, folder).pathname).replace(/^\/(?=[A-Za-z]:\/)/, "")

const fromFile = (source: string, { name, elements }: BasisFile): Effect.Effect<BasisSet, BasisError> =>
  Effect.gen(function*() {
    const found = new Map<number, ReadonlyArray<ElementShell>>()
    for (const [number, { electron_shells = [], ecp_electrons = 0 }] of Object.entries(elements)) {
      const shells: Array<ElementShell> = []
      const refuse = (reason: string) => Effect.fail(BasisError.of(source, symbolOf(Number(number)), reason))
      if (ecp_electrons > 0) return yield* refuse("effective core potentials are not supported")
      for (const { angular_momentum: angularMomenta, exponents, coefficients } of electron_shells) {
        if (exponents.length === 0 || exponents.some((exponent) => !(exponent > 0)))
          return yield* refuse("expected positive exponents")
        if (coefficients.some((row) => row.length !== exponents.length || row.every((c) => c === 0)))
          return yield* refuse(`expected rows of ${exponents.length} coefficients, not all of them 0`)
        if (angularMomenta.length !== 1 && angularMomenta.length !== coefficients.length)
          return yield* refuse(`expected one row of coefficients for each of ${angularMomenta.length} angular momenta`)
        if (angularMomenta.some((l) => l > 4)) return yield* refuse("expected angular momenta up to 4 (g functions)")
        shells.push({ angularMomenta, exponents, coefficients })
      }
      found.set(Number(number), shells)
    }
    return { name, elements: found }
  })

/** The basis set of a file. */
export const readBasis = (
  file: string
): Effect.Effect<BasisSet, BasisError | CodecError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* fromFile(file, yield* decodeJson(BasisFile, file)(yield* fs.readFileString(file)))
  })

/** A packaged basis set by its name, in any case; or that of a file, where the name ends in `.json`. */
export const basisNamed = (
  name: string
): Effect.Effect<BasisSet, BasisError | CodecError | PlatformError, FileSystem.FileSystem> => {
  if (name.endsWith(".json")) return readBasis(name)
  const lower = name.toLowerCase()
  const file = packaged[synonyms[lower] ?? lower] ?? fittingSets[lower]
  return file === undefined
    ? Effect.fail(BasisError.of(
      name, "basis", `expected ${Object.keys(packaged).join(", ")} or a file that ends in .json`
    ))
    : readBasis(packagedFile(file))
}

/** Refuses a molecule with an element that the basis set has no functions for. */
export const covers = (basis: BasisSet, molecule: Molecule): Effect.Effect<void, BasisError> => {
  const at = molecule.atomicNumbers.findIndex((number) => (basis.elements.get(number) ?? []).length === 0)
  return at < 0
    ? Effect.void
    : Effect.fail(BasisError.of(
      basis.name, `atom ${at + 1}`, `the basis set has no functions for ${symbolOf(molecule.atomicNumbers[at] ?? 0)}`
    ))
}
