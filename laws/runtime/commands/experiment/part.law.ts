/** Parts of an experiment are done once, and an adaptation that was stopped goes on to the same adapter. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, type Scope } from "effect"
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { layerWith } from "../../../../src/algebra/backends/cpu/index.ts"
import * as Key from "../../../../src/core/key.ts"
import { open } from "../../../../src/methods/language/model-folder.ts"
import { Ids } from "../../../../src/runtime/commands/experiment/findings-codec.ts"
import { learn } from "../../../../src/runtime/commands/experiment/learn.ts"
import { part } from "../../../../src/runtime/commands/experiment/part.ts"
import { brief } from "../../../../src/runtime/commands/experiment/size.ts"
import { temporaryFolder, writeModel } from "../../scratch.ts"

const root = temporaryFolder()
const model = path.join(root, "model")
const platform = Layer.merge(layerWith({ threads: 1 }), NodeServices.layer)
const run = <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof platform> | Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.provide(Effect.scoped(effect), platform))

describe("a part", () => {
  const folder = path.join(root, "parts")
  let done = 0
  const work = Effect.sync(() => [++done])

  it("is done once, and its result is read from its file after that", async () => {
    expect(await run(part(folder, "once", { seed: 1 }, Ids, work))).toEqual([1])
    expect(await run(part(folder, "once", { seed: 1 }, Ids, work))).toEqual([1])
    expect(await run(part(folder, "other", { seed: 1 }, Ids, work))).toEqual([2])
  })

  it("that was asked for otherwise is refused by what differs", async () => {
    const error = await run(Effect.flip(part(folder, "once", { seed: 2 }, Ids, work)))
    expect(error).toMatchObject({ _tag: "PartMismatch", field: "seed" })
    expect(error.message).toMatch(/once\.json: seed: done with 1, asked for with 2; give another --out$/)
  })

  it("whose file is damaged is refused by its name", async () => {
    writeFileSync(path.join(folder, "once.json"), '{"asked":{"seed":1},"result":"all"}')
    expect(await run(Effect.flip(part(folder, "once", { seed: 1 }, Ids, work))))
      .toMatchObject({ _tag: "CodecError", field: "result" })
  })

  it("that fails leaves no file", async () => {
    await run(Effect.flip(part(folder, "failed", {}, Ids, Effect.fail("no"))))
    expect(existsSync(path.join(folder, "failed.json"))).toBe(false)
  })
})

describe("an adaptation", () => {
  beforeAll(() => writeModel(model))
  const size = { ...brief, masks: 2, watched: { batch: 2, time: 8 } }
  const learning = { rank: 2, steps: 4, every: 2, batch: 1, time: 8, peak: 1e-2 }
  const learned = (folder: string) => run(Effect.gen(function*() {
    const found = yield* open(model)
    const tokens = Uint16Array.from(Key.integers(Key.make(8), 300, found.architecture.vocabulary))
    return yield* learn(folder, found, tokens, tokens, size, 0, { name: "adapter", learning })
  }))
  const adapter = (folder: string) => readFileSync(path.join(folder, "adapters/adapter/adapter.safetensors"))

  it("that lost its last look goes on from its state to the same one; next-token logits stay", async () => {
    const [whole, stopped] = [path.join(root, "whole"), path.join(root, "stopped")]
    const looks = await learned(whole)
    expect(looks.map(({ step }) => step)).toEqual([0, 2, 4])
    expect(new Set(looks.map(({ logits }) => logits)).size).toBe(1)
    expect(new Set(looks.map(({ masks }) => masks)).size).toBe(3)
    expect(looks.map(({ losses }) => losses.length)).toEqual([0, 2, 2])

    await learned(stopped)
    rmSync(path.join(stopped, "looks/adapter-4.json"))
    rmSync(path.join(stopped, "adapters"), { recursive: true })
    expect(readdirSync(path.join(stopped, "states/adapter"))).toHaveLength(1)
    const timeless = (all: typeof looks) => all.map(({ seconds: _, ...look }) => look)
    expect(timeless(await learned(stopped))).toEqual(timeless(looks))
    expect(adapter(stopped).equals(adapter(whole))).toBe(true)
  }, 60_000)
})
