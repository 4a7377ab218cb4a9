/** A configuration is read as it was written, and one that cannot be meant is refused by the name of its field. */
import { Effect, Exit } from "effect"
import fc from "fast-check"
import { NodeFileSystem } from "@effect/platform-node"
import { describe, expect, test } from "vitest"
import { decodeJson } from "../../../../src/core/codec.ts"
import { Configuration, usual } from "../../../../src/methods/language/training/configuration.ts"
import { read as readRecipe } from "../../../../src/methods/language/training/recipe.ts"
import { configuration } from "./fixture.ts"

const positive = fc.integer({ min: 1, max: 5000 })
const configurations: fc.Arbitrary<Configuration> = fc.record({
  usual: fc.record({
    steps: positive, batch: positive, time: positive, seed: fc.nat(),
    peak: fc.double({ min: 1e-9, max: 1, noNaN: true })
  }),
  clip: fc.constantFrom(null, 0.5, 1),
  multipliers: fc.dictionary(fc.string(), fc.double({ min: 0, max: 4, noNaN: true }).map((value) => value + 0))
}).map(({ usual: given, clip, multipliers }) => ({ ...usual(given), clip, multipliers }))

type Codec = typeof Configuration

const decoded = (codec: Codec, value: unknown) =>
  Effect.runSyncExit(decodeJson(codec, "recipe.json")(JSON.stringify(value)))

const wrong = fc.constantFrom<readonly [string, object]>(
  ["seed", { seed: -1 }], ["batch", { batch: 0 }], ["time", { time: 1.5 }], ["accumulate", { accumulate: 0 }],
  ["beta1", { beta1: 1 }], ["beta2", { beta2: -0.1 }], ["epsilon", { epsilon: 0 }], ["decay", { decay: -1 }],
  ["clip", { clip: 0 }], ["clip", { clip: "1" }], ["schedule", { schedule: { kind: "sawtooth", peak: 1 } }],
  ["schedule", { schedule: { ...configuration.schedule, peak: 0 } }], ["multipliers", { multipliers: { a: -1 } }]
)

const refuses = (codec: Codec) => fc.property(wrong, ([field, change]) => {
  const exit = decoded(codec, { ...configuration, ...change })
  expect(Exit.isFailure(exit) && String(exit.cause)).toContain(`recipe.json: ${field}`)
})

describe("a training configuration", () => {
  test("is read as it was written", () => {
    fc.assert(fc.property(configurations, (given) => {
      expect(decoded(Configuration, given)).toEqual(Exit.succeed(given))
    }))
  })

  test("with a value out of range is refused, and the field is named", () => { fc.assert(refuses(Configuration)) })

  test("that takes any number is caught", () => {
    const lenient: Codec = Object.assign(Object.create(Configuration), {
      decode: (value: unknown) => ({ _tag: "Right", right: value })
    })
    expect(fc.check(refuses(lenient)).failed).toBe(true)
  })

  test("of the default model is a recipe whose rate ends with its steps", async () => {
    const file = new URL("../../../../models/default/recipe.json", import.meta.url).pathname
    const recipe = await Effect.runPromise(Effect.provide(readRecipe(file), NodeFileSystem.layer))
    const { schedule, time } = recipe.configuration
    expect(schedule.kind === "constant" ? recipe.plan.steps : schedule.steps).toBe(recipe.plan.steps)
    expect(time).toBeLessThanOrEqual(recipe.architecture.context)
  })
})
