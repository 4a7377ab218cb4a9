/**
 * A masked row is as many masked prompts as it has blocks, and its own tokens are those of the model without masks, to
 * the bit where kernels are the same. Each of the three ingredients (gate, isolation of masks, positions) is needed.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Tensor } from "../../../../src/algebra/tensor.ts"
import {
  add, arrange, contract, expand, fill, iota, lessEqual, literal, rename
} from "../../../../src/algebra/tensor.ts"
import * as Key from "../../../../src/core/key.ts"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import type { Adapter } from "../../../../src/methods/language/multi-token/adapter.ts"
import {
  arrangementOf, countOf, maskedLatents, parametersOf
} from "../../../../src/methods/language/multi-token/adapter.ts"
import { gatedLora } from "../../../../src/methods/language/multi-token/gated-lora.ts"
import type { Entry, Layout } from "../../../../src/methods/language/multi-token/masked-input.ts"
import { layoutOf, memoriesOf, pack, positionOf, prompt, tokensOf, visible } from
  "../../../../src/methods/language/multi-token/masked-input.ts"
import type { Arrangement, Latents, Rows, Weights } from "../../../../src/methods/language/transformer.ts"
import { latents, unembed } from "../../../../src/methods/language/transformer.ts"
import { architecture, small, weights } from "../architectures.ts"
import { distance, values } from "../models.ts"
import { adapter, key, shape, whole } from "./fixture.ts"

type Text = ReadonlyArray<number>
type Logits = ReadonlyArray<ReadonlyArray<number>>

const rowOf = (text: Text): Rows => literal("i32", { batch: 1, time: text.length }, Int32Array.from(text))
const textOf = (of: Architecture, seed: number, length: number): Text =>
  Array.from(Key.integers(Key.fold(key, seed), length, of.vocabulary))

/** The logits of every entry of one row. */
const logitsOf = async (of: Architecture, w: Weights<"f64">, z: Latents<"f64">): Promise<Logits> => {
  const flat = Array.from(await values(unembed<"f64", "batch" | "time">(of, w, z)))
  return Array.from({ length: flat.length / of.vocabulary }, (_, row) =>
    flat.slice(row * of.vocabulary, (row + 1) * of.vocabulary))
}

const base = (of: Architecture, w: Weights<"f64">, text: Text) => logitsOf(of, w, latents(of, w, rowOf(text)))

const masked = (
  of: Architecture, w: Weights<"f64">, a: Adapter<"f64">, text: Text, entries: ReadonlyArray<Entry>
) => logitsOf(of, w, maskedLatents(of, w, a, rowOf(text), layoutOf(entries, 1)))

const apart = (left: Logits, right: Logits) => distance(left.flat(), right.flat())
const own = (entries: ReadonlyArray<Entry>, logits: Logits): Logits =>
  logits.filter((_, index) => entries[index]?.ordinal === 0)

const cases = fc.record({ of: architecture, shape, seed: fc.nat(1000), length: fc.integer({ min: 1, max: 4 }) })
const runs = { numRuns: 12 }

/** What a change of the arrangement does to the text's own logits. */
const spoilt = async (change: (layout: Layout, a: Adapter<"f64">) => Partial<Arrangement<"f64">>) => {
  const [w, a] = [weights("f64", small, key), adapter("f64", small, whole, key)]
  const text = textOf(small, 1, 4)
  const entries = pack(text.length, whole.masks)
  const layout = layoutOf(entries, 1)
  const z = latents(small, w, tokensOf(rowOf(text), layout, small.vocabulary),
    { ...arrangementOf(a, layout), ...change(layout, a) })
  return apart(own(entries, await logitsOf(small, w, z)), await base(small, w, text))
}

const packedPlaces = ({ owner }: Layout): Rows => {
  const time = owner.axes.get("time") ?? 0
  return expand(iota("i32", "time", time), "batch", 1)
}

