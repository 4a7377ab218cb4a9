/** The laws of integrals over Gaussians: those of PySCF element by element, symmetries, bounds and norms. */
import { Effect } from "effect"
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import { basisNamed, type BasisSet } from "../../../../src/methods/chemistry/basis.ts"
import { eigh } from "../../../../src/algebra/backends/factorisation/symmetric.ts"
import { attraction, dipole, overlap } from "../../../../src/methods/chemistry/integrals/one-electron.ts"
import { kinetic } from "../../../../src/methods/chemistry/integrals/kinetic.ts"
import { pairIndex, repulsionAt, unpack } from "../../../../src/methods/chemistry/integrals/packed.ts"
import { shellPairs } from "../../../../src/methods/chemistry/integrals/pairs.ts"
import { quartet, repulsion, schwarzBounds } from "../../../../src/methods/chemistry/integrals/repulsion.ts"
import { atomicOrbitals } from "../../../../src/methods/chemistry/integrals/shells.ts"
import { defaultMemory, integralsOf } from "../../../../src/methods/chemistry/integrals/integrals.ts"
import { make, type Molecule } from "../../../../src/methods/chemistry/molecule.ts"
import { apart, chemistry, distortedWater, geometryOf, reference } from "../molecules.ts"

const run = chemistry()
const bases = new Map<string, BasisSet>()
const basis = (name: string): BasisSet => bases.get(name) ?? { name, elements: new Map() }

beforeAll(async () => {
  for (const name of ["sto-3g", "6-31g", "6-31g*", "6-311g**", "cc-pvdz", "cc-pvtz"])
    bases.set(name, await run(basisNamed(name)))
})

const prepared = (molecule: Molecule, name: string, cartesian = false) => {
  const orbitals = atomicOrbitals(molecule, basis(name), cartesian)
  return { orbitals, pairs: shellPairs(orbitals), size: orbitals.count }
}
const nuclei = ({ atomicNumbers, positions }: Molecule) => ({ charges: atomicNumbers, positions })
const spectrum = (matrix: Float64Array, size: number) => eigh({ rows: size, columns: size, data: matrix }).values.data

/** The sum of squares, and the sum weighted by the place: no two orders of orbitals have the same. */
const sums = (data: Float64Array): ReadonlyArray<number> => [
  data.reduce((sum, value) => sum + value * value, 0),
  data.reduce((sum, value, at) => sum + value * Math.cos(at), 0)
]

