import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, type Scope } from "effect"
import { beforeAll, describe, expect, it } from "vitest"
import { layerWith } from "../../../../src/algebra/backends/cpu/index.ts"
import * as Key from "../../../../src/core/key.ts"
import { judge } from "../../../../src/core/law.ts"
import { preservation, variants } from "../../../../src/methods/language/hypercloning/index.ts"
import { initialise } from "../../../../src/methods/language/initialise.ts"
import { open } from "../../../../src/methods/language/model-folder.ts"
import { conserve, conservedTable } from "../../../../src/runtime/commands/run/conserve.ts"
import { brief } from "../../../../src/runtime/commands/run/size.ts"
import { rowsOf } from "../../../../src/runtime/commands/text.ts"
import { temporaryFolder, writeModel } from "../../scratch.ts"

const folder = `${temporaryFolder()}/model`
const size = { ...brief, compared: 100, prompts: { count: 3, length: 5, tokens: 7 } }
const tokens = Uint16Array.from(Key.integers(Key.make(8), 300, 1024))

const platform = Layer.merge(layerWith({ threads: 1 }), NodeServices.layer)
const run = <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof platform> | Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.provide(Effect.scoped(effect), platform))

describe("the main job's conservation", () => {
  beforeAll(() => writeModel(folder))

  it("holds for every variant, over all tokens that were asked for", async () => {
    const seen = await run(Effect.flatMap(open(folder), (source) => conserve(source, tokens, size, 0)))
    expect(seen.map(({ variant }) => variant)).toEqual(variants)
    for (const { deviation, logits, text } of seen) {
      expect([logits.holds, text.holds]).toEqual([true, true])
      expect(deviation.tokens).toBe(size.compared)
      expect(logits.cases).toBe(size.compared * 1024)
      expect(text.cases).toBe(size.prompts.count * size.prompts.tokens)
    }
    expect(conservedTable(seen).rows).toHaveLength(4)
  })

  it("does not hold for a model of other weights", async () => {
    const { measurement } = await run(Effect.gen(function*() {
      const source = yield* open(folder)
      const other = { ...source, weights: yield* initialise(source.architecture, Key.make(9), { deviation: 0.3 }) }
      return yield* preservation.deviation(source, other, rowsOf(tokens, size.compared, 32))
    }))
    expect(judge(preservation.sameLogits, measurement).holds).toBe(false)
  })
})
