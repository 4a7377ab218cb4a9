/** The flags that commands share, each with its help text, its default and what it refuses. */
import { Option } from "effect"
import { Argument, Flag } from "effect/cli"
import { availableParallelism } from "node:os"
import { formats } from "../../methods/language/storage.ts"
import { backendNames } from "../commands/request.ts"

const whole = (name: string, least: number) =>
  Flag.Int(name).pipe(
    Flag.filter((value) => value >= least, (value) => `expected a whole number from ${least}, got ${value}`)
  )

/** A whole number from `least`, with a default. */
export const count = (name: string, otherwise: number, description: string, least = 1) =>
  whole(name, least).pipe(Flag.withDescription(`${description} (default ${otherwise})`), Flag.withDefault(otherwise))

/** A whole number from `least` that may be left out. */
export const maybeCount = (name: string, description: string, least = 1) =>
  whole(name, least).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

/** A number between two bounds, with a default. */
export const number = (name: string, otherwise: number, [least, most]: readonly [number, number], text: string) =>
  Flag.Finite(name).pipe(
    Flag.filter(
      (value) => value >= least && value <= most,
      (value) => `expected a number from ${least} to ${most}, got ${value}`
    ),
    Flag.withDescription(`${text} (default ${otherwise})`),
    Flag.withDefault(otherwise)
  )

/** A file or folder, as it was typed. */
export const path = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar("PATH"), Flag.withDescription(description))

/** A folder to write; it must not exist yet, or hold what the same command wrote before. */
export const out = (description: string) => path("out", description)

/** A file or folder that may be left out. */
export const maybePath = (name: string, description: string) =>
  path(name, description).pipe(Flag.optional, Flag.map(Option.getOrUndefined))

/** To go on with a run of training that is in the folder to write. */
export const resume = Flag.Boolean("resume").pipe(
  Flag.withDescription("Go on from the last state in the folder"),
  Flag.withDefault(false)
)

/** How the weights of a model are kept in memory. */
export const weights = Flag.Literals("weights", formats).pipe(
  Flag.withDescription("Keep weights as they are, or rounded to fewer bits, which is faster (default f32)"),
  Flag.withDefault("f32")
)

/** The folder of a model. */
export const folder = Argument.String("folder").pipe(
  Argument.withMetavar("FOLDER"),
  Argument.withDescription("Model folder: config.json, safetensors, tokenizer.json, as Hugging Face lays it out")
)

/** The file of a molecule. */
export const molecule = Argument.String("molecule").pipe(
  Argument.withMetavar("FILE"),
  Argument.withDescription("Molecule: an XYZ file in angstrom, or QCSchema JSON in bohr")
)

/** The charge of a molecule, where its file should not say. */
export const charge = Flag.Int("charge").pipe(
  Flag.withDescription("Charge of the molecule (default: as the file says, or 0)"),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

/** The basis set of a molecule. */
export const basis = Flag.String("basis").pipe(
  Flag.withDescription("Basis set: a packaged one, or a file ending in .json (default sto-3g)"),
  Flag.withDefault("sto-3g")
)

/** Flags that every command takes. */
export const settings = {
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print one JSON document on standard output"),
    Flag.withDefault(false)
  ),
  backend: Flag.Literals("backend", backendNames).pipe(
    Flag.withDescription(`What computes (default ${backendNames[0]})`),
    Flag.withDefault(backendNames[0])
  ),
  threads: count("threads", availableParallelism(), "Threads that the backend may use"),
  seed: count("seed", 0, "Root of every random number", 0)
}
