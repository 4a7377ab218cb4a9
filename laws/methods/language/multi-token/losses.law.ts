/** The losses of adaptation against their definitions, and what they give no gradient to. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { gradient } from "../../../../src/algebra/interpreters/gradient.ts"
import type { Expression } from "../../../../src/algebra/expression.ts"
import type { Tensor } from "../../../../src/algebra/tensor.ts"
import { fill, literal } from "../../../../src/algebra/tensor.ts"
import * as Tree from "../../../../src/algebra/tree.ts"
import * as Key from "../../../../src/core/key.ts"
import { combined, latentConsistency, losses } from "../../../../src/methods/language/multi-token/losses.ts"
import { layoutOf, pack } from "../../../../src/methods/language/multi-token/masked-input.ts"
import type { Entry } from "../../../../src/methods/language/multi-token/masked-input.ts"
import { sampled } from "../../../../src/methods/language/multi-token/sampler.ts"
import type { Rows } from "../../../../src/methods/language/transformer.ts"
import { logits } from "../../../../src/methods/language/transformer.ts"
import { nextToken } from "../../../../src/methods/language/training/objective.ts"
import { small, weights } from "../architectures.ts"
import { distance, values } from "../models.ts"
import { adapter, key, whole } from "./fixture.ts"

const w = weights("f64", small, key)
const a = adapter("f64", small, whole, key)
const length = 5
const text = Array.from(Key.integers(key, length + 1, small.vocabulary))
const rowOf = (tokens: ReadonlyArray<number>): Rows =>
  literal("i32", { batch: 1, time: tokens.length }, Int32Array.from(tokens))
const texts = {
  inputs: rowOf(text.slice(0, -1)), targets: rowOf(text.slice(1)), weights: fill("f64", { batch: 1, time: length }, 1)
}
const layout = layoutOf(pack(length, whole.masks), 1)
const all = losses(small, w, a, texts, layout)

const isExpression = (value: unknown): value is Expression =>
  typeof value === "object" && value !== null && "operation" in value
const leavesOf = (tree: unknown) => Tree.make<Expression>(isExpression).leaves(tree)
const one = async (of: Expression) => (await values(of))[0] ?? NaN

describe("the loss of the base head", () => {
  test("at the text's own tokens is the model's, and has no gradient to the adapter (M4)", async () => {
    const plain = nextToken(logits(small, w, texts.inputs), texts.targets, texts.weights)
    expect(await one(all.nextToken.nats)).toBeCloseTo(await one(plain.nats), 10)
    expect(await one(all.nextToken.count)).toBe(length)
    for (const { value } of leavesOf(gradient(all.nextToken.nats, a)))
      expect(Math.max(...Array.from(await values(value), Math.abs))).toBe(0)
  })

  test("at masks counts the targets that are known, and has a gradient to the masks", async () => {
    // mask j of the token at place i is scored where i + j is a place of the text
    expect(await one(all.masks.count)).toBe((length - 1) + (length - 2))
    const { masks } = gradient(all.masks.nats, a)
    expect(Math.max(...Array.from(await values(masks), Math.abs))).toBeGreaterThan(1e-3)
  })

  test("is combined as a mean over entries, with the consistency as a mean over the text's tokens", async () => {
    const { nats, count } = combined(all, 0.5)
    const part = async ({ nats, count }: { nats: Expression, count: Expression }) => await one(nats) / await one(count)
    const entries = await one(all.nextToken.count) + await one(all.masks.count)
    const heads = (await one(all.nextToken.nats) + await one(all.masks.nats)) / entries
    const sampler = all.sampler === undefined ? NaN : await part(all.sampler)
    expect(await one(nats) / await one(count)).toBeCloseTo(heads + sampler + 0.5 * await part(all.consistency), 10)
  })
})

const width = 3
const cases = fc.record({
  length: fc.integer({ min: 1, max: 5 }), masks: fc.integer({ min: 1, max: 3 }), seed: fc.nat(1000),
  kept: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 })
})

const latentsOf = (entries: ReadonlyArray<Entry>, seed: number) =>
  entries.map((_, index) => Array.from(Key.normal(Key.fold(Key.fold(key, seed), index), width)))

const squared = (left: ReadonlyArray<number>, right: ReadonlyArray<number>) =>
  left.reduce((sum, value, index) => sum + (value - (right[index] ?? 0)) ** 2, 0) / left.length

type Shares = (entries: ReadonlyArray<Entry>, token: Entry, mask: Entry) => boolean

/** Equation 1 as it is written, by the masks that `shares` says have the target of a token. */
const equation = (entries: ReadonlyArray<Entry>, z: ReadonlyArray<ReadonlyArray<number>>, shares: Shares) =>
  entries.reduce((total, token, index) => {
    if (token.ordinal > 0) return total
    const set = z.filter((_, at) => {
      const mask = entries[at]
      return mask !== undefined && mask.ordinal > 0 && shares(entries, token, mask)
    })
    const terms = set.map((latent) => squared(z[index] ?? [], latent))
    return total + (terms.length === 0 ? 0 : terms.reduce((sum, term) => sum + term, 0) / terms.length)
  }, 0)

