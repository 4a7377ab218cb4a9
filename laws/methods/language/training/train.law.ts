/** The public pipeline: the model that is given stays as it was, and an interruption at any step loses nothing. */
import { Effect, Fiber, Layer } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Progress, silent } from "../../../../src/core/progress.ts"
import { leavesOf } from "../../../../src/methods/language/tree.ts"
import { LanguageModel, make } from "../../../../src/methods/language/model.ts"
import type { Transformer } from "../../../../src/methods/language/model.ts"
import { keptIn, layer, train } from "../../../../src/methods/language/training/train.ts"
import { read } from "../../../../src/methods/language/weights.ts"
import { architecture, folder, requestOf, run, timeless } from "./fixture.ts"

const steps = 6

const weightsOf = ({ weights }: Transformer) => Effect.map(read(architecture, weights), (tree) =>
  leavesOf(architecture, tree).map(([{ path }, data]) => [path, ...data] as const))

const whole = run(Effect.gen(function* () {
  const { model, history } = yield* train(yield* requestOf(steps))
  return { history: timeless(history), weights: yield* weightsOf(model) }
}))

/** Trains until the progress of `training` reaches a step, and is then interrupted from outside. */
const interruptedAt = (step: number, place: string) => Effect.gen(function* () {
  const request = yield* keptIn(place, yield* requestOf(steps))
  let reach = () => {}
  const reached = new Promise<void>((resolve) => { reach = resolve })
  const fiber = yield* Effect.forkChild(Effect.scoped(train(request)).pipe(Effect.provideService(Progress, {
    ...silent,
    changed: ({ name, current }) => { if (name === "training" && current >= step) reach() }
  })))
  yield* Effect.promise(() => reached)
  yield* Fiber.interrupt(fiber)
})

describe("training a model", () => {
  test("leaves the model that it starts from as it was", () => run(Effect.gen(function* () {
    const request = yield* requestOf(steps)
    const before = yield* weightsOf(request.model)
    const { model } = yield* train(request)
    expect(yield* weightsOf(request.model)).toEqual(before)
    expect(yield* weightsOf(model)).not.toEqual(before)
  })))

  test("interrupted at any step and taken up again gives the same losses and weights", () =>
    fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: steps }), (step) => run(Effect.gen(function* () {
      const place = yield* folder
      yield* interruptedAt(step, place)
      const { model, history } = yield* train(yield* keptIn(place, yield* requestOf(steps)))
      const expected = yield* Effect.promise(() => whole)
      expect(timeless(history)).toEqual(expected.history)
      expect(yield* weightsOf(model)).toEqual(expected.weights)
    }))), { numRuns: 8 }), 120_000)

  test("from nothing after an interruption is caught", () => run(Effect.gen(function* () {
    const { history } = yield* train(yield* requestOf(steps, { change: { seed: 4 } }))
    expect(timeless(history)).not.toEqual((yield* Effect.promise(() => whole)).history)
  })))

  test("as a Layer turns the language model in the context into the trained one", () => run(Effect.gen(function* () {
    const { model, ...request } = yield* requestOf(steps)
    const source = Layer.succeed(LanguageModel, make({ ...model, name: "source" }))
    const ready = Layer.provide(layer(request), source)
    const trained = yield* Effect.provide(Effect.flatMap(LanguageModel, weightsOf), ready)
    expect(trained).toEqual((yield* Effect.promise(() => whole)).weights)
  })))
})
