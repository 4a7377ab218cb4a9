/**
 * The Hamiltonian over molecular orbitals: integrals of a mean field transformed by its coefficients, two indices at a
 * time over named axes, with frozen orbitals folded into an effective field. What correlation methods start from; its
 * reference determinant has the energy of the mean field.
 */
import { Effect } from "effect"
import type { ShapeError } from "../../algebra/axis.ts"
import type { BackendError } from "../../algebra/backend.ts"
import { Backend, building } from "../../algebra/backend.ts"
import * as T from "../../algebra/tensor.ts"
import { tracked } from "../../core/progress.ts"
import type { Hamiltonian } from "./correlation/hamiltonian.ts"
import { defaultMemory, MemoryEstimate } from "./integrals/integrals.ts"
import type { Factored, Packed, Repulsion } from "./integrals/packed.ts"
import { pairCount, pairIndex } from "./integrals/packed.ts"
import type { RestrictedMeanField } from "./mean-field.ts"
import { fockMatrix } from "./mean-field/coulomb-exchange.ts"
import { multiply, trace, transpose } from "./mean-field/dense.ts"
import { MeanFieldError } from "./mean-field/restricted.ts"
import type { Molecule } from "./molecule.ts"

/** Which orbitals are correlated. */
export interface Window {
  /** The lowest doubly occupied orbitals, which are folded into the core; none by default. */
  readonly frozen?: number
  /** Orbitals kept after them; all by default. */
  readonly active?: number
  /** Bytes that may be taken; half of the machine's memory by default. */
  readonly memory?: number
}

/** The orbitals of inner shells, which a frozen core leaves out: 1 from lithium on, 5 from sodium, 9 from potassium. */
export const coreOrbitals = ({ atomicNumbers }: Molecule): number =>
  atomicNumbers.reduce((sum, z) => sum + (z < 3 ? 0 : z < 11 ? 1 : z < 19 ? 5 : 9), 0)

const chunk = 64

/** The program that turns `chunk` symmetric matrices over atomic orbitals into ones over molecular orbitals. */
const turning = (size: number, count: number) => {
  const matrices = T.input("f64", { pair: chunk, k: size, l: size }, "matrices")
  const coefficients = T.input("f64", { k: size, r: count }, "coefficients")
  const half = T.contract(matrices, coefficients, "k")
  const turned = T.contract(half, T.rename(coefficients, { k: "l", r: "s" }), "l")
  return { inputs: { matrices, coefficients }, outputs: { turned: T.arrange(turned, ["pair", "r", "s"]) } }
}

/** sum_P B_P,pq B_P,rs, over whole pairs. */
const product = (rank: number, count: number) => {
  const left = T.input("f64", { rank, pq: count * count }, "left")
  return { inputs: { left }, outputs: {
    integrals: T.arrange(T.contract(left, T.rename(left, { pq: "rs" }), "rank"), ["pq", "rs"])
  } }
}

/** (pq|rs) from fitted integrals. */
const transformFactored = (
  { size, rank, vectors }: Factored, coefficients: Float64Array, count: number
): Effect.Effect<Float64Array, BackendError | ShapeError, Backend> =>
  tracked({ name: "integral transformation", unit: "fitting functions", total: rank }, (tracker) =>
    Effect.scoped(Effect.gen(function*() {
      const backend = yield* Backend
      const turn = yield* building(() => turning(size, count))
      const turner = yield* backend.compile(turn.inputs, turn.outputs)
      const columns = yield* backend.put("f64", { k: size, r: count }, coefficients)
      const square = count * count
      const turned = new Float64Array(rank * square)
      const block = new Float64Array(chunk * size * size)
      for (let start = 0; start < rank; start += chunk) {
        const rows = Math.min(chunk, rank - start)
        for (let row = 0, at = start * pairCount(size); row < rows; row++)
          for (let k = 0; k < size; k++)
            for (let l = 0; l <= k; l++, at++)
              block[(row * size + k) * size + l] = block[(row * size + l) * size + k] = vectors[at]!
        const found = yield* Effect.scoped(Effect.gen(function*() {
          const matrices = yield* backend.put("f64", { pair: chunk, k: size, l: size }, block)
          return (yield* backend.read((yield* turner.run({ matrices, coefficients: columns })).turned)).data
        }))
        turned.set(found.subarray(0, rows * square), start * square)
        yield* tracker.advance(rows)
        yield* Effect.yieldNow
      }
      const { inputs, outputs } = yield* building(() => product(rank, count))
      const program = yield* backend.compile(inputs, outputs)
      const left = yield* backend.put("f64", { rank, pq: square }, turned)
      return (yield* backend.read((yield* program.run({ left })).integrals)).data
    })))

/** (pq|rs) over `count` molecular orbitals, columns of `coefficients`; row-major, all permutations. */
export const transform = (
  repulsion: Repulsion, coefficients: Float64Array, count: number
): Effect.Effect<Float64Array, BackendError | ShapeError, Backend> =>
  repulsion.kind === "packed"
    ? transformPacked(repulsion, coefficients, count)
    : transformFactored(repulsion, coefficients, count)

