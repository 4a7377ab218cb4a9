/**
 * Coupled cluster with single and double excitations of a closed shell (Purvis and Bartlett, J. Chem. Phys. 76, 1910
 * (1982), in the spin-adapted form of ccsd-equations.ts). One step divides the residual by differences of orbital
 * energies; DIIS combines the steps. It is compiled once, and a run that did not converge can be resumed from the
 * amplitudes that its error carries. The energy is additive over systems that do not interact.
 */
import { Data, Effect } from "effect"
import { Backend, building } from "../../../algebra/backend.ts"
import { add, arrange, divide, input } from "../../../algebra/tensor.ts"
import { tracked } from "../../../core/progress.ts"
import * as Equations from "./ccsd-equations.ts"
import { diis } from "../diis.ts"
import type { Hamiltonian } from "./hamiltonian.ts"
import { spaces, within } from "./hamiltonian.ts"
import { amplitudes, integrals, matrix, placeholders, upload } from "./indices.ts"
import { denominators, energyInputs, firstOrder, uploadEnergies } from "./perturbation.ts"

/** Values of t_i^a and t_ij^ab, row-major in the order i, a and i, j, a, b. */
export interface Doubles {
  readonly singles: Float64Array
  readonly doubles: Float64Array
}

/** The iterations ended before the amplitudes stood still; they can be gone on from. */
export class NotConverged extends Data.TaggedError("NotConverged")<{
  readonly method: string
  readonly iterations: number
  /** The length of the last change of the amplitudes. */
  readonly change: number
  readonly amplitudes: Doubles
  readonly message: string
}> {}

export interface Options {
  /** The length of the last change of the amplitudes; 1e-9 gives energies to about as many Ha. */
  readonly tolerance?: number
  readonly iterations?: number
  /** Steps that DIIS combines. */
  readonly space?: number
  /** Amplitudes to go on from. */
  readonly start?: Doubles
  /** A bound of the bytes in use; 4 GiB when left out. */
  readonly memory?: number
  /** The intermediates of the equations; a law puts a wrong one in. */
  readonly equations?: typeof Equations.intermediates
}

/** A converged state. */
export interface Solution {
  /** The correlation energy, in Ha. */
  readonly correlation: number
  readonly amplitudes: Doubles
  readonly iterations: number
}

/** Bytes that a calculation takes: the integrals by block and on the host, intermediates, and what DIIS holds. */
export const estimate = (of: Hamiltonian, space: number): number => {
  const { occupied, virtual } = spaces(of)
  return 8 * (2 * of.orbitals ** 4 + 3 * occupied * virtual ** 3 + (24 + 2 * space) * (occupied * virtual) ** 2)
}

const inputsOf = (of: Hamiltonian) => {
  const { occupied, virtual } = spaces(of)
  return {
    amplitudes: {
      singles: input<"f64", "i" | "a">("f64", { i: occupied, a: virtual }, "singles"),
      doubles: input<"f64", "i" | "j" | "a" | "b">(
        "f64", { i: occupied, j: occupied, a: virtual, b: virtual }, "doubles")
    },
    integrals: placeholders(of),
    energies: energyInputs(of)
  }
}

/** One step from amplitudes, the energy of those it started from, and the first step of all, from none. */
const steps = (
  { amplitudes: t, integrals: held, energies }: ReturnType<typeof inputsOf>, equations: typeof Equations.intermediates
) => {
  const terms = { ...integrals(matrix(held.one), held.two), ...amplitudes(t.singles, t.doubles) }
  const by = denominators(energies)
  const left = Equations.residual(terms, equations)
  const ordered = ({ singles, doubles }: Equations.Residual) =>
    ({ singles: arrange(singles, ["i", "a"]), doubles: arrange(doubles, ["i", "j", "a", "b"]) })
  return {
    first: ordered(firstOrder(terms, by)),
    next: ordered({
      singles: add(t.singles, divide(left.singles, by.singles)),
      doubles: add(t.doubles, divide(left.doubles, by.doubles))
    }),
    energy: Equations.energy(terms)
  }
}

