import * as fc from "fast-check"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { reference } from "../../src/algebra/backends/reference/index.ts"
import type { HostArray } from "../../src/algebra/dtype.ts"
import { topological } from "../../src/algebra/expression.ts"
import type { Graph } from "../../src/algebra/graph.ts"
import * as Graphs from "../../src/algebra/graph.ts"
import * as T from "../../src/algebra/tensor.ts"
import type { Program } from "../backends.ts"
import { program } from "./generators.ts"
import { isRefused } from "./values.ts"

const evaluated = (graph: Graph, data: ReadonlyArray<HostArray>): ReadonlyArray<HostArray> =>
  Effect.runSync(Effect.scoped(Effect.gen(function*() {
  const executable = yield* reference.compile(graph)
  const memories =
    yield* Effect.forEach(graph.inputs, ({ dtype }, index) => reference.write(dtype, data[index] ?? new Float64Array()))
  return yield* Effect.forEach(yield* executable.run(memories), reference.read)
})))

/** The program as it was written, nothing shared that was written twice. */
const plain = ({ inputs, outputs }: Program): Graph =>
  ({ inputs, outputs, donated: new Set(), nodes: topological([...inputs, ...outputs]) })

const keeps = (make: (program: Program) => Graph, kind: "exact" | "analytic") =>
  fc.property(program(kind, "f64"), (of) => {
  expect(evaluated(make(of), of.data)).toEqual(evaluated(plain(of), of.data))
})
const make = ({ inputs, outputs }: Program): Graph => Graphs.make(inputs, outputs)

describe("the graph of a program", () => {
  it("has its values, to the bit", () => {
    fc.assert(keeps(make, "analytic"), { numRuns: 100 })
    fc.assert(keeps(make, "exact"), { numRuns: 100 })
  })

  it("has every node once, operands before uses, and no more nodes than the program", () => {
    fc.assert(fc.property(program("exact", "f64"), (of) => {
      const { nodes, outputs } = make(of)
      expect(new Set(nodes).size).toBe(nodes.length)
      expect(nodes.length).toBeLessThanOrEqual(plain(of).nodes.length)
      expect(outputs.length).toBe(of.outputs.length)
      const seen = new Set<unknown>()
      for (const node of nodes) {
        for (const operand of topological([node]).slice(0, -1)) expect(seen.has(operand)).toBe(true)
        seen.add(node)
      }
    }), { numRuns: 50 })
  })

  it("shares what is written twice alike, and not what differs", () => {
    const x = T.input("f32", { a: 2 })
    expect(Graphs.make([x], [T.add(T.sine(x), T.sine(x))]).nodes.length).toBe(3)
    expect(Graphs.make([x], [T.add(T.sine(x), T.cosine(x))]).nodes.length).toBe(4)
    expect(Graphs.make([x], [T.fill("f32", {}, 0), T.fill("f32", {}, -0)]).nodes.length).toBe(3)
    expect(Graphs.make([x],
      [T.fill("f32", {}, Infinity), T.fill("f32", {}, -Infinity), T.fill("f32", {}, NaN)]).nodes.length).toBe(4)
  })

  it("is caught when it takes all nodes of one operation for the same", async () => {
    const careless = (of: Program): Graph => {
      const graph = make(of)
      const first = graph.outputs[0]
      return { ...graph,
        outputs: graph.outputs.map((output) => (first && output.axes.size === first.axes.size ? first : output)) }
    }
    expect(await isRefused(() => fc.assert(keeps(careless, "exact"), { numRuns: 100 }))).toBe(true)
  })
})
