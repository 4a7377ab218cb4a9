/**
 * Density fitting (Dunlap, Connolly, Sabin, J. Chem. Phys. 71, 3396 (1979); Weigend, Phys. Chem. Chem. Phys. 4, 4285
 * (2002)): (ij|kl) as a sum of B_P,ij B_P,kl, with B = L^-1 (P|ij) and L the Cholesky factor of (P|Q) over a basis set
 * of fitting functions. Far less is held than of the integrals themselves; the error is that of the fitting set.
 */
import { Data, Effect } from "effect"
import type { Tracker } from "../../../core/progress.ts"
import type { BasisSet } from "../basis.ts"
import type { Molecule } from "../molecule.ts"
import { fittingByKernels, mostDegree } from "./kernel/index.ts"
import type { Factored } from "./packed.ts"
import { pairCount } from "./packed.ts"
import type { ShellPair } from "./pairs.ts"
import { shellPair } from "./pairs.ts"
import type { Screened } from "./repulsion.ts"
import { quartet, schwarzBounds } from "./repulsion.ts"
import type { Shell } from "./shells.ts"
import { atomicOrbitals, unity } from "./shells.ts"

/** The fitting functions depend linearly on each other. */
export class FittingError extends Data.TaggedError("FittingError")<{
  readonly field: string
  readonly message: string
}> {}

/** (P|Q), row-major. */
const metric = (fitting: ReadonlyArray<ShellPair>, count: number): Float64Array => {
  const matrix = new Float64Array(count * count)
  const most = fitting.reduce((largest, { functions }) => Math.max(largest, functions), 0)
  const block = new Float64Array(most * most)
  for (const [at, left] of fitting.entries())
    for (const right of fitting.slice(0, at + 1)) {
      quartet(left, right, block)
      for (const [f, p] of left.left.orbitals.entries())
        for (const [g, q] of right.left.orbitals.entries())
          matrix[p * count + q] = matrix[q * count + p] = block[f * right.functions + g]!
    }
  return matrix
}

/** Turns the rows of `values`, `width` numbers each, into L^-1 times them while L is found; which row fails, or -1. */
const forward = (matrix: Float64Array, count: number, values: Float64Array, width: number): number => {
  for (let p = 0; p < count; p++) {
    for (let q = 0; q <= p; q++) {
      let sum = matrix[p * count + q]!
      for (let r = 0; r < q; r++) sum -= matrix[p * count + r]! * matrix[q * count + r]!
      if (q === p && !(sum > 1e-14)) return p
      matrix[p * count + q] = q === p ? Math.sqrt(sum) : sum / matrix[q * (count + 1)]!
    }
    const row = values.subarray(p * width, (p + 1) * width)
    for (let q = 0; q < p; q++) {
      const factor = matrix[p * count + q]!
      if (Math.abs(factor) < 1e-16) continue
      const other = values.subarray(q * width, (q + 1) * width)
      for (let at = 0; at < width; at++) row[at] = row[at]! - factor * other[at]!
    }
    const scale = 1 / matrix[p * (count + 1)]!
    for (let at = 0; at < width; at++) row[at] = row[at]! * scale
  }
  return -1
}

/** (P|ij) of the shells that no kernel is written for, by plain code. */
const remaining = (
  fitting: ReadonlyArray<ShellPair>, { pairs, orbitals }: Screened, width: number, values: Float64Array
): void => {
  for (const [at, pair] of pairs.entries())
    for (const single of fitting) {
      if (pair.degree <= mostDegree && single.degree <= mostDegree) continue
      const block = new Float64Array(single.functions * pair.functions)
      quartet(single, pair, block)
      for (const [f, p] of single.left.orbitals.entries())
        for (const [g, ij] of orbitals[at]!.entries()) values[p * width + ij] = block[f * pair.functions + g]!
    }
}

/** How many fitting functions a molecule has. */
export const fittingCount = (molecule: Molecule, basis: BasisSet): number => atomicOrbitals(molecule, basis).count

/** The fitted repulsion over `size` orbitals. */
export const fitted = (
  molecule: Molecule, basis: BasisSet, screened: Screened, size: number, threads: number, tracker: Tracker
): Effect.Effect<Factored, FittingError> => Effect.gen(function*() {
  const { shells, count } = atomicOrbitals(molecule, basis)
  const fitting = shells.map((shell: Shell) => shellPair(shell, unity))
  const bounds = schwarzBounds(fitting)
  const order = Array.from(fitting.keys()).sort((a, b) => bounds[b]! - bounds[a]!)
  const sorted = { pairs: order.map((at) => fitting[at]!), bounds: Float64Array.from(order, (at) => bounds[at]!) }
  const width = pairCount(size)
  const vectors = yield* Effect.orDie(fittingByKernels(sorted, count, screened, size, threads, tracker))
  remaining(fitting, screened, width, vectors)
  yield* Effect.yieldNow
  const failed = forward(metric(fitting, count), count, vectors, width)
  if (failed >= 0) return yield* new FittingError({
    field: "fitting",
    message: `${basis.name}: fitting function ${failed + 1} of ${count} depends linearly on the others`
  })
  return { kind: "factored", size, rank: count, vectors }
})
