/**
 * The integrals that a mean field of a molecule needs, over atomic orbitals. Memory is estimated before any of it is
 * asked for. Laws: laws/methods/chemistry/integrals/.
 */
import { Clock, Data, Effect } from "effect"
import { cores, memoryBytes } from "../../../algebra/backends/cpu/machine.ts"
import { tracked } from "../../../core/progress.ts"
import type { BasisError, BasisSet } from "../basis.ts"
import { covers } from "../basis.ts"
import type { Molecule } from "../molecule.ts"
import { nuclearRepulsion } from "../molecule.ts"
import type { PointCharges } from "./one-electron.ts"
import { attraction, dipole, overlap } from "./one-electron.ts"
import { kinetic } from "./kinetic.ts"
import type { Repulsion } from "./packed.ts"
import { packedBytes, pairCount } from "./packed.ts"
import { shellPairs } from "./pairs.ts"
import type { FittingError } from "./fitting.ts"
import { fitted, fittingCount } from "./fitting.ts"
import { holds, repulsionByKernels } from "./kernel/index.ts"
import type { Screened } from "./repulsion.ts"
import { fillRow, room, screened } from "./repulsion.ts"
import type { AtomicOrbitals } from "./shells.ts"
import { atomicOrbitals } from "./shells.ts"

/** What was asked for would not fit in the memory allowed; refused before any is taken. */
export class MemoryEstimate extends Data.TaggedError("MemoryEstimate")<{
  readonly field: string
  readonly bytes: number
  readonly allowed: number
  readonly message: string
}> {
  static readonly check = (field: string, bytes: number, allowed: number): Effect.Effect<void, MemoryEstimate> => {
    const gigabytes = (count: number): string => `${(count / 2 ** 30).toPrecision(3)} GiB`
    return bytes <= allowed ? Effect.void : Effect.fail(new MemoryEstimate({
      field, bytes, allowed,
      message: `${field}: about ${gigabytes(bytes)} of memory are needed, ${gigabytes(allowed)} are allowed`
    }))
  }
}

/** Half of the machine's memory: what integrals may take unless told. */
export const defaultMemory = memoryBytes() / 2

export interface IntegralOptions {
  /** Cartesian d, f, ... functions in place of real spherical harmonics (the default). */
  readonly cartesian?: boolean
  /** Charges around the molecule, which attract electrons and repel nuclei. */
  readonly pointCharges?: PointCharges
  /** Bytes that may be taken; half of the machine's memory by default. */
  readonly memory?: number
  /** The basis set that products of orbitals are fitted in; without it the repulsion integrals are exact. */
  readonly fitting?: BasisSet
  /** Threads for the repulsion integrals, where there are many; the machine's cores by default. */
  readonly threads?: number
}

/** Integrals over `orbitals.count` atomic orbitals; matrices are row-major, energies in Ha. */
export interface Integrals {
  readonly orbitals: AtomicOrbitals
  readonly overlap: Float64Array
  /** Kinetic energy and attraction by nuclei and point charges. */
  readonly coreHamiltonian: Float64Array
  /** (i| x |j), (i| y |j), (i| z |j), from the origin. */
  readonly dipole: readonly [Float64Array, Float64Array, Float64Array]
  readonly repulsion: Repulsion
  /** Repulsion of the nuclei among themselves and with the point charges. */
  readonly nuclearRepulsion: number
  readonly pointCharges: PointCharges | undefined
}

/** The repulsion of the nuclei by point charges, in Ha. */
const chargeRepulsion = ({ atomicNumbers, positions }: Molecule, given: PointCharges): number => {
  let total = 0
  for (const [atom, number] of atomicNumbers.entries())
    for (let c = 0; c < given.charges.length; c++)
      total += number * given.charges[c]! / Math.hypot(...[0, 1, 2].map((axis) =>
        positions[3 * atom + axis]! - given.positions[3 * c + axis]!))
  return total
}

/** Below about so many multiplications, compiling kernels and starting threads takes longer than it saves. */
const [few, fewer] = [1e9, 2e7]

/** Repulsion integrals over `size` orbitals, by plain code where they are few. */
const packedRepulsion = (of: Screened, size: number, threads: number) => {
  const { pairs } = of
  const work = pairs.reduce((sum, { primitives, hermites }) => sum + primitives * hermites, 0) ** 2 / 2
  return tracked({ name: "repulsion integrals", unit: "pairs of shells", total: pairs.length }, (tracker) =>
    work >= fewer && holds(packedBytes(size))
      ? Effect.orDie(repulsionByKernels(of, size, work < few ? 1 : threads, tracker))
      : Effect.gen(function*() {
        const repulsion = room(size)
        let told = yield* Clock.currentTimeMillis
        for (let at = 0; at < pairs.length; at++) {
          fillRow(of, at, repulsion)
          const now = yield* Clock.currentTimeMillis
          if (now - told < 50 && at + 1 < pairs.length) continue
          told = now
          yield* tracker.moveTo(at + 1)
          yield* Effect.yieldNow
        }
        return repulsion
      }))
}

/** All integrals of a molecule in a basis set. */
export const integralsOf = (
  molecule: Molecule, basis: BasisSet, {
    cartesian = false, pointCharges, memory = defaultMemory, fitting, threads = cores()
  }: IntegralOptions = {}
): Effect.Effect<Integrals, BasisError | MemoryEstimate | FittingError> => Effect.gen(function*() {
  yield* covers(basis, molecule)
  if (fitting !== undefined) yield* covers(fitting, molecule)
  const orbitals = atomicOrbitals(molecule, basis, cartesian)
  const size = orbitals.count
  const matrices = 160 * size ** 2
  yield* fitting === undefined
    ? MemoryEstimate.check(`repulsion integrals over ${size} orbitals`, packedBytes(size) + matrices, memory)
    : MemoryEstimate.check(
      `fitted integrals over ${size} orbitals`, 8 * fittingCount(molecule, fitting) * pairCount(size) + matrices, memory
    )
  const pairs = shellPairs(orbitals)
  const energy = kinetic(pairs, size)
  const nuclei = attraction(pairs, size, { charges: molecule.atomicNumbers, positions: molecule.positions })
  const around = pointCharges === undefined ? undefined : attraction(pairs, size, pointCharges)
  const repulsion = fitting === undefined
    ? yield* packedRepulsion(screened(pairs), size, threads)
    : yield* tracked({ name: "fitting", unit: "pairs of shells", total: pairs.length }, (tracker) =>
      fitted(molecule, fitting, screened(pairs), size, threads, tracker))
  return {
    orbitals,
    pointCharges,
    overlap: overlap(pairs, size),
    coreHamiltonian: energy.map((value, at) => value + nuclei[at]! + (around?.[at] ?? 0)),
    dipole: dipole(pairs, size),
    repulsion,
    nuclearRepulsion: nuclearRepulsion(molecule)
      + (pointCharges === undefined ? 0 : chargeRepulsion(molecule, pointCharges))
  }
})
