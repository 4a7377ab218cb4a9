/**
 * How fast quantum chemistry is: repulsion integrals, mean fields, coupled cluster and configuration interaction of
 * molecules of the usual sizes. PySCF does the same work in processes of its own (with-pyscf.py), to the same
 * convergence. `npm run bench -- --only chemistry`
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import type { FileSystem } from "effect"
import { Effect, Layer, ManagedRuntime } from "effect"
import type { Backend } from "../src/algebra/backend.ts"
import { layerWith } from "../src/algebra/backends/cpu/index.ts"
import { basisNamed } from "../src/methods/chemistry/basis.ts"
import { ccsd } from "../src/methods/chemistry/correlation/ccsd.ts"
import { fci } from "../src/methods/chemistry/correlation/fci.ts"
import { integralsOf } from "../src/methods/chemistry/integrals/integrals.ts"
import { meanField } from "../src/methods/chemistry/mean-field.ts"
import { molecularHamiltonian } from "../src/methods/chemistry/molecular-hamiltonian.ts"
import { make } from "../src/methods/chemistry/molecule.ts"
import molecules from "./molecules.json" with { type: "json" }
import type { Entrant } from "./race.ts"
import { race } from "./race.ts"
import type { Row } from "./row.ts"
import { suite } from "./suite.ts"

type Name = keyof typeof molecules
type Work = Effect.Effect<unknown, unknown, Backend | FileSystem.FileSystem>

const moleculeOf = (name: Name) => {
  const atoms = molecules[name].split(";").map((atom) => atom.trim().split(" "))
  return make({
    symbols: atoms.map(([symbol = ""]) => symbol), coordinates: atoms.flatMap((atom) => atom.slice(1).map(Number))
  }, name)
}

const integrals = (name: Name, basis: string, threads: number) => Effect.gen(function* () {
  const [molecule, set] = [yield* moleculeOf(name), yield* basisNamed(basis)]
  return integralsOf(molecule, set, { threads })
})

const field = (name: Name, basis: string, threads: number) => Effect.gen(function* () {
  const [molecule, set] = [yield* moleculeOf(name), yield* basisNamed(basis)]
  return meanField(molecule, { basis: set, threads, energyTolerance: 1e-10, commutatorTolerance: 1e-7 })
})

const hamiltonian = (name: Name, basis: string) =>
  Effect.flatMap(Effect.flatten(field(name, basis, 2)), (found) => molecularHamiltonian(found))

type Preparation = (threads: number) => Effect.Effect<Work, unknown, Backend | FileSystem.FileSystem>

/** Each group's work, prepared and then run. */
const groups: ReadonlyArray<readonly [string, Preparation]> = [
  ["integrals, octane in STO-3G", (threads) => integrals("octane", "sto-3g", threads)],
  ["integrals, benzene in cc-pVDZ", (threads) => integrals("benzene", "cc-pvdz", threads)],
  ["mean field, octane in STO-3G", (threads) => field("octane", "sto-3g", threads)],
  ["mean field, benzene in cc-pVDZ", (threads) => field("benzene", "cc-pvdz", threads)],
  ["CCSD, propane in 6-31G", () => Effect.map(hamiltonian("propane", "6-31g"), (of) => ccsd(of, { tolerance: 1e-7 }))],
  ["FCI, 12 electrons in 12 orbitals", (threads) =>
    Effect.map(hamiltonian("h12", "sto-3g"), (of) => fci(of, { tolerance: 1e-5, threads }))]
]

await suite(async ({ milliseconds, quick }) => {
  const rows: Array<Row> = []
  const runtimes = [1, 2].map((threads) => ({
    threads, runtime: ManagedRuntime.make(Layer.merge(NodeServices.layer, layerWith({ threads })))
  }))
  for (const [group, prepare] of quick ? groups.filter(([name]) => name.includes("STO-3G")) : groups) {
    const contestants: Array<Entrant> = []
    for (const { threads, runtime } of runtimes) {
      const work = await runtime.runPromise(prepare(threads))
      contestants.push({ name: "noether", threads, work: 1, run: async () => void await runtime.runPromise(work) })
    }
    rows.push(...await race({ suite: "chemistry", group, unit: "runs/s", milliseconds, warmUp: 500, contestants }))
  }
  return rows
})