describe("integrals", () => {
  for (const wanted of reference.integrals)
    test(`of ${wanted.molecule} in ${wanted.basis}${wanted.cartesian ? ", Cartesian," : ""} are PySCF's`, async () => {
      const molecule = await run(make(geometryOf(wanted.molecule)))
      const { pairs, size } = prepared(molecule, wanted.basis, wanted.cartesian)
      expect(size).toBe(wanted.orbitals)
      expect(apart(overlap(pairs, size), wanted.overlap)).toBeLessThan(1e-10)
      expect(apart(kinetic(pairs, size), wanted.kinetic)).toBeLessThan(1e-10)
      expect(apart(attraction(pairs, size, nuclei(molecule)), wanted.nuclear)).toBeLessThan(1e-10)
      const around = { charges: wanted.charges, positions: wanted.places }
      expect(apart(attraction(pairs, size, around), wanted.attraction)).toBeLessThan(1e-10)
      for (const [axis, matrix] of dipole(pairs, size).entries())
        expect(apart(matrix, wanted.dipole[axis] ?? [])).toBeLessThan(1e-10)
      const found = repulsion(pairs, size).values
      expect(apart(found, wanted.repulsion)).toBeLessThan(1e-10)
      const swapped = found.map((_, at) => found[(at + 1) % found.length]!)
      expect(apart(swapped, wanted.repulsion)).toBeGreaterThan(1e-10)
    })

  for (const wanted of reference.sums)
    test(`of ${wanted.molecule} in ${wanted.basis} have PySCF's norms and order`, async () => {
      const molecule = await run(make(geometryOf(wanted.molecule)))
      const { pairs, size } = prepared(molecule, wanted.basis)
      expect(size).toBe(wanted.orbitals)
      const relative = (found: Float64Array, other: ReadonlyArray<number>): number =>
        Math.max(...sums(found).map((value, at) => Math.abs(value - (other[at] ?? NaN)) / (1 + Math.abs(value))))
      expect(relative(overlap(pairs, size), wanted.overlap)).toBeLessThan(1e-11)
      expect(relative(kinetic(pairs, size), wanted.kinetic)).toBeLessThan(1e-11)
      expect(relative(attraction(pairs, size, nuclei(molecule)), wanted.nuclear)).toBeLessThan(1e-11)
      expect(relative(repulsion(pairs, size).values, wanted.repulsion)).toBeLessThan(1e-10)
    })

  test("the overlap is positive definite with a diagonal of ones, and the kinetic energy is positive", () => {
    fc.assert(fc.property(distortedWater, fc.constantFrom("sto-3g", "6-31g*", "cc-pvdz"), (molecule, name) => {
      const { pairs, size } = prepared(molecule, name)
      const s = overlap(pairs, size)
      for (let i = 0; i < size; i++) expect(Math.abs(s[i * (size + 1)]! - 1)).toBeLessThan(1e-12)
      expect(spectrum(s, size)[0]).toBeGreaterThan(0)
      expect(spectrum(kinetic(pairs, size), size)[0]).toBeGreaterThan(0)
      expect(spectrum(attraction(pairs, size, nuclei(molecule)), size)[size - 1]).toBeLessThan(0)
    }), { numRuns: 20 })
  })

  test("a pair of shells taken in the other order gives the same repulsion, and so do bra and ket", () => {
    fc.assert(fc.property(distortedWater, fc.nat(), fc.nat(), (molecule, first, second) => {
      const { pairs } = prepared(molecule, "6-31g*")
      const [bra, ket] = [pairs[first % pairs.length], pairs[second % pairs.length]]
      if (bra === undefined || ket === undefined) return
      const [there, back] = [0, 0].map(() => new Float64Array(bra.functions * ket.functions))
      if (there === undefined || back === undefined) return
      quartet(bra, ket, there)
      quartet(ket, bra, back)
      for (let f = 0; f < bra.functions; f++)
        for (let g = 0; g < ket.functions; g++)
          expect(Math.abs(there[f * ket.functions + g]! - back[g * bra.functions + f]!)).toBeLessThan(1e-12)
    }))
  })

  test("the repulsion is positive as a matrix of pairs, and no integral exceeds its Schwarz bound", () => {
    fc.assert(fc.property(distortedWater, (molecule) => {
      const { pairs, size } = prepared(molecule, "6-31g")
      const integrals = repulsion(pairs, size)
      const full = unpack(integrals)
      expect(spectrum(full, size * size)[0]).toBeGreaterThan(-1e-10)
      const bound = (i: number, j: number): number => Math.sqrt(Math.max(0, repulsionAt(integrals, i, j, i, j)))
      for (let ij = 0; ij < size * size; ij++)
        for (let kl = 0; kl < size * size; kl++) {
          const [i, j, k, l] = [Math.floor(ij / size), ij % size, Math.floor(kl / size), kl % size]
          expect(Math.abs(full[ij * size * size + kl]!)).toBeLessThanOrEqual(bound(i, j) * bound(k, l) + 1e-10)
        }
      expect(Math.max(...schwarzBounds(pairs))).toBeGreaterThan(0)
    }), { numRuns: 2 })
  })

  test("packing keeps one value for all eight permutations", () => {
    fc.assert(fc.property(fc.array(fc.nat(30), { minLength: 4, maxLength: 4 }), ([i = 0, j = 0, k = 0, l = 0]) => {
      const at = (a: number, b: number, c: number, d: number): number => pairIndex(pairIndex(a, b), pairIndex(c, d))
      const places = new Set([at(i, j, k, l), at(j, i, k, l), at(i, j, l, k), at(k, l, i, j), at(l, k, j, i)])
      expect(places.size).toBe(1)
    }))
  })

  test("what would not fit is refused beforehand with its estimate", async () => {
    const molecule = await run(make(geometryOf("C2H4")))
    const error = await run(Effect.flip(integralsOf(molecule, basis("cc-pvdz"), { memory: 1e6 })))
    expect(error).toMatchObject({ _tag: "MemoryEstimate", allowed: 1e6 })
    expect(error.message).toContain("over 48 orbitals")
    expect(defaultMemory).toBeGreaterThan(1e8)
  })
})