describe("a packed row", () => {
  test("leaves every next-token logit what it is, to the bit, for any adapter and architecture (M1)", () =>
    fc.assert(fc.asyncProperty(cases, async ({ of, shape, seed, length }) => {
      const [w, a] = [weights("f64", of, Key.fold(key, seed)), adapter("f64", of, shape, Key.fold(key, seed + 1))]
      const text = textOf(of, seed, length)
      const entries = pack(length, shape.masks)
      expect(entries.length).toBe(length * (shape.masks + 1))
      expect(apart(own(entries, await masked(of, w, a, text, entries)), await base(of, w, text))).toBe(0)
    }), runs))

  test("gives at each mask the logits of the masked prompt that ends there (M2, M3)", () =>
    fc.assert(fc.asyncProperty(cases, async ({ of, shape, seed, length }) => {
      const [w, a] = [weights("f64", of, Key.fold(key, seed)), adapter("f64", of, shape, Key.fold(key, seed + 1))]
      const text = textOf(of, seed, length)
      const entries = pack(length, shape.masks)
      const all = await masked(of, w, a, text, entries)
      for (let owner = 0; owner < length; owner++) {
        const block = all.filter((_, index) => entries[index]?.owner === owner)
        const alone = await masked(of, w, a, text.slice(0, owner + 1), prompt(owner + 1, shape.masks))
        expect(apart(block, alone.slice(owner))).toBeLessThan(1e-10)
      }
    }), runs))

  test("of which blocks are left out, or entries reordered, gives the rest unchanged (M17)", () =>
    fc.assert(fc.asyncProperty(cases, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), async (
      { of, shape, seed, length }, kept) => {
      const [w, a] = [weights("f64", of, Key.fold(key, seed)), adapter("f64", of, shape, Key.fold(key, seed + 1))]
      const text = textOf(of, seed, length)
      const entries = pack(length, shape.masks)
      const some = pack(length, shape.masks, (owner) => kept[owner] ?? true).toReversed()
      const all = await masked(of, w, a, text, entries)
      const rest = some.map(({ owner, ordinal }) =>
        all[entries.findIndex((entry) => entry.owner === owner && entry.ordinal === ordinal)] ?? [])
      expect(apart(await masked(of, w, a, text, some), rest)).toBeLessThan(1e-10)
    }), runs))

  test("depends on nothing that is not in its prompt: not on later tokens, nor on later masks (M3)", async () => {
    const [w, a] = [weights("f64", small, key), adapter("f64", small, whole, key)]
    const text = textOf(small, 3, 4)
    const entries = pack(4, 2)
    const before = await masked(small, w, a, text, entries)
    const after = await masked(small, w, a, text.with(3, ((text[3] ?? 0) + 1) % small.vocabulary), entries)
    const earlier = (logits: Logits) => logits.filter((_, index) => (entries[index]?.owner ?? 0) < 3)
    expect(apart(earlier(before), earlier(after))).toBe(0)
    expect(apart(before, after)).toBeGreaterThan(1e-3)
  })

  test("is spoilt by terms without a gate, by masks that are seen, and by positions in the row, and the law sees it",
    async () => {
      expect(await spoilt(() => ({}))).toBe(0)
      const open = (layout: Layout, a: Adapter<"f64">) =>
        ({ adapt: gatedLora(a.layers, lessEqual(0, layout.owner)) })
      const causal = (layout: Layout) =>
        ({ visible: lessEqual(rename(packedPlaces(layout), { time: "memory" }), packedPlaces(layout)) })
      const inRow = (layout: Layout) => ({ positions: packedPlaces(layout) })
      for (const change of [open, causal, inRow]) expect(await spoilt(change)).toBeGreaterThan(1e-2)
    })
})