const byPosition: Shares = (_, token, mask) => token.owner === mask.owner + mask.ordinal

const computed = (entries: ReadonlyArray<Entry>, z: ReadonlyArray<ReadonlyArray<number>>, length: number) => {
  const latents: Tensor<"f64", "batch" | "time" | "embed"> =
    literal("f64", { batch: 1, time: entries.length, embed: width }, Float64Array.from(z.flat()))
  const known = entries.map(({ owner, ordinal }) => owner + ordinal < length ? 1 : 0)
  const counted = literal("f64", { batch: 1, time: entries.length }, Float64Array.from(known))
  return { latents, total: latentConsistency(latents, layoutOf(entries, 1), counted, length) }
}

const isEquation = (shares: Shares) => fc.asyncProperty(cases, async ({ length, masks, seed, kept }) => {
  const entries = pack(length, masks, (owner) => kept[owner] ?? true)
  const z = latentsOf(entries, seed)
  const { total } = computed(entries, z, length)
  expect(await one(total.nats)).toBeCloseTo(equation(entries, z, shares), 9)
  expect(await one(total.count)).toBe(length)
})

describe("latent consistency", () => {
  test("is equation 1 over the masks of equal position, whichever blocks there are (M8, M15)", () =>
    fc.assert(isEquation(byPosition), { numRuns: 40 }))

  test("over the masks of equal owner is caught", async () => {
    const byOwner: Shares = (_, token, mask) => token.owner === mask.owner
    expect((await fc.check(isEquation(byOwner), { numRuns: 40, endOnFailure: true })).failed).toBe(true)
  })

  test("is zero where masks agree with their tokens, and has no gradient to the latter (M4, M15)", () =>
    fc.assert(fc.asyncProperty(cases, async ({ length, masks, seed }) => {
      const entries = pack(length, masks)
      const agreeing = entries.map(({ owner, ordinal }) =>
        Array.from({ length: width }, (_, feature) => Math.sin(owner + ordinal + feature)))
      expect(await one(computed(entries, agreeing, length).total.nats)).toBe(0)
      const { latents, total } = computed(entries, latentsOf(entries, seed), length)
      const flow = await values(gradient(total.nats, latents))
      entries.forEach(({ owner, ordinal }, index) => {
        const features = Array.from({ length: width }, (_, feature) => flow[index * width + feature] ?? NaN)
        const size = Math.max(...features.map(Math.abs))
        if (ordinal === 0 || owner + ordinal >= length) expect(size).toBe(0)
        else expect(size).toBeGreaterThan(0)
      })
    }), { numRuns: 20 }))
})

test("the sampler head depends on the token before and the latent alone, wherever they stand (M16)", async () => {
  const { sampler } = a
  if (sampler === undefined) throw new Error("no sampler")
  const pair = (seed: number) => Array.from(Key.normal(Key.fold(key, seed), 2 * small.embed))
  const run = (pairs: ReadonlyArray<ReadonlyArray<number>>) => {
    const half = (from: number) => literal("f64", { batch: 1, time: pairs.length, embed: small.embed },
      Float64Array.from(pairs.flatMap((numbers) => numbers.slice(from, from + small.embed))))
    return values(sampled(sampler, half(0), half(small.embed)))
  }
  const [first, second] = [pair(1), pair(2)]
  const [there, back] = [Array.from(await run([first, second])), Array.from(await run([second, first]))]
  expect(distance(there.slice(0, small.embed), back.slice(small.embed))).toBe(0)
  expect(distance(there, back)).toBeGreaterThan(1e-3)
})
