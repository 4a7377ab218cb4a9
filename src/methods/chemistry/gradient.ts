/**
 * The gradient of the mean field's energy with respect to the positions of the atoms (Pulay, Mol. Phys. 17, 197
 * (1969)): derivatives of the integrals with the density, of the overlap with the energy-weighted density, since
 * orbitals move with their atoms. Conserved: without external charges its sum over the atoms is 0, and so is the
 * torque.
 */
import { Effect } from "effect"
import { tracked } from "../../core/progress.ts"
import { derivativePair, derivativeParts } from "./integrals/derivative.ts"
import type { PointCharges } from "./integrals/one-electron.ts"
import { attraction, overlap } from "./integrals/one-electron.ts"
import { kinetic } from "./integrals/kinetic.ts"
import type { ShellPair } from "./integrals/pairs.ts"
import { shellPairs } from "./integrals/pairs.ts"
import { quartet, schwarzBounds } from "./integrals/repulsion.ts"
import type { Shell } from "./integrals/shells.ts"
import type { RestrictedMeanField } from "./mean-field.ts"
import { MeanFieldError } from "./mean-field/restricted.ts"

/** Quartets whose part of the gradient is bounded by this, in Ha/bohr, are left out. */
const negligible = 1e-12

/** The density of the occupied orbitals, each times its energy, spin-summed. */
const energyWeighted = ({ occupied, orbitalEnergies, orbitalCoefficients: c }: RestrictedMeanField, size: number) => {
  const all = orbitalEnergies.length
  const weighted = new Float64Array(size * size)
  for (let mu = 0; mu < size; mu++)
    for (let nu = 0; nu < size; nu++) {
      let sum = 0
      for (let i = 0; i < occupied; i++) sum += 2 * orbitalEnergies[i]! * c[mu * all + i]! * c[nu * all + i]!
      weighted[mu * size + nu] = sum
    }
  return weighted
}

/** Adds the repulsion of two charges, with the sign of what the first feels. */
const repel = (
  gradient: Float64Array, charge: number, other: number, from: ArrayLike<number>, i: number,
  to: ArrayLike<number>, j: number
): void => {
  const apart = [0, 1, 2].map((axis) => from[3 * i + axis]! - to[3 * j + axis]!)
  const cube = Math.hypot(...apart) ** 3
  for (let axis = 0; axis < 3; axis++)
    gradient[3 * i + axis] = gradient[3 * i + axis]! - charge * other * apart[axis]! / cube
}

interface Setting {
  readonly size: number
  readonly density: Float64Array
  readonly weighted: Float64Array
  readonly nuclei: PointCharges
  readonly charges: PointCharges | undefined
  readonly gradient: Float64Array
}

/** Adds what one electron feels where `left` moves. */
const oneElectron = (
  { size, density, weighted, nuclei, charges, gradient }: Setting, left: Shell, right: Shell
): void => {
  const parts = derivativeParts(left, right)
  const [rows, columns] = [left.orbitals.length, right.orbitals.length]
  const start = 6 * rows
  const width = start + columns
  const sum = (matrix: Float64Array, with_: Float64Array, axis: number): number => {
    let total = 0
    for (let f = 0; f < rows; f++)
      for (let g = 0; g < columns; g++) {
        const at = (2 * (axis * rows + f)) * width + start + g
        total += (matrix[at]! + matrix[at + width]!) * with_[left.orbitals[f]! * size + right.orbitals[g]!]!
      }
    return 2 * total
  }
  const add = (atom: number, axis: number, value: number): void => {
    gradient[3 * atom + axis] = gradient[3 * atom + axis]! + value
  }
  const [overlaps, energies] = [overlap([parts], width), kinetic([parts], width)]
  const around = charges === undefined ? undefined : attraction([parts], width, charges)
  for (let axis = 0; axis < 3; axis++) {
    add(left.atom, axis, sum(energies, density, axis) - sum(overlaps, weighted, axis))
    if (around !== undefined) add(left.atom, axis, sum(around, density, axis))
  }
  for (let c = 0; c < nuclei.charges.length; c++) {
    const one = attraction([parts], width, {
      charges: [nuclei.charges[c]!], positions: [0, 1, 2].map((axis) => nuclei.positions[3 * c + axis]!)
    })
    for (let axis = 0; axis < 3; axis++) {
      const force = sum(one, density, axis)
      // the nucleus moves against the orbitals
      add(left.atom, axis, force)
      add(c, axis, -force)
    }
  }
}

