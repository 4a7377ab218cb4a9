/**
 * Electrons as qubits: the algebra of Pauli strings is that of matrices, ladder operators anticommute, and the
 * transformed Hamiltonian has PySCF's words and the spectrum of full configuration interaction.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { eigh } from "../../../../src/algebra/backends/factorisation/symmetric.ts"
import { fci } from "../../../../src/methods/chemistry/correlation/fci.ts"
import type { Hamiltonian } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { apply } from "../../../../src/methods/chemistry/guiding-states/evolution.ts"
import {
  annihilator, creator, jordanWigner, number, register
} from "../../../../src/methods/chemistry/guiding-states/jordan-wigner.ts"
import { oneNorm } from "../../../../src/methods/chemistry/guiding-states/one-norm.ts"
import type { PauliSum } from "../../../../src/methods/chemistry/guiding-states/pauli.ts"
import * as Pauli from "../../../../src/methods/chemistry/guiding-states/pauli.ts"
import { chemistry, ground, hamiltonianOf, qubitsOf, reference, systems, worst } from "./systems.ts"

const run = chemistry()

/** The matrix of a sum, row-major. */
const matrix = (of: PauliSum): Float64Array => {
  const size = 2 ** of.qubits
  const data = new Float64Array(size * size)
  for (let column = 0; column < size; column++) {
    const unit = new Float64Array(size)
    unit[column] = 1
    apply(of, unit).forEach((value, row) => { data[row * size + column] = value })
  }
  return data
}

const multiply = (a: Float64Array, b: Float64Array): Float64Array => {
  const n = Math.sqrt(a.length)
  return a.map((_, at) => {
    let sum = 0
    for (let k = 0; k < n; k++) sum += (a[Math.floor(at / n) * n + k] ?? NaN) * (b[k * n + at % n] ?? NaN)
    return sum
  })
}

const sums = fc.array(
  fc.tuple(fc.nat(7), fc.nat(7), fc.integer({ min: -8, max: 8 }).filter((value) => value !== 0)),
  { minLength: 1, maxLength: 5 }
).map((terms) => Pauli.combine(3, terms.map(([x, z, value]) => [value / 4, Pauli.string(3, x, z)] as const)))

/** Two electrons fewer, or more: other sectors of the same Hamiltonian. */
const filled = (of: Hamiltonian, electrons: number): Hamiltonian => ({ ...of, electrons })

describe("sums of Pauli strings", () => {
  test("multiply as their matrices do", () => {
    fc.assert(fc.property(sums, sums, (left, right) => {
      expect(worst(matrix(Pauli.product(left, right)), multiply(matrix(left), matrix(right)))).toBeLessThan(1e-12)
    }), { numRuns: 40 })
  })

  test("multiply associatively, and a commutator changes sign when turned round", () => {
    fc.assert(fc.property(sums, sums, sums, (a, b, c) => {
      const left = Pauli.product(Pauli.product(a, b), c)
      const right = Pauli.product(a, Pauli.product(b, c))
      expect(Pauli.count(Pauli.combine(3, [[1, left], [-1, right]]))).toBe(0)
      const both = Pauli.combine(3, [[1, Pauli.commutator(a, b)], [1, Pauli.commutator(b, a)]])
      expect(Pauli.count(both)).toBe(0)
    }), { numRuns: 40 })
  })
})

describe("ladder operators", () => {
  const anticommutator = (left: PauliSum, right: PauliSum) =>
    Pauli.combine(left.qubits, [[1, Pauli.product(left, right)], [1, Pauli.product(right, left)]])

  test("anticommute: {a_k, a_l} = 0 and {a_k, a+_l} = 1 where k is l, else 0", () => {
    for (let k = 0; k < 5; k++)
      for (let l = 0; l < 5; l++) {
        expect(Pauli.count(anticommutator(annihilator(5, k), annihilator(5, l)))).toBe(0)
        expect(Pauli.words(anticommutator(annihilator(5, k), creator(5, l))))
          .toEqual(k === l ? [{ word: "IIIII", coefficient: 1 }] : [])
      }
  })

  test("without their string of Z would not", () => {
    const bare = (k: number) =>
      Pauli.combine(5, [[0.5, Pauli.string(5, 1 << k, 0)], [-0.5, Pauli.string(5, 1 << k, 1 << k)]])
    expect(Pauli.count(anticommutator(bare(1), bare(3)))).toBeGreaterThan(0)
  })
})

