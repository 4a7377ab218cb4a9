import { Effect, Layer } from "effect"
import { beforeAll, describe, expect, it } from "vitest"
import { NodeServices } from "@effect/platform-node"
import { growing } from "../../page/curves.ts"
import type { News } from "../../page/messages.ts"
import { layerWith } from "../../src/algebra/backends/cpu/index.ts"
import * as Key from "../../src/core/key.ts"
import { Progress } from "../../src/core/progress.ts"
import { open } from "../../src/methods/language/model-folder.ts"
import { compare } from "../../src/runtime/commands/run/compare.ts"
import type { Curve } from "../../src/runtime/commands/run/curves.ts"
import { curvePlots } from "../../src/runtime/commands/run/curves.ts"
import { brief } from "../../src/runtime/commands/run/size.ts"
import { temporaryFolder, writeModel } from "../runtime/scratch.ts"

const folder = `${temporaryFolder()}/model`
const tokens = Uint16Array.from(Key.integers(Key.make(8), 300, 1024))
const size = { ...brief, training: { steps: 5, batch: 2, time: 8, peak: 1e-3, evaluateEvery: 2, evaluated: 64 } }

/** What the comparison found, and what was heard of it meanwhile. */
const compared = Effect.suspend(() => {
  const heard: Array<News> = []
  const listening = Layer.succeed(Progress, {
    opened: (work) => void heard.push({ kind: "opened", work }),
    changed: (work) => void heard.push({ kind: "changed", work }),
    closed: (work, outcome) => void heard.push({ kind: "closed", work, outcome })
  })
  return Effect.scoped(Effect.flatMap(open(folder), (source) => compare(source, tokens, tokens, size, 0))).pipe(
    Effect.map((found) => ({ found, heard })),
    Effect.provide(Layer.mergeAll(layerWith({ threads: 1 }), NodeServices.layer, listening))
  )
})

const heardOf = (news: ReadonlyArray<News>): ReadonlyArray<Curve> => {
  const { curves, hear } = growing()
  news.forEach(hear)
  return curves()
}

/** Points of all plots, with their series. */
const drawn = (curves: ReadonlyArray<Curve>) => curvePlots(curves).map(({ series }) =>
  series.map(({ name, points }) => [name, points.map(([x, y]) => [x, Number(y.toFixed(9))])]))

describe("curves that grow", () => {
  let found: ReadonlyArray<Curve> = []
  let heard: ReadonlyArray<News> = []
  beforeAll(async () => {
    await writeModel(folder)
    ;({ found, heard } = await Effect.runPromise(compared))
  })

  it("are in the end those that were found", () => {
    expect(found.map(({ history }) => history.length)).toEqual([5, 5, 5])
    expect(drawn(heardOf(heard))).toEqual(drawn(found))
  })

  it("are a beginning of them at every moment", () => {
    for (let at = 0; at <= heard.length; at++) {
      const curves = heardOf(heard.slice(0, at))
      curves.forEach(({ start, history }, index) => {
        expect(start).toBe(found[index]?.start)
        expect(history.map(({ loss }) => loss))
          .toEqual(found[index]?.history.slice(0, history.length).map(({ loss }) => loss))
      })
    }
  })

  it("would lack points, were a message lost", () => {
    const last = heard.findLastIndex(({ kind, ...news }) =>
      kind === "changed" && "work" in news && news.work.name === "training")
    expect(drawn(heardOf(heard.toSpliced(last, 1)))).not.toEqual(drawn(found))
  })
})
