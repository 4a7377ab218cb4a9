/**
 * Intrinsic atomic orbitals (Knizia, J. Chem. Theory Comput. 9, 4834 (2013)): a minimal set of atoms' orbitals,
 * polarised to span the occupied orbitals exactly; and projected atomic orbitals for the rest of the space. The minimal
 * set is the first contractions of each angular momentum, as many as the atom's shells. Conserved: the occupied space.
 */
import { Effect } from "effect"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import type { AtomicOrbitals } from "../integrals/shells.ts"
import type { RestrictedMeanField } from "../mean-field.ts"
import { multiply, orthogonalise, transpose } from "../mean-field/dense.ts"
import type { ValenceElectrons } from "./core.ts"
import { thinned } from "./loewdin.ts"
import type { LocalisedOrbitals } from "./localised.ts"
import { atomsOf, LocalisationError } from "./localised.ts"
import { between, columns, symmetric } from "./matrices.ts"

/** Shells of each angular momentum, s, p and d, that a neutral atom's minimal set has, by the last of its period. */
const minimal: ReadonlyArray<readonly [last: number, shells: ReadonlyArray<number>]> =
  [[2, [1]], [4, [2]], [10, [2, 1]], [12, [3, 1]], [18, [3, 2]], [20, [4, 2]], [30, [4, 2, 1]], [36, [4, 3, 1]]]

/** Least eigenvalue of the overlap of intrinsic orbitals, and of the projected ones over their largest. */
const independent = 1e-6

/** The atomic orbitals that belong to the minimal set, and those that do not. */
export const minimalOrbitals = (
  { contractions }: AtomicOrbitals, atomicNumbers: ReadonlyArray<number>
): { readonly inside: ReadonlyArray<number>; readonly outside: ReadonlyArray<number> } => {
  const [inside, outside]: [Array<number>, Array<number>] = [[], []]
  const seen = new Map<string, number>()
  for (const { atom, angularMomentum, start, size } of contractions) {
    const key = `${atom} ${angularMomentum}`
    const before = seen.get(key) ?? 0
    seen.set(key, before + 1)
    const shells = minimal.find(([last]) => (atomicNumbers[atom] ?? 0) <= last)?.[1] ?? []
    const orbitals = Array.from({ length: size }, (_, m) => start + m)
    ;(before < (shells[angularMomentum] ?? 0) ? inside : outside).push(...orbitals)
  }
  return { inside, outside }
}

/** A^-1 B for a symmetric positive A, by its eigenvalues. */
const inverseTimes = (a: Float64Array, size: number, b: Float64Array, width: number): Float64Array => {
  const { values, vectors } = eigh({ rows: size, columns: size, data: a })
  const along = multiply(transpose(vectors.data, size, size), b, size, size, width)
  const scaled = along.map((value, at) => value / values.data[Math.floor(at / width)]!)
  return multiply(vectors.data, scaled, size, size, width)
}

/** X X^T S: the projector on orthonormal columns. */
const onto = (x: Float64Array, count: number, overlap: Float64Array, size: number): Float64Array =>
  multiply(x, multiply(transpose(x, size, count), overlap, count, size, size), size, count, size)

/** (1 + 2 O O' - O - O') P12, symmetrically orthonormalised: Knizia's Eq. (2) and appendix C. */
const polarised = (field: RestrictedMeanField, inside: ReadonlyArray<number>) => {
  const { integrals: { overlap, orbitals: { count: size } }, occupied, orbitalCoefficients, orbitalEnergies } = field
  const count = inside.length
  const occupiedOrbitals = columns(
    orbitalCoefficients, orbitalEnergies.length, Array.from({ length: occupied }, (_, at) => at)
  )
  const cross = columns(overlap, size, inside)
  const metric = Float64Array.from({ length: count * count }, (_, at) =>
    cross[inside[Math.floor(at / count)]! * count + at % count]!)
  const toLarge = inverseTimes(overlap, size, cross, count)
  const toSmall = inverseTimes(metric, count, transpose(cross, size, count), size)
  const back = multiply(toLarge, multiply(toSmall, occupiedOrbitals, count, size, occupied), size, count, occupied)
  const depolarised = symmetric(back, overlap, size, occupied).columns
  const exact = onto(occupiedOrbitals, occupied, overlap, size)
  const rough = onto(depolarised, occupied, overlap, size)
  const both = multiply(exact, rough, size, size, size)
  const turn = both.map((value, at) => 2 * value - exact[at]! - rough[at]! + (at % (size + 1) === 0 ? 1 : 0))
  return symmetric(multiply(turn, toLarge, size, size, count), overlap, size, count)
}

