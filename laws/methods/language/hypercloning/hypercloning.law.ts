/** The laws of HyperCloning (2409.12903): a wider model, and every logit the same. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { layer as reference } from "../../../../src/algebra/backends/reference/index.ts"
import type { Backend} from "../../../../src/algebra/backend.ts"
import { evaluate } from "../../../../src/algebra/backend.ts"
import type { DType, Float } from "../../../../src/algebra/dtype.ts"
import type { Expression } from "../../../../src/algebra/expression.ts"
import { gradient } from "../../../../src/algebra/interpreters/gradient.ts"
import { crossEntropy } from "../../../../src/algebra/derived/loss.ts"
import { mean } from "../../../../src/algebra/derived/statistics.ts"
import type { Tensor } from "../../../../src/algebra/tensor.ts"
import * as T from "../../../../src/algebra/tensor.ts"
import * as Key from "../../../../src/core/key.ts"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import type { Variant } from "../../../../src/methods/language/hypercloning/expansion.ts"
import { expand } from "../../../../src/methods/language/hypercloning/expansion.ts"
import type { Expansion } from "../../../../src/methods/language/hypercloning/grow.ts"
import { grow } from "../../../../src/methods/language/hypercloning/grow.ts"
import type { Factors } from "../../../../src/methods/language/hypercloning/growth.ts"
import { growth } from "../../../../src/methods/language/hypercloning/growth.ts"
import { countOf, parametersOf } from "../../../../src/methods/language/parameters.ts"
import { leavesOf } from "../../../../src/methods/language/tree.ts"
import type { Rows, Weights } from "../../../../src/methods/language/transformer.ts"
import { latents, logits } from "../../../../src/methods/language/transformer.ts"
import { architecture, rows, small, weights } from "../architectures.ts"

const run = <A, E>(effect: Effect.Effect<A, E, Backend>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, reference))
const values = async (of: Expression): Promise<ReadonlyArray<number>> =>
  Array.from((await run(evaluate(of as Tensor<DType, never>))).data)

const worst = (left: ReadonlyArray<number>, right: ReadonlyArray<number>): number => {
  expect(left.length).toBe(right.length)
  return left.reduce((deviation, value, index) => Math.max(deviation, Math.abs(value - (right[index] ?? NaN))), 0)
}

const key = Key.make(2409)
const variants: ReadonlyArray<Variant> = ["symmetric", "diagonal", "noisy-symmetric", "noisy-diagonal"]
const factors: fc.Arbitrary<Factors> = fc.record({
  width: fc.integer({ min: 1, max: 3 }), feedForward: fc.integer({ min: 1, max: 3 }),
  headCount: fc.integer({ min: 1, max: 3 }), headDepth: fc.integer({ min: 1, max: 2 }),
  keyValue: fc.constantFrom("repeat" as const, "keep" as const)
})
const expansion: fc.Arbitrary<Expansion> = fc.record({
  variant: fc.constantFrom(...variants),
  decibels: fc.constantFrom(10, 0),
  key: fc.constant(key),
  tiedHead: fc.constantFrom("fold" as const, "untie" as const)
})
const twice: Factors = { width: 2, feedForward: 2, headCount: 2, headDepth: 1, keyValue: "repeat" }
const symmetric: Expansion = { variant: "symmetric", decibels: 10, key, tiedHead: "fold" }

const grown = async <D extends Float>(source: Architecture, of: Weights<D>, by: Factors, how: Expansion) =>
  grow(source, of, await Effect.runPromise(growth(source, by)), how)

type Shape = { readonly [A in "row" | "column"]: number }
const matrix = (sizes: Shape, seed: number): Tensor<"f64", "row" | "column"> =>
  T.literal("f64", sizes, Key.normal(Key.fold(key, seed), sizes.row * sizes.column))
const expanded = (
  source: Tensor<"f64", "row" | "column">,
  p: number,
  q: number,
  variant: Variant,
  decibels = 10
): Tensor<"f64", "row" | "column"> =>
  expand(
    source as Tensor<Float, string>,
    [
      { axis: "row", times: p, summed: false },
      { axis: "column", times: q, summed: true }
    ].filter(({ times }) => times > 1),
    variant,
    variant.startsWith("noisy") ? { key, decibels } : undefined
  ) as Tensor<"f64", "row" | "column">
const blocks = (of: Tensor<"f64", "row" | "column">, p: number, q: number, { row, column }: Shape) =>
  T.split(T.split(of, "row", { a: p, row }), "column", { b: q, column })

const shapes = fc.record({ row: fc.integer({ min: 1, max: 4 }), column: fc.integer({ min: 1, max: 4 }) })
const times = fc.integer({ min: 1, max: 4 })

describe("HyperCloning", () => {
  it("keeps every logit, for any architecture, growth and variant (H1)", async () => {
    await fc.assert(fc.asyncProperty(architecture, factors, expansion, fc.nat(1000), async (source, by, how, seed) => {
      const of = weights("f64", source, Key.fold(key, seed))
      const tokens: Rows = rows(source, Key.fold(key, seed + 1))
      const wide = await grown(source, of, by, how)
      const before = await values(logits(source, of, tokens))
      const after = await values(logits(wide.architecture, wide.weights, tokens))
      expect(worst(before, after)).toBeLessThan(1e-10 * Math.max(1, ...before.map(Math.abs)))
    }), { numRuns: 60 })
  })

  it("copies the residual stream (H1): latents are the source's, tiled, where the head is not folded", async () => {
    const of = weights("f64", small, key)
    const tokens = rows(small, key)
    const wide = await grown(small, of, twice, { ...symmetric, variant: "noisy-symmetric" })
    const source: Tensor<"f64", "batch" | "time" | "embed"> = T.tile(latents(small, of, tokens), "embed", 2)
    expect(worst(await values(source), await values(latents(wide.architecture, wide.weights, tokens)))).toBeLessThan(
      1e-11
    )
  })

  it("gives parameters of exactly the shapes that the grown architecture has (H12)", async () => {
    await fc.assert(fc.asyncProperty(architecture, factors, expansion, async (source, by, how) => {
      const wide = await grown(source, weights("f64", source, key), by, how)
      for (const [parameter, leaf] of leavesOf(wide.architecture, wide.weights))
        expect([parameter.path, ...leaf.axes]).toEqual([parameter.path, ...parameter.axes])
      expect(leavesOf(wide.architecture, wide.weights).length).toBe(parametersOf(wide.architecture).length)
    }), { numRuns: 40 })
  })

  it("has the paper's number of parameters: n^2 4 d^2 L + 3 n m d f L + 2 n V d + n (2 L + 1) d (H12)", async () => {
    await fc.assert(
      fc.asyncProperty(times, times, async (n, m) => {
        const source: Architecture = { ...small, heads: { key: 2, share: 1, depth: 3 } }
        const { architecture: wide } = await Effect.runPromise(
          growth(source, { ...twice, width: n, headCount: n, feedForward: m })
        )
        const [d, f, L, V] = [source.model, source.hidden, source.layers, source.vocabulary]
        const counted = parametersOf(wide).reduce((total, parameter) => total + countOf(parameter), 0)
        expect(counted).toBe(n * n * 4 * d * d * L + 3 * n * m * d * f * L + 2 * n * V * d + n * (2 * L + 1) * d)
      })
    )
  })

  it("has blocks that sum to the source along every row of blocks (H2)", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, times, times, fc.constantFrom(...variants), async (shape, p, q, variant) => {
        const source = matrix(shape, 1)
        const summed = T.sum(blocks(expanded(source, p, q, variant), p, q, shape), "b")
        expect(
          worst(await values(T.arrange(summed, ["a", "row", "column"])), await values(T.expand(source, "a", p)))
        ).toBeLessThan(1e-13)
      })
    )
  })

  it("is the identity, to the bit, when nothing grows (H3)", async () => {
    await fc.assert(fc.asyncProperty(architecture, expansion, async (source, how) => {
      const of = weights("f32", source, key)
      const once = await grown(source, of, { ...twice, width: 1, feedForward: 1, headCount: 1 }, how)
      for (const [index, [, leaf]] of leavesOf(once.architecture, once.weights).entries())
        expect(await values(leaf)).toEqual(await values(leavesOf(source, of)[index]?.[1] ?? leaf))
    }), { numRuns: 10 })
  })

  it("composes: growing by n, then by n', is growing by n n' (H3)", async () => {
    const of = weights("f64", small, key)
    const first = await grown(small, of, twice, symmetric)
    const second = await grown(first.architecture, first.weights, twice, symmetric)
    const atOnce = await grown(small, of, { ...twice, width: 4, feedForward: 4, headCount: 4 }, symmetric)
    expect(second.architecture).toEqual(atOnce.architecture)
    for (const [index, [, leaf]] of leavesOf(atOnce.architecture, atOnce.weights).entries())
      expect(
        worst(await values(leaf), await values(leavesOf(second.architecture, second.weights)[index]?.[1] ?? leaf))
      ).toBeLessThan(1e-15)
  })

  it("adds noise of the power that the ratio says, and none where nothing is summed (H4)", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, times, times, fc.constantFrom(0, 10, 30), async (shape, p, q, decibels) => {
        const source = matrix(shape, 2)
        const noise = T.subtract(
          expanded(source, p, q, "noisy-symmetric", decibels),
          expanded(source, p, q, "symmetric")
        )
        const power = (of: Tensor<"f64", "row" | "column" | "a" | "b">) =>
          values(T.arrange(mean(T.multiply(of, of), ["row", "column"]), ["a", "b"]))
        const found = await power(blocks(noise, p, q, shape))
        const signal = await power(blocks(expanded(source, p, q, "symmetric"), p, q, shape))
        found.forEach((value, index) => {
          const noisy = index % q < q - (q % 2)
          expect(value / (signal[index] ?? NaN)).toBeCloseTo(noisy ? 10 ** (-decibels / 10) : 0, 9)
        })
      })
    )
  })

  it("keeps the rank and the singular values up to sqrt(p / q), and repeats them when diagonal (H7, H8)", async () => {
    await fc.assert(fc.asyncProperty(shapes, times, times, async (shape, p, q) => {
      const source = matrix(shape, 3)
      const of = async (tensor: Tensor<"f64", "row" | "column">) =>
        (await values(T.svd(tensor, "row", "column", "rank").values)).toSorted((a, b) => b - a)
      const before = await of(source)
      const after = await of(expanded(source, p, q, "symmetric"))
      before.forEach((value, index) => expect(after[index]).toBeCloseTo(value * Math.sqrt(p / q), 9))
      after.slice(before.length).forEach((value) => expect(value).toBeCloseTo(0, 7))
      const repeated = await of(expanded(source, q, q, "diagonal"))
      expect(worst(repeated, before.flatMap((value) => Array.from({ length: q }, () => value)))).toBeLessThan(1e-9)
    }), { numRuns: 40 })
  })

  it("locks symmetric copies: their gradients are equal blocks, and noise unlocks them (H10)", async () => {
    const spread = async (variant: Variant) => {
      const of = weights("f64", small, key)
      const wide = await grown(small, of, twice, { ...symmetric, variant })
      const labels = rows(small, Key.fold(key, 9))
      const loss = mean(crossEntropy(logits(wide.architecture, wide.weights, rows(small, key)), labels, "vocabulary"), [
        "batch",
        "time"
      ])
      const up = gradient(loss, wide.weights).layers[0]?.feedForward.up.weight
      if (up === undefined) throw new Error("the model has a layer")
      const parts = T.split(T.split(up, "hidden", { a: 2, hidden: small.hidden }), "model", {
        b: 2,
        model: small.model
      })
      const [first, second] = [T.at(parts, "a", 0), T.at(parts, "a", 1)]
      return worst(await values(first), await values(second))
    }
    expect(await spread("symmetric")).toBeLessThan(1e-14)
    expect(await spread("noisy-symmetric")).toBeGreaterThan(1e-4)
  })

  it("does not depend on which copy is which (H13)", async () => {
    const of = weights("f64", small, key)
    const tokens = rows(small, key)
    const wide = await grown(
      small,
      of,
      { ...twice, headCount: 1, feedForward: 1 },
      { ...symmetric, variant: "noisy-symmetric" }
    )
    const swap = (leaf: Tensor<Float, string>, axis: "model" | "embed"): Tensor<Float, string> => {
      if (!leaf.axes.has(axis)) return leaf
      const half = small.model
      return T.concatenate<Float, string, string>([T.slice(leaf, axis, half, half), T.slice(leaf, axis, 0, half)], axis)
    }
    const { map } = await import("../../../../src/algebra/tree.ts").then(({ make }) =>
      make(
        (value): value is Tensor<Float, string> => typeof value === "object" && value !== null && "operation" in value
      )
    )
    const swapped = map(wide.weights, (leaf) => swap(swap(leaf, "model"), "embed")) as Weights<"f64">
    expect(
      worst(
        await values(logits(wide.architecture, wide.weights, tokens)),
        await values(logits(wide.architecture, swapped, tokens))
      )
    ).toBeLessThan(1e-11)
  })

  it("keeps a tied head tied by folding, or unties it, and either keeps the logits (H16)", async () => {
    const source: Architecture = { ...small, tiedHead: true }
    const of = weights("f64", source, key)
    const tokens = rows(source, key)
    const [folded, untied] = [
      await grown(source, of, twice, symmetric),
      await grown(source, of, twice, { ...symmetric, tiedHead: "untie" })
    ]
    expect([folded.architecture.tiedHead, untied.architecture.tiedHead]).toEqual([true, false])
    const before = await values(logits(source, of, tokens))
    for (const wide of [folded, untied])
      expect(worst(before, await values(logits(wide.architecture, wide.weights, tokens)))).toBeLessThan(1e-11)
  })

  it("refuses a factor that is not whole, and deeper heads under a clamp", async () => {
    const refused = (field: string, source: Architecture, by: Factors) =>
      expect(Effect.runPromise(Effect.flip(growth(source, by)))).resolves.toMatchObject({ _tag: "GrowthError", field })
    await refused("width", small, { ...twice, width: 1.5 })
    await refused("feedForward", small, { ...twice, feedForward: 0 })
    await refused("headDepth", { ...small, attention: { ...small.attention, clip: 1 } }, { ...twice, headDepth: 2 })
  })
})

describe("a broken growth is caught", () => {
  const caught = async (
    source: Architecture,
    by: Factors,
    spoil: (wide: { readonly architecture: Architecture; readonly weights: Weights<"f64"> }) => {
      readonly architecture: Architecture
      readonly weights: Weights<"f64">
    }
  ) => {
    const of = weights("f64", source, key)
    const tokens = rows(source, key)
    const broken = spoil(await grown(source, of, by, symmetric))
    return worst(
      await values(logits(source, of, tokens)),
      await values(logits(broken.architecture, broken.weights, tokens))
    )
  }

  it("when a tied head is not divided: logits are n times the source's, and only the argmax is the same", async () => {
    const source: Architecture = { ...small, tiedHead: true }
    const deviation = await caught(source, twice, ({ architecture, weights: { finalNorm, ...rest } }) => ({
      architecture,
      weights: {
        ...rest,
        finalNorm: { ...finalNorm, ...(finalNorm?.weight ? { weight: T.multiply(finalNorm.weight, 2) } : {}) }
      }
    }))
    expect(deviation).toBeGreaterThan(0.1)
  })

  it("when deeper heads are turned by their own frequencies and not by the source's", async () => {
    const deviation = await caught(small, { ...twice, headDepth: 2 }, ({ architecture, weights: kept }) =>
      ({ architecture: { ...architecture, position: { kind: "rotary", theta: 10_000, fraction: 1 } }, weights: kept }))
    expect(deviation).toBeGreaterThan(1e-3)
  })

  it("when deeper heads are not scaled", async () => {
    const deviation = await caught(small, { ...twice, headDepth: 2 }, ({ architecture, weights: kept }) =>
      ({ architecture: { ...architecture, attention: { ...architecture.attention, scale: 0.5 } }, weights: kept }))
    expect(deviation).toBeGreaterThan(1e-3)
  })
})
