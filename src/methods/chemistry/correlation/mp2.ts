/**
 * Second-order Moller-Plesset perturbation theory of a closed shell (Moller and Plesset, Phys. Rev. 46, 618 (1934)), in
 * semicanonical orbitals: the zeroth-order operator is the Fock matrix without its occupied-virtual block. Rotations
 * among occupied or among virtual orbitals leave the energy unchanged, since the orbitals are made semicanonical first.
 */
import { Effect } from "effect"
import { Backend, building } from "../../../algebra/backend.ts"
import { add, contract, multiply } from "../../../algebra/tensor.ts"
import type { Hamiltonian } from "./hamiltonian.ts"
import { semicanonical, spaces, within } from "./hamiltonian.ts"
import type { Amplitudes, Indexed, Integrals } from "./indices.ts"
import { amplitudes, integrals, matrix, placeholders, upload } from "./indices.ts"
import { denominators, energyInputs, firstOrder, uploadEnergies } from "./perturbation.ts"

/** The second-order energy, in Ha: 2 f_ia t_i^a + (2 <ij|ab> - <ij|ba>) t_ij^ab. */
export const energy = ({ f, w }: Integrals, { t1, t2 }: Amplitudes): Indexed<never> =>
  add(
    multiply(contract(f("i", "a"), t1("i", "a"), ["i", "a"]), 2),
    contract(w("i", "j", "a", "b"), t2("i", "j", "a", "b"), ["i", "j", "a", "b"])
  )

/** The MP2 correlation energy, in Ha. `memory` bounds its bytes (4 GiB when left out). */
export const mp2 = (given: Hamiltonian, options: { readonly memory?: number } = {}) =>
  Effect.scoped(Effect.gen(function* () {
    const { occupied, virtual } = spaces(given)
    if (virtual === 0) return 0
    yield* within("mp2", 8 * (2 * given.orbitals ** 4 + 4 * (occupied * virtual) ** 2), options.memory ?? 2 ** 32)
    const backend = yield* Backend
    const { hamiltonian } = semicanonical(given)
    const inputs = { integrals: placeholders(hamiltonian), energies: energyInputs(hamiltonian) }
    const outputs = yield* building(() => {
      const terms = integrals(matrix(inputs.integrals.one), inputs.integrals.two)
      const { singles, doubles } = firstOrder(terms, denominators(inputs.energies))
      return { correlation: energy(terms, amplitudes(singles, doubles)) }
    })
    const program = yield* backend.compile(inputs, outputs)
    const { correlation } = yield* program.run({
      integrals: yield* upload(hamiltonian),
      energies: yield* uploadEnergies(hamiltonian)
    })
    const { data: [found = NaN] } = yield* backend.read(correlation)
    return found
  }))
