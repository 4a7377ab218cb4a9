/**
 * Two-electron integrals of a fragment over the orbitals of its mean field, and the energy of pairs of electrons by the
 * orbital that one of them is in, as contractions over named axes. An orthogonal change of orbitals changes no energy.
 */
import { Effect } from "effect"
import { Backend, building } from "../../../algebra/backend.ts"
import * as T from "../../../algebra/tensor.ts"

const four = (n: number, name: string) => T.input("f64", { p: n, q: n, r: n, s: n }, name)

/** (ab|cd) = sum over pqrs of C_pa C_qb C_rc C_sd (pq|rs). */
const turning = (n: number) => {
  const integrals = four(n, "integrals")
  const coefficients = T.input("f64", { p: n, a: n }, "coefficients")
  const last = T.contract(integrals, T.rename(coefficients, { p: "s", a: "d" }), "s")
  const third = T.contract(last, T.rename(coefficients, { p: "r", a: "c" }), "r")
  const second = T.contract(third, T.rename(coefficients, { p: "q", a: "b" }), "q")
  const turned = T.arrange(T.contract(second, coefficients, "p"), ["a", "b", "c", "d"])
  return { inputs: { integrals, coefficients }, outputs: { turned } }
}

/** Integrals over other orbitals of the same space: column a of the coefficients is the new orbital a. */
export const integralsOver = (twoBody: Float64Array, coefficients: Float64Array, n: number) =>
  Effect.scoped(Effect.gen(function*() {
    const backend = yield* Backend
    const { inputs, outputs } = yield* building(() => turning(n))
    const program = yield* backend.compile(inputs, outputs)
    const { turned } = yield* program.run({
      integrals: yield* backend.put("f64", { p: n, q: n, r: n, s: n }, twoBody),
      coefficients: yield* backend.put("f64", { p: n, a: n }, coefficients)
    })
    return (yield* backend.read(turned)).data
  }))

/** F_pa = sum over qrs of Gamma_pqrs (aq|rs). */
const pairing = (n: number) => {
  const two = four(n, "two")
  const integrals = four(n, "integrals")
  const energies = T.arrange(T.contract(two, T.rename(integrals, { p: "a" }), ["q", "r", "s"]), ["p", "a"])
  return { inputs: { two, integrals }, outputs: { energies } }
}

/** The contraction of a two-particle density matrix with integrals over all indices but the first of each. */
export const pairEnergies = (two: Float64Array, twoBody: Float64Array, n: number) =>
  Effect.scoped(Effect.gen(function*() {
    const backend = yield* Backend
    const { inputs, outputs } = yield* building(() => pairing(n))
    const program = yield* backend.compile(inputs, outputs)
    const { energies } = yield* program.run({
      two: yield* backend.put("f64", { p: n, q: n, r: n, s: n }, two),
      integrals: yield* backend.put("f64", { p: n, q: n, r: n, s: n }, twoBody)
    })
    return (yield* backend.read(energies)).data
  }))
