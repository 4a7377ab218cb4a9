/**
 * How the densities of the fragments' mean fields answer to the matching potentials, by coupled-perturbed Hartree-Fock
 * (Pople, Krishnan, Schlegel and Binkley, Int. J. Quantum Chem. 16, 225 (1979)): the Jacobian that the matching starts
 * from. Held to finite differences of the mean fields.
 */
import { Effect } from "effect"
import { cholesky } from "../../../algebra/backends/factorisation/cholesky.ts"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import { tracked } from "../../../core/progress.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import type { MeanFieldState } from "../mean-field/restricted.ts"
import type { FragmentProblem } from "./fragment-problem.ts"
import { fragmentField, fragmentHamiltonian } from "./fragment-solution.ts"
import type { Condition, Potentials } from "./matching.ts"
import { potentialOn } from "./matching.ts"

/** Solves A x = b for a symmetric A, which is positive where the mean field is a minimum. */
const solverOf = (a: Float64Array, n: number): ((b: Float64Array) => Float64Array) => {
  const { data: l } = cholesky({ rows: n, columns: n, data: a })
  if (l.every(Number.isFinite)) return (b) => {
    const x = b.slice()
    for (let i = 0; i < n; i++) {
      let rest = x[i]!
      for (let j = 0; j < i; j++) rest -= l[i * n + j]! * x[j]!
      x[i] = rest / l[i * (n + 1)]!
    }
    for (let i = n - 1; i >= 0; i--) {
      const value = x[i]! / l[i * (n + 1)]!
      x[i] = value
      for (let j = 0; j < i; j++) x[j] = x[j]! - l[i * n + j]! * value
    }
    return x
  }
  const { values, vectors } = eigh({ rows: n, columns: n, data: a })
  return (b) => {
    const x = new Float64Array(n)
    for (let k = 0; k < n; k++) {
      let along = 0
      for (let i = 0; i < n; i++) along += vectors.data[i * n + k]! * b[i]!
      along /= values.data[k]!
      for (let i = 0; i < n; i++) x[i] = x[i]! + along * vectors.data[i * n + k]!
    }
    return x
  }
}

/**
 * From a symmetric perturbation of the one-body part to the change of the density of one spin: with
 * A_ia,jb = (e_a - e_i) + 4 (ia|jb) - (ib|ja) - (ij|ab) and A U = b, dP = -(C_o U C_v^T + its transpose).
 */
export const densityResponse = (
  { electrons, orbitals: n, twoBody: v }: Hamiltonian, { orbitalCoefficients: c, orbitalEnergies }: MeanFieldState
): ((perturbation: Float64Array) => Float64Array) => {
  const occupied = electrons / 2
  const virtual = n - occupied
  const size = occupied * virtual
  const integral = (p: number, q: number, r: number, s: number): number => v[((p * n + q) * n + r) * n + s]!
  const hessian = new Float64Array(size * size)
  for (let i = 0, row = 0; i < occupied; i++)
    for (let a = occupied; a < n; a++, row++)
      for (let j = 0, column = 0; j < occupied; j++)
        for (let b = occupied; b < n; b++, column++)
          hessian[row * size + column] = 4 * integral(i, a, j, b) - integral(i, b, j, a) - integral(i, j, a, b)
            + (row === column ? orbitalEnergies[a]! - orbitalEnergies[i]! : 0)
  const solve = solverOf(hessian, size)
  return (perturbation) => {
    const right = new Float64Array(size)
    for (let p = 0; p < n; p++)
      for (let q = 0; q < n; q++) {
        const value = perturbation[p * n + q]!
        if (value === 0) continue
        for (let i = 0; i < occupied; i++)
          for (let a = 0; a < virtual; a++)
            right[i * virtual + a] = right[i * virtual + a]! + value * c[p * n + i]! * c[q * n + occupied + a]!
      }
    const u = solve(right)
    const change = new Float64Array(n * n)
    for (let q = 0; q < n; q++)
      for (let i = 0; i < occupied; i++) {
        let along = 0
        for (let a = 0; a < virtual; a++) along += u[i * virtual + a]! * c[q * n + occupied + a]!
        for (let p = 0; p < n; p++) {
          const value = along * c[p * n + i]!
          change[p * n + q] = change[p * n + q]! - value
          change[q * n + p] = change[q * n + p]! - value
        }
      }
    return change
  }
}

/** d(disagreement of the mean fields)/d(unknowns), row-major, at `unknowns`. */
export const jacobian = (
  fragments: ReadonlyArray<FragmentProblem>, all: ReadonlyArray<Condition>, unknowns: Potentials
) => tracked({ name: "response", unit: "fragments", total: fragments.length }, (tracker) => Effect.gen(function*() {
  const count = all.length + 1
  const found = new Float64Array(count * count)
  for (const [at, problem] of fragments.entries()) {
    const potential = potentialOn(at, problem, all, unknowns)
    const field = yield* fragmentField(problem, potential)
    const respond = densityResponse(yield* fragmentHamiltonian(problem, field, potential), field)
    const n = problem.orbitals
    const rows = all.flatMap(({ fragment, here, reference, there }, row) => [
      ...(fragment === at ? [{ row, place: here[0] * n + here[1], sign: 1 }] : []),
      ...(reference === at ? [{ row, place: there[0] * n + there[1], sign: -1 }] : [])
    ])
    for (let column = 0; column < count; column++) {
      if (column < all.length && all[column]!.fragment !== at) continue
      const direction = new Float64Array(count)
      direction[column] = 1
      const change = respond(potentialOn(at, problem, all, direction))
      for (const { row, place, sign } of rows)
        found[row * count + column] = found[row * count + column]! + sign * change[place]!
      const last = (count - 1) * count + column
      for (const i of problem.centres) found[last] = found[last]! + change[i * (n + 1)]!
    }
    yield* tracker.advance()
    yield* Effect.yieldNow
  }
  return found
}))
