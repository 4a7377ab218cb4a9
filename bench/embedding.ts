/**
 * How fast bootstrap embedding is: octane in STO-3G by fragments of each carbon and its neighbours, solved once by
 * coupled cluster, from its converged mean field. quemb does the same in processes of its own (with-quemb.py), its
 * thresholds included. `node bench/embedding.ts`
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, ManagedRuntime } from "effect"
import { layerWith } from "../src/algebra/backends/cpu/index.ts"
import { embed } from "../src/methods/chemistry/bootstrap-embedding/index.ts"
import { coupledCluster } from "../src/methods/chemistry/correlation/solver.ts"
import { meanField } from "../src/methods/chemistry/mean-field.ts"
import { make } from "../src/methods/chemistry/molecule.ts"
import molecules from "./molecules.json" with { type: "json" }
import type { Entrant } from "./race.ts"
import { race } from "./race.ts"
import { suite } from "./suite.ts"

const atoms = molecules.octane.split(";").map((atom) => atom.trim().split(" "))
const octane = make({
  symbols: atoms.map(([symbol = ""]) => symbol), coordinates: atoms.flatMap((atom) => atom.slice(1).map(Number))
}, "octane")

const fieldOf = Effect.flatMap(octane, (molecule) => meanField(molecule, { basis: "sto-3g" }))

await suite(async ({ milliseconds, quick }) => {
  const fragments = quick ? "be1" : "be2"
  const contestants: Array<Entrant> = []
  for (const threads of [1, 2]) {
    const runtime = ManagedRuntime.make(Layer.merge(NodeServices.layer, layerWith({ threads })))
    const field = await runtime.runPromise(fieldOf)
    // where PySCF's coupled cluster stops
    const solver = coupledCluster({ tolerance: 1e-5 })
    const work = embed(field, { fragments, matching: "one-shot" }).pipe(Effect.provide(solver))
    contestants.push({ name: "noether", threads, work: 1, run: async () => void await runtime.runPromise(work) })
  }
  const group = `${fragments.toUpperCase()} of octane in STO-3G, CCSD, one shot`
  return race({ suite: "chemistry", group, unit: "runs/s", milliseconds, warmUp: 0, contestants })
})
