/** The law of HyperCloning as a Layer: from a service to the same service, larger, with the same logits and text. */
import { Effect, Layer } from "effect"
import { expect, it } from "vitest"
import { layer as reference } from "../../../../src/algebra/backends/reference/index.ts"
import * as Key from "../../../../src/core/key.ts"
import { judge } from "../../../../src/core/law.ts"
import { HyperCloning, preservation, variants } from "../../../../src/methods/language/hypercloning/index.ts"
import { LanguageModel, make } from "../../../../src/methods/language/model.ts"
import { countOf } from "../../../../src/methods/language/parameters.ts"
import { put } from "../../../../src/methods/language/weights.ts"
import { small } from "../architectures.ts"

const key = Key.make(5)

const keyOf = (path: string) => Array.from(path).reduce((folded, letter) => Key.fold(folded, letter.charCodeAt(0)), key)

const source = Layer.effect(LanguageModel, Effect.gen(function*() {
  const buffers = yield* put(small, (parameter) =>
    Effect.succeed(Float32Array.from(Key.normal(keyOf(parameter.path), countOf(parameter)))))
  return make({ name: "random", architecture: small, weights: buffers })
}))

const rows = [0, 1, 2].map((row) => Array.from(Key.integers(Key.fold(key, row), 12, small.vocabulary)))

const measured = (spoil: number) => Effect.gen(function*() {
  const before = yield* LanguageModel
  return yield* Effect.forEach(variants, (variant) => Effect.gen(function*() {
    const after = yield* LanguageModel
    const spoilt = { ...after, architecture: { ...after.architecture, embeddingScale: spoil } }
    const moved = yield* preservation.deviation(before, spoilt, rows)
    const text = preservation.differing(
      yield* preservation.greedy(before, rows, 4),
      yield* preservation.greedy(after, rows, 4)
    )
    return {
      logits: judge(preservation.sameLogits, moved.measurement),
      text: judge(preservation.sameGreedyText, text),
      model: after.architecture.model
    }
  }).pipe(Effect.provide(HyperCloning.layer({ variant, width: 3, feedForward: 2, headCount: 2 }))))
}).pipe(Effect.provide(source), Effect.provide(reference))

it("a model grown by the Layer has the logits and the greedy text of its source, in every variant", async () => {
  for (const { logits, text, model } of await Effect.runPromise(measured(1))) {
    expect(logits).toMatchObject({ holds: true, cases: 3 * 12 * small.vocabulary })
    expect(text).toMatchObject({ holds: true, cases: 3 * 4 })
    expect(model).toBe(3 * small.model)
  }
})

it("catches a grown model whose embedding is scaled", async () => {
  const position = await Effect.runPromise(measured(1.01))
  expect(position.every(({ logits }) => logits.holds)).toBe(false)
})

it("composes with itself, and refuses a factor that is not whole", async () => {
  const twice = await Effect.runPromise(
    LanguageModel.pipe(
      Effect.provide(HyperCloning.layer({ width: 2 })),
      Effect.provide(HyperCloning.layer({ width: 2 })),
      Effect.provide(source),
      Effect.provide(reference)
    )
  )
  expect(twice.architecture.model).toBe(4 * small.model)
  const refused = await Effect.runPromise(Effect.flip(LanguageModel.pipe(
    Effect.provide(HyperCloning.layer({ width: 2.5 })), Effect.provide(source), Effect.provide(reference))))
  expect(refused).toMatchObject({ _tag: "GrowthError", field: "width" })
})