const joined = ({ singles, doubles }: Doubles): Float64Array => {
  const all = new Float64Array(singles.length + doubles.length)
  all.set(singles)
  all.set(doubles, singles.length)
  return all
}

const length = (vector: Float64Array): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))

/** The coupled-cluster state of a Hamiltonian in any orbitals; canonical ones converge fastest. */
export const ccsd = (of: Hamiltonian, options: Options = {}) => Effect.scoped(Effect.gen(function* () {
  const { occupied, virtual } = spaces(of)
  const { tolerance = 1e-9, iterations = 100, space = 8 } = options
  const cut = occupied * virtual
  const parted = (all: Float64Array): Doubles => ({ singles: all.slice(0, cut), doubles: all.slice(cut) })
  if (virtual === 0) {
    const none: Solution = { correlation: 0, amplitudes: parted(new Float64Array(0)), iterations: 0 }
    return none
  }
  yield* within("ccsd", estimate(of, space), options.memory ?? 2 ** 32)
  const backend = yield* Backend
  const inputs = inputsOf(of)
  const { first, next, energy } = yield* building(() => steps(inputs, options.equations ?? Equations.intermediates))
  const starting = yield* backend.compile({ integrals: inputs.integrals, energies: inputs.energies }, first)
  const stepping = yield* backend.compile(inputs, next, { donate: ["amplitudes"] })
  const weighing = yield* backend.compile({ amplitudes: inputs.amplitudes, integrals: inputs.integrals }, { energy })
  const fixed = { integrals: yield* upload(of), energies: yield* uploadEnergies(of) }

  const put = (all: Float64Array) => {
    const { singles, doubles } = parted(all)
    return Effect.all({
      singles: backend.put("f64", { i: occupied, a: virtual }, singles),
      doubles: backend.put("f64", { i: occupied, j: occupied, a: virtual, b: virtual }, doubles)
    })
  }
  const start = options.start ?? (yield* Effect.scoped(Effect.gen(function* () {
    const { singles, doubles } = yield* starting.run(fixed)
    return { singles: (yield* backend.read(singles)).data, doubles: (yield* backend.read(doubles)).data }
  })))
  const step = (now: Float64Array) => Effect.scoped(Effect.gen(function* () {
    const { singles, doubles } = yield* stepping.run({ amplitudes: yield* put(now), ...fixed })
    return joined({ singles: (yield* backend.read(singles)).data, doubles: (yield* backend.read(doubles)).data })
  }))
  const weigh = (now: Float64Array) => Effect.scoped(Effect.gen(function* () {
    const { energy } = yield* weighing.run({ amplitudes: yield* put(now), integrals: fixed.integrals })
    const { data: [value = NaN] } = yield* backend.read(energy)
    return value
  }))

  return yield* tracked({ name: "ccsd", unit: "iterations" }, (tracker) => Effect.gen(function* () {
    const accelerate = diis(space)
    let now = joined(start)
    let change = Infinity
    for (let iteration = 1; iteration <= iterations; iteration++) {
      const stepped = yield* step(now)
      const error = stepped.map((value, index) => value - now[index]!)
      change = length(error)
      yield* tracker.advance(1, { figures: { change } })
      if (change <= tolerance) {
        const correlation = yield* weigh(stepped)
        return { correlation, amplitudes: parted(stepped), iterations: iteration } satisfies Solution
      }
      if (!Number.isFinite(change)) break
      now = accelerate.next(stepped, error)
    }
    return yield* new NotConverged({
      method: "ccsd", iterations, change, amplitudes: parted(now),
      message: `ccsd: the amplitudes still change by ${change.toExponential(1)} after ${iterations} iterations, `
        + `more than ${tolerance}; go on from the amplitudes of this error, or in better orbitals`
    })
  }))
}))
