/**
 * Full configuration interaction: the exact lowest states of a Hamiltonian in its orbitals, for as many electrons of
 * either spin (Knowles and Handy, Chem. Phys. Lett. 111, 315 (1984)). Their energies are unchanged by every rotation of
 * the orbitals, add up over systems that do not interact, and never lie above those of a variational method.
 */
import { Data, Effect } from "effect"
import { cores } from "../../../algebra/backends/cpu/machine.ts"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import * as Key from "../../../core/key.ts"
import { tracked } from "../../../core/progress.ts"
import { davidson, held } from "./davidson.ts"
import type { Hamiltonian } from "./hamiltonian.ts"
import { within } from "./hamiltonian.ts"
import type { Operator, Parity } from "./sigma.ts"
import { kernelBytes, operatorByKernel } from "./kernel/index.ts"
import { plain, prepared } from "./sigma.ts"
import type { Strings } from "./strings.ts"
import { binomial, mostOrbitals, strings } from "./strings.ts"

/** A setting that no calculation can have; names the field. */
export class FciError extends Data.TaggedError("FciError")<{ readonly field: string; readonly message: string }> {}

export interface Options {
  /** How many states; 1 when left out. */
  readonly roots?: number
  /** Even (1) or odd (-1) under exchange of the spins: singlets and quintets, or triplets. */
  readonly parity?: Parity
  /** Length of a residual, in Ha. */
  readonly tolerance?: number
  readonly iterations?: number
  /** A bound of the bytes in use; 4 GiB when left out. */
  readonly memory?: number
  /** Threads, where there are many strings; the machine's cores by default. */
  readonly threads?: number
  /** Vectors to start from. */
  readonly start?: ReadonlyArray<Float64Array>
}

/** An eigenstate: C(alpha, beta) over pairs of strings, row-major, of length one. */
export interface State {
  /** The total energy, in Ha. */
  readonly energy: number
  readonly vector: Float64Array
  readonly strings: Strings
}

/** Strings from which on the kernel's start is worth its while, and threads theirs. */
const [many, more] = [60, 300]

/** Bytes of a calculation. */
export const estimate = ({ orbitals, electrons }: Hamiltonian, roots: number): number => {
  const count = binomial(orbitals, electrons / 2)
  const width = (electrons / 2) * (orbitals - electrons / 2 + 1)
  return 8 * (count ** 2 * (held(roots) + 2) + orbitals ** 4) + count * width * (24 + 6 * width)
    + (count < many ? 0 : kernelBytes(count, width, count * width * width / 4))
}

/** Determinants with alpha at or after beta: what a vector of a parity is free in. */
const free = (size: number, parity: Parity): ReadonlyArray<readonly [number, number]> =>
  Array.from({ length: size }, (_, alpha) => Array.from({ length: parity === 1 ? alpha + 1 : alpha }, (_, beta) =>
    [alpha, beta] as const)).flat()

const unit = (size: number, parity: Parity, [alpha, beta]: readonly [number, number]): Float64Array => {
  const vector = new Float64Array(size * size)
  if (alpha === beta) vector[alpha * size + beta] = 1
  else {
    vector[alpha * size + beta] = Math.SQRT1_2
    vector[beta * size + alpha] = parity * Math.SQRT1_2
  }
  return vector
}

/** Below this many free coefficients the matrix is diagonalised as a whole. */
const small = 120

const dense = ({ apply }: Operator, size: number, parity: Parity, roots: number) => {
  const basis = free(size, parity).map((pair) => unit(size, parity, pair))
  const n = basis.length
  const data = new Float64Array(n * n)
  basis.forEach((right, column) => {
    const image = apply(right)
    basis.forEach((left, row) => {
      data[row * n + column] = left.reduce((sum, value, index) => sum + value * image[index]!, 0)
    })
  })
  const { values, vectors } = eigh({ rows: n, columns: n, data })
  return Array.from({ length: roots }, (_, root) => {
    const vector = new Float64Array(size * size)
    basis.forEach((each, row) => each.forEach((value, index) => {
      if (value !== 0) vector[index] = vector[index]! + value * vectors.data[row * n + root]!
    }))
    return { value: values.data[root] ?? NaN, vector }
  })
}

/**
 * The determinants of lowest energy, each with a little of everything, so that no state is missed for its symmetry.
 */
const guesses = (diagonal: Float64Array, size: number, parity: Parity, count: number): ReadonlyArray<Float64Array> => {
  const lowest: Array<readonly [number, number]> = []
  const energy = ([alpha, beta]: readonly [number, number]): number => diagonal[alpha * size + beta]!
  for (let alpha = 0; alpha < size; alpha++)
    for (let beta = 0; beta < (parity === 1 ? alpha + 1 : alpha); beta++) {
      const last = lowest.at(-1)
      if (lowest.length === count && last !== undefined && energy([alpha, beta]) >= energy(last)) continue
      lowest.push([alpha, beta])
      lowest.sort((left, right) => energy(left) - energy(right))
      if (lowest.length > count) lowest.pop()
    }
  return lowest.map((pair, index) => {
    const vector = unit(size, parity, pair)
    const noise = Key.normal(Key.fold(Key.make(0), index), size)
    for (let alpha = 0; alpha < size; alpha++)
      for (let beta = 0; beta < size; beta++) {
        const [left, right] = [noise[alpha]! * Math.cos(beta + 1), noise[beta]! * Math.cos(alpha + 1)]
        vector[alpha * size + beta] = vector[alpha * size + beta]! + 1e-3 / size * (left + parity * right)
      }
    return vector
  })
}

/** The lowest states of a parity, ascending in energy. */
export const fci = (of: Hamiltonian, options: Options = {}) => Effect.gen(function* () {
  const { roots = 1, parity = 1, tolerance = 1e-8, iterations = 200 } = options
  const { orbitals, electrons, core } = of
  if (orbitals > mostOrbitals)
    return yield* new FciError({
      field: "orbitals", message: `fci: ${orbitals} orbitals are more than ${mostOrbitals}`
    })
  yield* within("fci", estimate(of, roots), options.memory ?? 2 ** 32)
  const size = binomial(orbitals, electrons / 2)
  const dimension = size * (size + parity) / 2
  if (!Number.isInteger(roots) || roots < 1 || roots > dimension)
    return yield* new FciError({
      field: "roots", message: `fci: ${roots} roots of a problem of dimension ${dimension}`
    })
  return yield* tracked({ name: "fci", unit: "iterations" }, (tracker) => Effect.scoped(Effect.gen(function* () {
    const over = strings(orbitals, electrons / 2)
    const { threads = cores() } = options
    const parts = prepared(of, over)
    const hamiltonian = size < many ? plain(parts, parity)
      : yield* operatorByKernel(parts, parity, size < more ? 1 : threads)
    const start = options.start ?? guesses(hamiltonian.diagonal, size, parity, roots === 1 ? 1 : roots + 2)
    const found = dimension <= small
      ? dense(hamiltonian, size, parity, roots)
      : yield* davidson({ ...hamiltonian, start, roots, tolerance, iterations }, tracker)
    return found.map(({ value, vector }): State => ({ energy: value + core, vector, strings: over }))
  })))
})