const transformPacked = (
  { size, values }: Packed, coefficients: Float64Array, count: number
): Effect.Effect<Float64Array, BackendError | ShapeError, Backend> =>
  tracked({ name: "integral transformation", unit: "pairs", total: pairCount(size) + pairCount(count) }, (tracker) =>
    Effect.scoped(Effect.gen(function*() {
      const backend = yield* Backend
      const { inputs, outputs } = yield* building(() => turning(size, count))
      const program = yield* backend.compile(inputs, outputs)
      const columns = yield* backend.put("f64", { k: size, r: count }, coefficients)
      /** Turns matrix after matrix, `rows` of them: `at` reads element kl of a row, `to` takes the turned matrix. */
      const turn = (
        rows: number, at: (row: number, kl: number) => number,
        to: (row: number, turned: Float64Array, from: number) => void
      ) => Effect.gen(function*() {
        const block = new Float64Array(chunk * size * size)
        for (let start = 0; start < rows; start += chunk) {
          const end = Math.min(rows, start + chunk)
          for (let row = start; row < end; row++)
            for (let k = 0, kl = 0; k < size; k++)
              for (let l = 0; l <= k; l++, kl++) {
                const value = at(row, kl)
                block[((row - start) * size + k) * size + l] = value
                block[((row - start) * size + l) * size + k] = value
              }
          const turned = yield* Effect.scoped(Effect.gen(function*() {
            const matrices = yield* backend.put("f64", { pair: chunk, k: size, l: size }, block)
            const result = yield* program.run({ matrices, coefficients: columns })
            return (yield* backend.read(result.turned)).data
          }))
          for (let row = start; row < end; row++) to(row, turned, (row - start) * count * count)
          yield* tracker.advance(end - start)
          yield* Effect.yieldNow
        }
      })
      const packed = pairCount(count)
      const half = new Float64Array(pairCount(size) * packed)
      yield* turn(pairCount(size), (ij, kl) => values[pairIndex(ij, kl)]!, (ij, turned, from) => {
        for (let r = 0, rs = 0; r < count; r++)
          for (let s = 0; s <= r; s++, rs++) half[ij * packed + rs] = turned[from + r * count + s]!
      })
      const square = count * count
      const full = new Float64Array(square * square)
      yield* turn(packed, (rs, ij) => half[ij * packed + rs]!, (rs, turned, from) => {
        const r = Math.floor((Math.sqrt(8 * rs + 1) - 1) / 2)
        const s = rs - r * (r + 1) / 2
        for (let pq = 0; pq < square; pq++)
          full[pq * square + r * count + s] = full[pq * square + s * count + r] = turned[from + pq]!
      })
      return full
    })))

/** The Hamiltonian over the orbitals of a mean field, all or a window of them. */
export const molecularHamiltonian = (
  field: RestrictedMeanField, { frozen = 0, active, memory = defaultMemory }: Window = {}
): Effect.Effect<Hamiltonian, MeanFieldError | MemoryEstimate | BackendError | ShapeError, Backend> =>
  Effect.gen(function*() {
    const { integrals, occupied, orbitalCoefficients, orbitalEnergies } = field
    const { coreHamiltonian, repulsion, orbitals: { count: size } } = integrals
    const all = orbitalEnergies.length
    const count = active ?? all - frozen
    if (!Number.isInteger(frozen) || frozen < 0 || frozen >= occupied)
      return yield* MeanFieldError.of("frozen", `expected a whole number from 0 to ${occupied - 1}, got ${frozen}`)
    if (!Number.isInteger(count) || count < occupied - frozen || count > all - frozen)
      return yield* MeanFieldError.of(
        "active", `expected a whole number from ${occupied - frozen} to ${all - frozen}, got ${count}`
      )
    yield* MemoryEstimate.check(
      `Hamiltonian over ${count} orbitals`, 8 * (count ** 4 + pairCount(size) * pairCount(count)), memory
    )
    const columns = (from: number, width: number): Float64Array =>
      Float64Array.from({ length: size * width }, (_, at) =>
        orbitalCoefficients[Math.floor(at / width) * all + from + at % width]!)
    const inner = columns(0, frozen)
    const density = multiply(inner, transpose(inner, size, frozen), size, frozen, size).map((value) => 2 * value)
    const effective = frozen === 0 ? coreHamiltonian : yield* fockMatrix(coreHamiltonian, repulsion, density)
    const coefficients = columns(frozen, count)
    const half = multiply(effective, coefficients, size, size, count)
    return {
      orbitals: count,
      electrons: 2 * (occupied - frozen),
      core: integrals.nuclearRepulsion + 0.5 * (trace(density, coreHamiltonian) + trace(density, effective)),
      oneBody: multiply(transpose(coefficients, size, count), half, count, size, count),
      twoBody: yield* transform(repulsion, coefficients, count)
    }
  })
