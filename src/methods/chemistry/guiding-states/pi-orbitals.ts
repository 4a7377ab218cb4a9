/**
 * The pi electrons of a molecule that lies in the xy plane: orbitals that change sign at the plane, in the field of
 * the others. Which orbitals those are is exact, by symmetry.
 */
import { Effect } from "effect"
import { columns } from "../localisation/matrices.ts"
import type { RestrictedMeanField } from "../mean-field.ts"
import { multiply, transpose } from "../mean-field/dense.ts"
import { MeanFieldError } from "../mean-field/restricted.ts"
import type { CoreOrbitals } from "./embedded-core.ts"

/** How far an atom may lie outside the plane, in bohr. */
const flat = 1e-6

/** Whether each atomic orbital changes sign at the xy plane. */
const odd = ({ integrals: { orbitals: { count, contractions } } }: RestrictedMeanField): ReadonlyArray<boolean> => {
  const found = Array.from({ length: count }, () => false)
  for (const { angularMomentum: l, start, size } of contractions)
    for (let at = 0; at < size; at++)
      // p functions come as x, y, z, the others by m from -l to l; l + m odd is odd in z
      found[start + at] = l === 1 ? at === 2 : (l + Math.abs(at - l)) % 2 === 1
  return found
}

/** The pi orbitals of the mean field, full ones first, and the electrons around them. */
export const piCore = (field: RestrictedMeanField): Effect.Effect<CoreOrbitals, MeanFieldError> =>
  Effect.suspend(() => {
    const { molecule: { positions }, integrals: { orbitals: { count: size, cartesian } } } = field
    if (positions.some((value, at) => at % 3 === 2 && Math.abs(value) > flat))
      return Effect.fail(MeanFieldError.of("pi orbitals", "expected a molecule in the xy plane"))
    if (cartesian)
      return Effect.fail(MeanFieldError.of("pi orbitals", "expected spherical functions, got Cartesian ones"))
    const { occupied, orbitalCoefficients, orbitalEnergies, density } = field
    const all = orbitalEnergies.length
    const signs = odd(field)
    const part = (column: number): number => signs.reduce((sum, each, row) =>
      sum + (each ? 1 : -1) * orbitalCoefficients[row * all + column]! ** 2, 0)
    const chosen = Array.from(orbitalEnergies.keys()).filter((column) => part(column) > 0)
    const pairs = chosen.filter((column) => column < occupied).length
    if (pairs === 0) return Effect.fail(MeanFieldError.of("pi orbitals", "no electron is in one"))
    const found = columns(orbitalCoefficients, all, chosen)
    const full = columns(orbitalCoefficients, all, chosen.slice(0, pairs))
    const inside = multiply(full, transpose(full, size, pairs), size, pairs, size)
    return Effect.succeed({
      count: chosen.length, columns: found, electrons: 2 * pairs,
      environment: density.map((value, at) => value - 2 * inside[at]!)
    })
  })
