/**
 * The molecules that PySCF has computed (scripts/make-correlation-reference.py): Hamiltonians over canonical orbitals,
 * energies and density matrices.
 */
import { readFileSync, readdirSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { Effect } from "effect"
import * as t from "io-ts"
import { decodeJson } from "../../../../src/core/codec.ts"
import type { Hamiltonian } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"

const folder = new URL("./reference/", import.meta.url)

const File = t.intersection([
  t.type({
    orbitals: t.number, electrons: t.number, core: t.number, orbitalEnergies: t.array(t.number),
    hartreeFock: t.number, mp2: t.number, ccsd: t.number, triples: t.number,
    mp2Density: t.array(t.number), ccsdDensity: t.union([t.array(t.number), t.null])
  }),
  t.partial({
    fci: t.array(t.number), fciDensity: t.array(t.number), naturalOccupations: t.array(t.number),
    referenceWeight: t.number
  })
])

/** What PySCF found, energies in Ha. */
export type Expected = t.TypeOf<typeof File>

export interface Case {
  readonly name: string
  readonly hamiltonian: Hamiltonian
  readonly expected: Expected
}

/** Full row-major integrals from their unique elements. */
const unpacked = (n: number, unique: Float64Array): Pick<Hamiltonian, "oneBody" | "twoBody"> => {
  const at = (p: number, q: number): number => (p >= q ? p * (p + 1) / 2 + q : q * (q + 1) / 2 + p)
  const oneBody = new Float64Array(n ** 2)
  const twoBody = new Float64Array(n ** 4)
  const start = n * (n + 1) / 2
  for (let p = 0; p < n; p++)
    for (let q = 0; q < n; q++) {
      oneBody[p * n + q] = unique[at(p, q)] ?? NaN
      for (let rs = 0; rs < n * n; rs++)
        twoBody[(p * n + q) * n * n + rs] = unique[start + at(at(p, q), at(Math.floor(rs / n), rs % n))] ?? NaN
    }
  return { oneBody, twoBody }
}

export const caseOf = (name: string): Case => {
  const file = new URL(`${name}.json`, folder)
  const expected = Effect.runSync(decodeJson(File, file.pathname)(readFileSync(file, "utf8")))
  const bytes = gunzipSync(readFileSync(new URL(`${name}.integrals.gz`, folder)))
  const unique = new Float64Array(Uint8Array.from(bytes).buffer)
  const { orbitals, electrons, core } = expected
  return { name, expected, hamiltonian: { orbitals, electrons, core, ...unpacked(orbitals, unique) } }
}

/** Every molecule, by name. */
export const cases: ReadonlyArray<Case> = readdirSync(folder)
  .filter((file) => file.endsWith(".json")).sort()
  .map((file) => caseOf(file.replace(/\.json$/, "")))
