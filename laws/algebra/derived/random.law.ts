/** The law of random tensors: every backend draws the bits that `core/key.ts` draws on the host. */
import { Effect } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { layer as reference } from "../../../src/algebra/backends/reference/index.ts"
import { evaluate } from "../../../src/algebra/backend.ts"
import * as Random from "../../../src/algebra/derived/random.ts"
import * as Key from "../../../src/core/key.ts"

const sizes = fc.record({ row: fc.integer({ min: 1, max: 5 }), column: fc.integer({ min: 1, max: 5 }) })
const seed = fc.maxSafeNat()

it("a random tensor has the bits of the host's generator, counted row-major", async () => {
  await fc.assert(fc.asyncProperty(seed, sizes, async (from, axes) => {
    const key = Key.make(from)
    const count = axes.row * axes.column
    const drawn = await Effect.runPromise(Effect.all([
      evaluate(Random.bits(Random.constant(key), axes)),
      evaluate(Random.uniform("f32", Random.constant(key), axes)),
      evaluate(Random.normal("f64", Random.constant(key), axes))
    ]).pipe(Effect.provide(reference)))
    expect(Array.from(drawn[0].data)).toEqual(Array.from(Key.bits(key, count)))
    expect(Array.from(drawn[1].data)).toEqual(Array.from(Key.uniform(key, count)))
    Key.normal(key, count).forEach((value, index) => expect(drawn[2].data[index]).toBeCloseTo(value, 12))
  }), { numRuns: 20 })
})

it("catches a generator of another key", async () => {
  const drawn = await Effect.runPromise(
    Effect.provide(evaluate(Random.bits(Random.constant(Key.make(1)), { row: 4 })), reference)
  )
  expect(Array.from(drawn.data)).not.toEqual(Array.from(Key.bits(Key.make(2), 4)))
})