/** What the intrinsic orbitals leave of the other atomic orbitals. */
const projected = (
  intrinsic: Float64Array, count: number, outside: ReadonlyArray<number>, overlap: Float64Array, size: number
): Float64Array => {
  const projector = onto(intrinsic, count, overlap, size)
  const rest = columns(projector.map((value, at) => (at % (size + 1) === 0 ? 1 : 0) - value), size, outside)
  const metric = between(rest, overlap, rest, size, outside.length, outside.length)
  const { basis, kept, condition } = orthogonalise(metric, outside.length, independent)
  return condition > independent
    ? symmetric(rest, overlap, size, outside.length).columns
    : multiply(rest, basis, size, outside.length, kept)
}

/** The atom on which most of each column lies, by Lowdin's populations. */
const seat = (x: Float64Array, count: number, field: RestrictedMeanField) => {
  const { overlap, orbitals } = field.integrals
  const size = orbitals.count
  const { values, vectors } = eigh({ rows: size, columns: size, data: overlap })
  const scaled = vectors.data.map((value, at) => value * Math.sqrt(values.data[at % size]!))
  const root = multiply(scaled, transpose(vectors.data, size, size), size, size, size)
  const spread = multiply(root, x, size, size, count)
  const atoms = atomsOf(orbitals)
  return Array.from({ length: count }, (_, column) => {
    const populations = field.molecule.atomicNumbers.map(() => 0)
    for (const [row, atom] of atoms.entries())
      populations[atom] = (populations[atom] ?? 0) + spread[row * count + column]! ** 2
    return populations.indexOf(Math.max(...populations))
  })
}

/** The sites of a mean field: intrinsic orbitals, then projected ones, of each atom. */
export const intrinsic = (
  field: RestrictedMeanField, electrons: ValenceElectrons
): Effect.Effect<LocalisedOrbitals, LocalisationError> => Effect.gen(function*() {
  const { molecule: { atomicNumbers }, integrals: { overlap, orbitals } } = field
  const size = orbitals.count
  const { inside, outside } = minimalOrbitals(orbitals, atomicNumbers)
  if (atomicNumbers.some((number) => number > 36))
    return yield* LocalisationError.of("element", "the minimal set is known up to krypton")
  const { columns: found, smallest } = polarised(field, inside)
  if (!(smallest > independent))
    return yield* LocalisationError.of(
      "intrinsic orbitals", `their overlap has an eigenvalue of ${smallest.toExponential(1)}: the minimal set does not`
        + " hold the occupied orbitals"
    )
  const core = yield* thinned(found, seat(found, inside.length, field), field, electrons)
  const others = outside.length === 0
    ? new Float64Array(0)
    : projected(found, inside.length, outside, overlap, size)
  const width = outside.length === 0 ? 0 : others.length / size
  const all = [
    ...core.atoms.map((atom, column) => ({ atom, column, valence: true })),
    ...(width === 0 ? [] : seat(others, width, field)).map((atom, column) => ({ atom, column, valence: false }))
  ]
  const sites = [...all].sort((a, b) => a.atom - b.atom || Number(b.valence) - Number(a.valence) || a.column - b.column)
  const coefficients = new Float64Array(size * sites.length)
  for (const [at, { column, valence }] of sites.entries())
    for (let row = 0; row < size; row++)
      coefficients[row * sites.length + at] =
        valence ? core.columns[row * core.atoms.length + column]! : others[row * width + column]!
  return {
    count: sites.length,
    coefficients,
    atoms: sites.map(({ atom }) => atom),
    valence: sites.map(({ valence }) => valence)
  }
})