describe("gated low-rank terms", () => {
  test("of zero output are the base model with more embeddings, on every entry (M5)", () =>
    fc.assert(fc.asyncProperty(cases, async ({ of, shape, seed, length }) => {
      const w = weights("f64", of, Key.fold(key, seed))
      const a = adapter("f64", of, shape, key, ({ path }) => path.endsWith(".output") ? 0 : undefined)
      const text = rowOf(textOf(of, seed, length))
      const layout = layoutOf(pack(length, shape.masks), 1)
      const { adapt: _, ...arrangement } = arrangementOf(a, layout)
      const plain = latents(of, w, tokensOf(text, layout, of.vocabulary), arrangement)
      expect(apart(await logitsOf(of, w, maskedLatents(of, w, a, text, layout)), await logitsOf(of, w, plain))).toBe(0)
    }), runs))

  test("with the gate open everywhere are the weight W + A B, and with it shut are nothing (M6)", async () => {
    const w = weights("f64", small, key)
    const { layers } = adapter("f64", small, whole, key)
    const text = rowOf(textOf(small, 5, 4))
    const merged: Weights<"f64"> = { ...w, layers: w.layers.map((layer, index) => {
      const term = layers[index]?.gate
      const { gate } = layer.feedForward
      if (term === undefined || gate === undefined) throw new Error("no term")
      const weight = add(gate.weight, contract(term.output, term.input, "rank"))
      return { ...layer, feedForward: { ...layer.feedForward, gate: { ...gate, weight } } }
    }) }
    const only = layers.map(({ gate }) => gate === undefined ? {} : { gate })
    const gateOf = (open: number): Tensor<"bool", "batch" | "time"> => fill("bool", { batch: 1, time: 4 }, open)
    const at = (open: number) => logitsOf(small, w, latents(small, w, text, { adapt: gatedLora(only, gateOf(open)) }))
    expect(apart(await at(1), await logitsOf(small, w, latents(small, merged, text)))).toBeLessThan(1e-10)
    expect(apart(await at(0), await logitsOf(small, w, latents(small, w, text)))).toBe(0)
    expect(apart(await at(1), await at(0))).toBeGreaterThan(1e-2)
  })

  test("cost r (d_in + d_out) numbers a map (M18)", () => fc.assert(fc.property(cases, ({ of, shape }) => {
    const terms = (rank: number) => parametersOf(of, { ...shape, rank })
      .filter(({ path }) => path.startsWith("layers.")).reduce((sum, parameter) => sum + countOf(parameter), 0)
    const { heads: { key: h, share, depth }, model, hidden } = of
    const widths = {
      query: model + h * share * depth, key: model + h * depth, value: model + h * depth,
      output: model + h * share * depth, gate: of.feedForward.gated ? model + hidden : 0, up: model + hidden,
      down: model + hidden
    }
    const sum = shape.projections.reduce((total, map) => total + widths[map], 0)
    expect(terms(shape.rank)).toBe(shape.rank * sum * of.layers)
    expect(terms(2 * shape.rank)).toBe(2 * terms(shape.rank))
  })))
})

describe("the layout", () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 4 }))

  test("lets each entry see itself, its own text, and its block up to itself, and nothing else (M7)", () =>
    fc.assert(fc.asyncProperty(sizes, async ([length, masks]) => {
      const entries = pack(length, masks)
      const layout = layoutOf(entries, 1)
      const seen = await values(arrange(visible(layout, memoriesOf(layout)), ["batch", "time", "memory"]))
      const at = (query: number, memory: number) => seen[query * entries.length + memory] === 1
      let pairs = 0
      entries.forEach((query, q) => entries.forEach((memory, m) => {
        if (at(q, m)) pairs += 1
        const expected = memory.ordinal === 0 ? memory.owner <= query.owner
          : query.ordinal > 0 && memory.owner === query.owner && memory.ordinal <= query.ordinal
        expect(at(q, m)).toBe(expected)
      }))
      const blocks = Array.from({ length }, (_, index) => masks * (index + 1) + masks * (masks + 1) / 2)
      expect(pairs).toBe(length * (length + 1) / 2 + blocks.reduce((sum, block) => sum + block, 0))
    }), runs))

  test("gives equal positions to entries of one target, and min(k, i) masks to the target of token i (M8)", () =>
    fc.assert(fc.asyncProperty(sizes, async ([length, masks]) => {
      const entries = pack(length, masks)
      const positions = Array.from(await values(positionOf(layoutOf(entries, 1))))
      for (let place = 0; place < length; place++) {
        const sharing = entries.filter((entry, index) => entry.ordinal > 0 && positions[index] === place)
        expect(sharing.length).toBe(Math.min(masks, place))
      }
    }), runs))
})
