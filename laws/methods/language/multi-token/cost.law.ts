/** A packed row costs what as many tokens do, the terms of each, and nothing else that multiplies. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { topological } from "../../../../src/algebra/expression.ts"
import { costOf, costs, count } from "../../../../src/algebra/interpreters/count.ts"
import type { Tensor } from "../../../../src/algebra/tensor.ts"
import { literal } from "../../../../src/algebra/tensor.ts"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import { maskedLatents } from "../../../../src/methods/language/multi-token/adapter.ts"
import type { Shape } from "../../../../src/methods/language/multi-token/configuration.ts"
import type { Entry } from "../../../../src/methods/language/multi-token/masked-input.ts"
import { layoutOf, pack, prompt } from "../../../../src/methods/language/multi-token/masked-input.ts"
import { countOf, kinds, parametersOf } from "../../../../src/methods/language/parameters.ts"
import { architecture, weights } from "../architectures.ts"
import { adapter, key, shape } from "./fixture.ts"

const length = fc.integer({ min: 1, max: 5 })

/** The latents of entries of a text, whose tokens do not matter to what they cost. */
const read = (of: Architecture, with_: Shape, tokens: number, entries: ReadonlyArray<Entry>) =>
  maskedLatents(of, weights("f64", of, key), adapter("f64", of, with_, key),
    literal("i32", { batch: 1, time: tokens }, new Int32Array(tokens)), layoutOf(entries, 1))

/** Operations of the sums of products of an expression. */
const multiplied = (z: Tensor<"f64", "batch" | "time" | "embed">): number =>
  topological([z]).filter(({ operation }) => operation.op === "contract")
    .reduce((sum, node) => costs.concat(sum, costOf(node)), costs.empty).operations

/** Products and additions of the maps of a model at one token. */
const maps = (of: Architecture): number => parametersOf(of)
  .filter(({ kind, path }) => kinds[kind].role === "map" && path !== "unembedding")
  .reduce((sum, parameter) => sum + 2 * countOf(parameter), 0)

/** What attention adds at one token that looks at `seen`. */
const looks = ({ layers, heads: { key, share, depth } }: Architecture, seen: number): number =>
  layers * 4 * key * share * depth * seen

/** What the terms add at one token: both factors. */
const terms = ({ layers, model, hidden, feedForward, heads: { key: h, share, depth } }: Architecture, s: Shape) => {
  const widths = {
    query: model + h * share * depth, key: model + h * depth, value: model + h * depth,
    output: model + h * share * depth, gate: feedForward.gated ? model + hidden : 0, up: model + hidden,
    down: model + hidden
  }
  return 2 * layers * s.rank * s.projections.reduce((sum, map) => sum + widths[map], 0)
}

const priced = (
  entries: (tokens: number, masks: number) => ReadonlyArray<Entry>, size: (n: number, k: number) => number
) =>
  fc.property(architecture, shape, length, (of, s, tokens) => {
    const row = entries(tokens, s.masks)
    const n = size(tokens, s.masks)
    expect(multiplied(read(of, s, tokens, row))).toBe(n * (maps(of) + looks(of, n) + terms(of, s)))
  })

describe("what masks cost", () => {
  test("is that of n (k + 1) tokens and their terms in a packed row, of n + k in a masked prompt (M9)", () => {
    fc.assert(priced(pack, (n, k) => n * (k + 1)))
    fc.assert(priced(prompt, (n, k) => n + k))
  })

  test("is not that of the text alone", () => {
    expect(fc.check(priced(pack, (n) => n)).failed).toBe(true)
  })

  test("the counter's whole cost is that of its nodes, and grows with the rank by the terms alone", () => fc.assert(
    fc.property(architecture, shape, length, (of, s, tokens) => {
      const row = pack(tokens, s.masks)
      const at = (rank: number) => count(read(of, { ...s, rank }, tokens, row)).operations
      expect(at(s.rank + 1) - at(s.rank)).toBe(row.length * terms(of, { ...s, rank: 1 }))
    })))
})
