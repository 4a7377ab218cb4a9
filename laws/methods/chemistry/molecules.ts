/** Molecules that chemistry's laws are held on, the reference of PySCF, and how a law runs chemistry on a backend. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import type { Effect, FileSystem } from "effect"
import { Layer, ManagedRuntime } from "effect"
import fc from "fast-check"
import { afterAll } from "vitest"
import type { Backend } from "../../../src/algebra/backend.ts"
import * as Cpu from "../../../src/algebra/backends/cpu/index.ts"
import { angstromPerBohr, type Geometry, type Molecule } from "../../../src/methods/chemistry/molecule.ts"
import pyscf from "./reference/pyscf.json" with { type: "json" }

/** What PySCF says; scripts/make-chemistry-reference.py makes it. */
export const reference = pyscf

/** Runs chemistry for the file of laws that asks for it. */
export const chemistry = () => {
  const runtime = ManagedRuntime.make(Layer.merge(NodeServices.layer, Cpu.layerWith({ threads: 1 })))
  afterAll(() => runtime.dispose())
  return <A, E>(effect: Effect.Effect<A, E, Backend | FileSystem.FileSystem>): Promise<A> => runtime.runPromise(effect)
}

/** A geometry as the reference writes it, atoms between semicolons. */
export const geometry = (text: string): Geometry & { readonly coordinates: ReadonlyArray<number> } => {
  const atoms = text.split(";").map((atom) => atom.trim().split(/\s+/))
  return {
    symbols: atoms.map(([symbol = ""]) => symbol),
    coordinates: atoms.flatMap((atom) => atom.slice(1).map(Number))
  }
}

/** The geometry of a molecule of the reference. */
export const geometryOf = (name: string) =>
  geometry(Object.entries(reference.geometries).find(([key]) => key === name)?.[1] ?? "")

const water = geometryOf("H2O")

/** Water with every atom moved a little, in bohr. */
export const distortedWater: fc.Arbitrary<Molecule> =
  fc.array(fc.double({ min: -0.25, max: 0.25, noNaN: true }), { minLength: 9, maxLength: 9 }).map((moved) => ({
    atomicNumbers: [8, 1, 1],
    positions: Float64Array.from(water.coordinates, (x, at) => x / angstromPerBohr + (moved[at] ?? 0)),
    charge: 0,
    multiplicity: 1
  }))

/** A rotation matrix, row-major, from a quaternion. */
export const rotation: fc.Arbitrary<ReadonlyArray<number>> =
  fc.tuple(...[0, 1, 2, 3].map(() => fc.double({ min: -1, max: 1, noNaN: true })))
    .map((q) => q.map(Number))
    .filter((q) => Math.hypot(...q) > 0.1)
    .map((q) => {
      const [w = 1, x = 0, y = 0, z = 0] = q.map((part) => part / Math.hypot(...q))
      return [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)
      ]
    })

/** A molecule rotated, then shifted. */
export const moved = (molecule: Molecule, turn: ReadonlyArray<number>, shift: ReadonlyArray<number>): Molecule => ({
  ...molecule,
  positions: molecule.positions.map((_, at) => {
    const row = at % 3
    const from = at - row
    return (shift[row] ?? 0) + [0, 1, 2].reduce((sum, column) =>
      sum + (turn[3 * row + column] ?? 0) * (molecule.positions[from + column] ?? 0), 0)
  })
})

/** A molecule with its atoms in another order: atom i of the new is atom `order[i]` of the old. */
export const reordered = (molecule: Molecule, order: ReadonlyArray<number>): Molecule => ({
  ...molecule,
  atomicNumbers: order.map((atom) => molecule.atomicNumbers[atom] ?? 0),
  positions: Float64Array.from(order.flatMap((atom) => Array.from(molecule.positions.subarray(3 * atom, 3 * atom + 3))))
})

/** The largest deviation of two lists of numbers. */
export const apart = (left: ArrayLike<number>, right: ArrayLike<number>): number => {
  let worst = left.length === right.length ? 0 : Infinity
  for (let at = 0; at < left.length; at++) {
    const deviation = Math.abs((left[at] ?? NaN) - (right[at] ?? NaN))
    worst = deviation <= worst ? worst : Number.isNaN(deviation) ? Infinity : deviation
  }
  return worst
}
