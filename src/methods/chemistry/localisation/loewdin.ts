/**
 * Lowdin orbitals (J. Chem. Phys. 18, 365 (1950)): S^(-1/2), the orthonormal functions nearest to the atomic orbitals.
 * Frozen orbitals are projected out, and as many functions of each atom as it has of them, those with the least left,
 * go with them.
 */
import { Effect } from "effect"
import type { RestrictedMeanField } from "../mean-field.ts"
import type { ValenceElectrons } from "./core.ts"
import { coreOfAtom, withoutCore } from "./core.ts"
import type { LocalisedOrbitals } from "./localised.ts"
import { atomsOf, LocalisationError } from "./localised.ts"
import { between, columns, spectral, symmetric } from "./matrices.ts"

/** Columns whose squared length is less than this have lost most of themselves to the frozen orbitals. */
const leastIndependent = 1e-6

/** Of columns over atoms, those that stay when the frozen orbitals are projected out, made orthonormal again. */
export const thinned = (
  x: Float64Array, atoms: ReadonlyArray<number>, field: RestrictedMeanField, electrons: ValenceElectrons
): Effect.Effect<{ readonly columns: Float64Array; readonly atoms: ReadonlyArray<number> }, LocalisationError> => {
  if (electrons.frozen === 0) return Effect.succeed({ columns: x, atoms })
  const { molecule, integrals: { overlap } } = field
  const count = atoms.length
  const size = x.length / count
  const projected = withoutCore(x, count, overlap, electrons)
  const metric = between(projected, overlap, projected, size, count, count)
  const left = (column: number): number => metric[column * (count + 1)]!
  const kept = molecule.atomicNumbers.flatMap((_, atom) => {
    const here = Array.from(atoms.keys()).filter((column) => atoms[column] === atom)
    const least = [...here].sort((a, b) => left(a) - left(b)).slice(0, coreOfAtom(molecule, atom))
    return here.filter((column) => !least.includes(column))
  })
  const { columns: orthonormal, smallest } =
    symmetric(columns(projected, count, kept), overlap, size, kept.length)
  return smallest > leastIndependent
    ? Effect.succeed({ columns: orthonormal, atoms: kept.map((column) => atoms[column] ?? 0) })
    : Effect.fail(LocalisationError.of("frozen core", "the frozen orbitals are not those of the atoms' inner shells"))
}

/** The sites of a mean field by Lowdin's orthonormalisation. */
export const loewdin = (
  field: RestrictedMeanField, electrons: ValenceElectrons
): Effect.Effect<LocalisedOrbitals, LocalisationError> => Effect.suspend(() => {
  const { integrals: { overlap, orbitals }, dropped } = field
  if (dropped > 0)
    return Effect.fail(LocalisationError.of(
      "basis", `${dropped} functions depend linearly on the others, so that orbitals of atoms cannot be told apart`
    ))
  const roots = spectral(overlap, orbitals.count, (value) => 1 / Math.sqrt(value))
  return Effect.map(thinned(roots, atomsOf(orbitals), field, electrons), (kept) => ({
    count: kept.atoms.length,
    coefficients: kept.columns,
    atoms: kept.atoms,
    valence: kept.atoms.map(() => true)
  }))
})
