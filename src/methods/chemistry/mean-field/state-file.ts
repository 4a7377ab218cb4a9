/**
 * Mean fields in files: written whole or not at all, converged or not, and started from in a later run of the same
 * molecule, at the same or another geometry.
 */
import { Data, Effect, FileSystem } from "effect"
import { decodeJson } from "../../../core/codec.ts"
import type { BasisSet } from "../basis.ts"
import type { Molecule } from "../molecule.ts"
import { formula } from "../molecule.ts"
import type { MeanFieldState } from "./restricted.ts"
import { StateFile } from "./state-codec.ts"

/** The file is of something else; `field` says what differs. */
export class StateMismatch extends Data.TaggedError("StateMismatch")<{
  readonly file: string
  readonly field: string
  readonly message: string
}> {}

/** What a state is of. */
export interface Of {
  readonly molecule: Molecule
  readonly basis: Pick<BasisSet, "name">
  readonly cartesian: boolean
}

/** Writes a state, aside and then renamed. */
export const writeState = (
  file: string, { molecule, basis, cartesian }: Of, state: MeanFieldState, converged: boolean
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const content: StateFile = {
      format: "noether mean field", atomicNumbers: molecule.atomicNumbers, charge: molecule.charge, basis: basis.name,
      cartesian, converged, energy: state.energy, iterations: state.iterations, density: Array.from(state.density)
    }
    const aside = `${file}.${process.pid}.part`
    yield* fs.writeFileString(aside, `${JSON.stringify(content)}\n`)
    yield* fs.rename(aside, file)
  })

/** The density of a file, if it is of the same atoms, charge and functions. */
export const readDensity = (file: string, { molecule, basis, cartesian }: Of) => Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const held = yield* decodeJson(StateFile, file)(yield* fs.readFileString(file))
  const refuse = (field: string, expected: string, got: string) => Effect.fail(new StateMismatch({
    file, field, message: `${file}: ${field}: expected ${expected}, got ${got}`
  }))
  if (held.atomicNumbers.join() !== molecule.atomicNumbers.join())
    return yield* refuse("atomicNumbers", formula(molecule), held.atomicNumbers.join(" "))
  if (held.charge !== molecule.charge) return yield* refuse("charge", String(molecule.charge), String(held.charge))
  if (held.basis !== basis.name) return yield* refuse("basis", basis.name, held.basis)
  if (held.cartesian !== cartesian) return yield* refuse("cartesian", String(cartesian), String(held.cartesian))
  return Float64Array.from(held.density)
})