describe("the Hamiltonian of electrons, over qubits", () => {
  test("of hydrogen has PySCF's words, one-norm and sixteen energies", async () => {
    const { words, eigenvalues, oneNorm: lambda } = reference.jordanWigner
    const of = qubitsOf(await run(hamiltonianOf("H 0 0 0; H 0 0 0.74", "sto-3g")))
    const found = Pauli.words(of)
    expect(found.map(({ word }) => word)).toEqual(Object.keys(words).sort())
    const known = new Map(Object.entries(words))
    for (const { word, coefficient } of found)
      expect(Math.abs(coefficient - (known.get(word) ?? NaN))).toBeLessThan(1e-8)
    expect(Math.abs(Pauli.oneNorm(of) - lambda)).toBeLessThan(1e-8)
    const { values } = eigh({ rows: 16, columns: 16, data: matrix(of) })
    expect(worst(values.data, eigenvalues)).toBeLessThan(1e-8)
  })

  test("commutes with the electrons of each spin, has exact states and the one-norm of its integrals", () =>
    fc.assert(fc.asyncProperty(systems, async (hamiltonian) => {
      const of = qubitsOf(hamiltonian)
      for (const spin of [0, 1] as const)
        expect(Pauli.oneNorm(Pauli.commutator(of, number(hamiltonian.orbitals, spin)))).toBeLessThan(1e-10)
      expect(Math.abs(Pauli.oneNorm(of) - oneNorm(hamiltonian))).toBeLessThan(1e-10)
      const state = await Effect.runPromise(ground(hamiltonian))
      const amplitudes = register(state)
      const image = apply(of, amplitudes)
      expect(worst(image, amplitudes.map((value) => state.energy * value))).toBeLessThan(1e-8)
    }), { numRuns: 6 }))

  test("has the spectrum of full configuration interaction among states with as many electrons", () =>
    fc.assert(fc.asyncProperty(systems.filter(({ orbitals }) => orbitals === 3), async (hamiltonian) => {
      const of = qubitsOf(hamiltonian)
      const all = matrix(of)
      const chosen = [...Array(64).keys()].filter((state) => {
        const up = [0, 2, 4].filter((bit) => (state >>> bit & 1) === 1).length
        const down = [1, 3, 5].filter((bit) => (state >>> bit & 1) === 1).length
        return up === hamiltonian.electrons / 2 && down === up
      })
      const data = Float64Array.from({ length: chosen.length ** 2 }, (_, at) =>
        all[(chosen[Math.floor(at / chosen.length)] ?? 0) * 64 + (chosen[at % chosen.length] ?? 0)] ?? NaN)
      const { values } = eigh({ rows: chosen.length, columns: chosen.length, data })
      const even = await Effect.runPromise(fci(hamiltonian, { roots: 6 }))
      const odd = await Effect.runPromise(fci(hamiltonian, { roots: 3, parity: -1 }))
      const energies = [...even, ...odd].map(({ energy }) => energy).sort((left, right) => left - right)
      expect(worst(values.data, energies)).toBeLessThan(1e-9)
    }), { numRuns: 8 }))

  test("is caught when exchange is left out of its one-body part", async () => {
    const hamiltonian = filled(await run(hamiltonianOf("H 0 0 0; H 0 0 0.74", "sto-3g")), 2)
    const n = hamiltonian.orbitals
    // adding half of the exchange back to h undoes what normal order takes from it
    const wrong = qubitsOf({
      ...hamiltonian,
      oneBody: hamiltonian.oneBody.map((h, pq) => {
        let sum = h
        for (let r = 0; r < n; r++)
          sum += (hamiltonian.twoBody[((Math.floor(pq / n) * n + r) * n + r) * n + pq % n] ?? NaN) / 2
        return sum
      })
    })
    const state = await Effect.runPromise(ground(hamiltonian))
    const amplitudes = register(state)
    expect(worst(apply(wrong, amplitudes), amplitudes.map((value) => state.energy * value))).toBeGreaterThan(0.1)
  })

  test("of more orbitals than its masks hold is refused", () => {
    const wide = { orbitals: 16, electrons: 2, core: 0, oneBody: new Float64Array(), twoBody: new Float64Array() }
    expect(Effect.runSync(Effect.flip(jordanWigner(wide))).message).toContain("at most 15, got 16")
  })
})
