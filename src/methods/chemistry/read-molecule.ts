/** Molecules from files: XYZ in angstrom, and QCSchema JSON (a molecule, or an input with one inside) in bohr. */
import { Effect, FileSystem } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { CodecError } from "../../core/codec.ts"
import { decode, decodeJson } from "../../core/codec.ts"
import { jsonObject } from "./json-codec.ts"
import type { Molecule, MoleculeError } from "./molecule.ts"
import { make } from "./molecule.ts"
import { QcInput, QcMolecule, XyzText } from "./molecule-codec.ts"

/** Charge and multiplicity that a user states beside a file; they go before what the file says. */
export interface Stated {
  readonly charge?: number
  readonly multiplicity?: number
}

/** What a file asks for: a molecule, and in QCSchema input a method and a basis set. */
export interface Asked {
  readonly molecule: Molecule
  readonly method?: string
  readonly basis?: string
  readonly driver?: string
}

const fromQcSchema = (text: string, source: string, stated: Stated) => Effect.gen(function*() {
  const json = yield* decodeJson(jsonObject, source)(text)
  const { molecule: read, model = {}, driver } = "molecule" in json
    ? yield* decode(QcInput, source)(json)
    : { molecule: yield* decode(QcMolecule, source)(json), model: {}, driver: undefined }
  const molecule = yield* make({
    symbols: read.symbols,
    coordinates: read.geometry,
    units: "bohr",
    charge: stated.charge ?? read.molecular_charge ?? 0,
    ...(read.molecular_multiplicity === undefined ? {} : { multiplicity: read.molecular_multiplicity }),
    ...stated
  }, source)
  const asked: Asked = { molecule, ...model, ...(driver === undefined ? {} : { driver }) }
  return asked
})

/** What a text from `source` asks for; JSON where the first letter is a brace. */
export const parseInput = (
  text: string, source: string, stated: Stated = {}
): Effect.Effect<Asked, CodecError | MoleculeError> =>
  text.trimStart().startsWith("{")
    ? fromQcSchema(text, source, stated)
    : Effect.map(
      Effect.flatMap(decode(XyzText, source)(text), (xyz) => make({ ...xyz, ...stated }, source)),
      (molecule) => ({ molecule })
    )

/** The molecule that a text from `source` describes. */
export const parse = (
  text: string, source: string, stated: Stated = {}
): Effect.Effect<Molecule, CodecError | MoleculeError> =>
  Effect.map(parseInput(text, source, stated), ({ molecule }) => molecule)

/** What a file asks for. */
export const readInput = (
  file: string, stated: Stated = {}
): Effect.Effect<Asked, CodecError | MoleculeError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* parseInput(yield* fs.readFileString(file), file, stated)
  })

/** The molecule of a file. */
export const readMolecule = (
  file: string, stated: Stated = {}
): Effect.Effect<Molecule, CodecError | MoleculeError | PlatformError, FileSystem.FileSystem> =>
  Effect.map(readInput(file, stated), ({ molecule }) => molecule)
