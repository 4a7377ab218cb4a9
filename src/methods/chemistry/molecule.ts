/**
 * A molecule as plain data: elements, positions in bohr, charge and spin multiplicity. What cannot be one (an unknown
 * element, atoms in one place, a coordinate that is no number) is refused where it is made.
 * Laws: laws/methods/chemistry/molecule.law.ts.
 */
import { Context, Data, Effect } from "effect"
import { atomicNumber, symbolOf } from "./elements.ts"

/** One bohr in angstrom (CODATA 2018). */
export const angstromPerBohr = 0.529177210903

/** Atoms closer than this, in bohr, are in one place. */
const closest = 0.05

export interface Molecule {
  readonly atomicNumbers: ReadonlyArray<number>
  /** x, y and z of each atom in turn, in bohr. */
  readonly positions: Float64Array
  readonly charge: number
  /** 2S + 1. */
  readonly multiplicity: number
}

/** What was read or written of a molecule, before it is checked. */
export interface Geometry {
  readonly symbols: ReadonlyArray<string>
  /** x, y and z of each atom in turn, in `units`. */
  readonly coordinates: ArrayLike<number>
  /** Angstrom by default, as in XYZ files. */
  readonly units?: "angstrom" | "bohr"
  /** 0 by default. */
  readonly charge?: number
  /** The lowest that the number of electrons allows by default. */
  readonly multiplicity?: number
}

/** What is no molecule; `source` is the file or name, `field` the atom or property. */
export class MoleculeError extends Data.TaggedError("MoleculeError")<{
  readonly source: string
  readonly field: string
  readonly message: string
}> {
  static readonly of = (source: string, field: string, reason: string): MoleculeError =>
    new MoleculeError({ source, field, message: `${source}: ${field}: ${reason}` })
}

/** Number of electrons. */
export const electrons = ({ atomicNumbers, charge }: Molecule): number =>
  atomicNumbers.reduce((sum, number) => sum + number, 0) - charge

const distance = (positions: ArrayLike<number>, i: number, j: number): number =>
  Math.hypot(...[0, 1, 2].map((axis) => positions[3 * i + axis]! - positions[3 * j + axis]!))

/** The repulsion of the nuclei, in Ha. */
export const nuclearRepulsion = ({ atomicNumbers, positions }: Molecule): number =>
  atomicNumbers.reduce((total, left, i) =>
    total + atomicNumbers.slice(0, i).reduce((sum, right, j) => sum + left * right / distance(positions, i, j), 0), 0)

/** The molecule that a geometry from `source` describes; atoms are counted from 1 in errors. */
export const make = (
  { symbols, coordinates, units = "angstrom", charge = 0, multiplicity }: Geometry, source = "molecule"
): Effect.Effect<Molecule, MoleculeError> => Effect.gen(function*() {
  const refuse = (field: string, reason: string) => Effect.fail(MoleculeError.of(source, field, reason))
  if (symbols.length === 0) return yield* refuse("atoms", "expected at least one atom, got none")
  if (coordinates.length !== 3 * symbols.length)
    return yield* refuse(
      "coordinates", `expected ${3 * symbols.length} numbers for ${symbols.length} atoms, got ${coordinates.length}`
    )
  const atomicNumbers: Array<number> = []
  for (const [at, symbol] of symbols.entries()) {
    const number = atomicNumber(symbol)
    if (number === undefined) return yield* refuse(`atom ${at + 1}`, `expected an element, got "${symbol}"`)
    atomicNumbers.push(number)
  }
  const positions = Float64Array.from(coordinates, (value) => (units === "bohr" ? value : value / angstromPerBohr))
  const bad = positions.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0)
    return yield* refuse(
      `atom ${Math.floor(bad / 3) + 1} (${symbols[Math.floor(bad / 3)]})`,
      `${"xyz"[bad % 3]}: expected a finite number, got ${coordinates[bad]}`
    )
  for (let i = 0; i < symbols.length; i++)
    for (let j = 0; j < i; j++)
      if (distance(positions, i, j) < closest)
        return yield* refuse(
          `atoms ${j + 1} (${symbols[j]}) and ${i + 1} (${symbols[i]})`,
          "expected different places, got "
            + `${(distance(positions, i, j) * angstromPerBohr).toPrecision(3)} angstrom apart`
        )
  if (!Number.isInteger(charge)) return yield* refuse("charge", `expected a whole number, got ${charge}`)
  const count = atomicNumbers.reduce((sum, number) => sum + number, 0) - charge
  if (count < 1) return yield* refuse("charge", `expected at least one electron, got ${count} with charge ${charge}`)
  const lowest = 1 + count % 2
  const spin = multiplicity ?? lowest
  if (!Number.isInteger(spin) || spin < 1 || spin > count + 1 || (spin - lowest) % 2 !== 0)
    return yield* refuse("multiplicity", `expected one that ${count} electrons can have (${lowest}, ...), got ${spin}`)
  return { atomicNumbers, positions, charge, multiplicity: spin }
})

/** The formula in the order of Hill: carbon, hydrogen, then by symbol. */
export const formula = ({ atomicNumbers }: Molecule): string => {
  const counts = new Map<string, number>()
  for (const number of atomicNumbers) counts.set(symbolOf(number), (counts.get(symbolOf(number)) ?? 0) + 1)
  const first = counts.has("C") ? ["C", "H"] : []
  const rank = (symbol: string): number => (first.includes(symbol) ? first.indexOf(symbol) : first.length)
  return [...counts]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([symbol, times]) => (times === 1 ? symbol : `${symbol}${times}`))
    .join("")
}

/** The molecule that a computation is about. */
export class TheMolecule extends Context.Service<TheMolecule, Molecule>()("noether/Molecule") {}