/** Adds what pairs of electrons feel where `left` moves: 2 (D_ab D_cd - D_ac D_bd / 2) (a' b|cd). */
const twoElectron = (
  { size, density: d, gradient }: Setting, left: Shell, right: Shell, pairs: ReadonlyArray<ShellPair>,
  bounds: Float64Array
): void => {
  const moved = derivativePair(derivativeParts(left, right))
  const [bound = 0] = schwarzBounds([moved])
  const half = left.orbitals.length * right.orbitals.length
  for (const [at, pair] of pairs.entries()) {
    if (bound * bounds[at]! < negligible) continue
    const block = new Float64Array(moved.functions * pair.functions)
    quartet(moved, pair, block)
    const both = pair.left === pair.right ? 2 : 4
    const columns = pair.right.orbitals.length
    for (let f = 0; f < half; f++) {
      const [a, b] = [left.orbitals[Math.floor(f / right.orbitals.length)]!, right.orbitals[f % right.orbitals.length]!]
      for (let g = 0; g < pair.functions; g++) {
        const [c, e] = [pair.left.orbitals[Math.floor(g / columns)]!, pair.right.orbitals[g % columns]!]
        const weight = both * (d[a * size + b]! * d[c * size + e]!
          - 0.25 * (d[a * size + c]! * d[b * size + e]! + d[a * size + e]! * d[b * size + c]!))
        for (let axis = 0; axis < 3; axis++) {
          const to = 3 * left.atom + axis
          gradient[to] = gradient[to]! + weight * block[(axis * half + f) * pair.functions + g]!
        }
      }
    }
  }
}

/** dE/dx of each atom in turn, x, y and z, in Ha/bohr; external charges stay where they are. */
export const gradient = (field: RestrictedMeanField): Effect.Effect<Float64Array, MeanFieldError> =>
  Effect.gen(function*() {
    const { molecule: { atomicNumbers, positions }, integrals: { orbitals, pointCharges, repulsion }, density } = field
    if (repulsion.kind !== "packed")
      return yield* MeanFieldError.of("gradient", "there is one for exact integrals alone, not for density fitting")
    const size = orbitals.count
    const found = new Float64Array(positions.length)
    for (const [i, one] of atomicNumbers.entries()) {
      for (const [j, other] of atomicNumbers.entries())
        if (i !== j) repel(found, one, other, positions, i, positions, j)
      const { charges, positions: places } = pointCharges ?? { charges: [], positions: [] }
      for (let k = 0; k < charges.length; k++) repel(found, one, charges[k]!, positions, i, places, k)
    }
    const setting: Setting = {
      size, density, weighted: energyWeighted(field, size), gradient: found, charges: pointCharges,
      nuclei: { charges: atomicNumbers, positions }
    }
    const pairs = shellPairs(orbitals)
    const bounds = schwarzBounds(pairs)
    yield* tracked({ name: "gradient", unit: "shells", total: orbitals.shells.length }, (tracker) =>
      Effect.forEach(orbitals.shells, (left) => Effect.gen(function*() {
        for (const right of orbitals.shells) {
          oneElectron(setting, left, right)
          twoElectron(setting, left, right, pairs, bounds)
          yield* Effect.yieldNow
        }
        yield* tracker.advance(1)
      }), { discard: true }))
    return found
  })
