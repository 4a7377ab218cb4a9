/**
 * The zeroth order that perturbation theory and coupled cluster start from (Moller and Plesset, Phys. Rev. 46, 618
 * (1934)): the diagonal of the Fock matrix, the differences of energies that it gives, and first-order amplitudes.
 */
import { Effect } from "effect"
import { Backend } from "../../../algebra/backend.ts"
import { add, divide, input, rename, subtract } from "../../../algebra/tensor.ts"
import type { Hamiltonian } from "./hamiltonian.ts"
import { fock, spaces } from "./hamiltonian.ts"
import type { Indexed, Integrals } from "./indices.ts"

/** e_i and e_a, in Ha. */
export interface OrbitalEnergies {
  readonly occupied: Indexed<"i">
  readonly virtual: Indexed<"a">
}

/** e_i - e_a and e_i + e_j - e_a - e_b, in Ha. */
export interface Denominators {
  readonly singles: Indexed<"i" | "a">
  readonly doubles: Indexed<"i" | "j" | "a" | "b">
}

/** Differences of orbital energies. */
export const denominators = ({ occupied, virtual }: OrbitalEnergies): Denominators => {
  const singles = subtract(occupied, virtual)
  return { singles, doubles: add(singles, rename(singles, { i: "j", a: "b" })) }
}

/** First-order amplitudes: f_ia / (e_i - e_a) and <ij|ab> / (e_i + e_j - e_a - e_b). */
export const firstOrder = ({ f, v }: Integrals, { singles, doubles }: Denominators) => ({
  singles: divide(f("i", "a"), singles),
  doubles: divide(v("i", "j", "a", "b"), doubles)
})

/** Placeholders of the diagonal of the Fock matrix. */
export const energyInputs = (of: Hamiltonian): OrbitalEnergies => {
  const { occupied, virtual } = spaces(of)
  return { occupied: input("f64", { i: occupied }, "occupied"), virtual: input("f64", { a: virtual }, "virtual") }
}

/** The diagonal of the Fock matrix, as buffers for `energyInputs`. */
export const uploadEnergies = (of: Hamiltonian) => Effect.gen(function* () {
  const backend = yield* Backend
  const { occupied, virtual } = spaces(of)
  const f = fock(of)
  const energies = Float64Array.from({ length: of.orbitals }, (_, p) => f[p * (of.orbitals + 1)]!)
  return {
    occupied: yield* backend.put("f64", { i: occupied }, energies.slice(0, occupied)),
    virtual: yield* backend.put("f64", { a: virtual }, energies.slice(occupied))
  }
})
