/** Adapting a model leaves it what it is, is resumed to the bit, and its result is kept in a folder to the bit. */
import { Effect, FileSystem, Layer, Option, Stream } from "effect"
import { describe, expect, test } from "vitest"
import { Backend } from "../../../../src/algebra/backend.ts"
import type { Buffer, SomeBuffer } from "../../../../src/algebra/backend.ts"
import { layer as reference } from "../../../../src/algebra/backends/reference/index.ts"
import { LanguageModel, make } from "../../../../src/methods/language/model.ts"
import type { Request } from "../../../../src/methods/language/multi-token/adaptation.ts"
import { adapt, identityOf, runOf, taskOf, usual } from "../../../../src/methods/language/multi-token/adaptation.ts"
import { load, save } from "../../../../src/methods/language/multi-token/adapter-file.ts"
import { parametersOf } from "../../../../src/methods/language/multi-token/adapter.ts"
import { MultiToken } from "../../../../src/methods/language/multi-token/index.ts"
import type { Store } from "../../../../src/methods/language/training/snapshot.ts"
import { inFolder } from "../../../../src/methods/language/training/snapshot.ts"
import { leavesOf } from "../../../../src/methods/language/training/step.ts"
import { small } from "../architectures.ts"
import { randomModel, run } from "../models.ts"
import { architecture, folder, run as onDisk, timeless, tokens } from "../training/fixture.ts"
import { adapted, key, whole } from "./fixture.ts"

const steps = 6
const configuration = usual({ steps, batch: 2, time: 5, peak: 0.05, seed: 3 })

const request = (total = steps, store?: Store) => Effect.gen(function*() {
  const model = yield* randomModel(architecture, key)
  return {
    model, shape: whole, consistency: 1, tokens, configuration,
    plan: { steps: total, evaluateEvery: 0, snapshotEvery: 0 }, ...store === undefined ? {} : { store }
  } satisfies Request
})

/** What becomes of a run that is left after some updates: its losses and every number of the adapter. */
const outcome = (stopAfter = Infinity, store?: Store) => Effect.scoped(Effect.gen(function*() {
  const started = yield* runOf(yield* request(steps, store))
  yield* Stream.runDrain(Stream.take(started.reports, stopAfter))
  return { reports: timeless(started.history()), weights: yield* started.weights }
}))

const valuesOf = (tree: object) => Effect.gen(function*() {
  const backend = yield* Backend
  const found: Array<readonly [string, ReadonlyArray<number>]> = []
  const walk = (node: unknown, path: string): Effect.Effect<void> => Effect.suspend(() => {
    if (typeof node !== "object" || node === null) return Effect.void
    if ("dtype" in node) {
      const buffer: Buffer<"f32", never> = node as SomeBuffer as Buffer<"f32", never>
      return Effect.orDie(Effect.map(backend.read(buffer), ({ data }) => { found.push([path, [...data]]) }))
    }
    return Effect.forEach(Object.entries(node), ([name, branch]) => walk(branch, `${path}.${name}`), { discard: true })
  })
  yield* walk(tree, "")
  return found
})

describe("adaptation", () => {
  test("trains the adapter and nothing else, and learns", () => onDisk(Effect.gen(function*() {
    const asked = yield* request(30)
    expect(leavesOf(taskOf(asked.model, whole, 1)).map(({ path }) => path))
      .toEqual(parametersOf(architecture, whole).map(({ path }) => path))
    const before = yield* valuesOf(asked.model.weights)
    const { history } = yield* adapt(asked)
    expect(yield* valuesOf(asked.model.weights)).toEqual(before)
    expect(history.at(-1)?.loss).toBeLessThan((history[0]?.loss ?? 0) * 0.9)
  })))

  test("stopped anywhere and resumed is the run that was not", () => onDisk(Effect.gen(function*() {
    const whole = yield* outcome()
    const asked = yield* request()
    for (const stop of [1, 4]) {
      const store = yield* inFolder(yield* folder, yield* identityOf(asked))
      yield* outcome(stop, store)
      expect(Option.getOrThrow(yield* store.load).step).toBe(stop)
      expect(yield* outcome(Infinity, store)).toEqual(whole)
    }
  })))

  test("of another shape is refused by the field that differs", () => onDisk(Effect.gen(function*() {
    const asked = yield* request()
    const place = yield* folder
    yield* outcome(1, yield* inFolder(place, yield* identityOf(asked)))
    const other = yield* inFolder(place, yield* identityOf({ ...asked, consistency: 0 }))
    expect(yield* Effect.flip(outcome(1, other))).toMatchObject({ _tag: "SnapshotMismatch", field: "consistency" })
  })))
})

describe("the folder of an adapter", () => {
  test("holds it to the bit", () => onDisk(Effect.gen(function*() {
    const own = yield* adapted(small, whole, key)
    const place = `${yield* folder}/adapter`
    yield* save(small, own, place)
    const back = yield* load(small, place)
    expect(back.shape).toEqual(whole)
    expect(yield* valuesOf(back.adapter)).toEqual(yield* valuesOf(own.adapter))
    expect(yield* Effect.flip(save(small, own, place))).toMatchObject({ _tag: "FolderExists" })
  })))

  test("of another model, of another method, or cut short gives its error and names the file", () => onDisk(
    Effect.gen(function*() {
      const own = yield* adapted(small, whole, key)
      const place = `${yield* folder}/adapter`
      const fs = yield* FileSystem.FileSystem
      yield* save(small, own, place)
      const refused = (of = small) => Effect.map(Effect.flip(Effect.scoped(load(of, place))), (error) =>
        `${error._tag} ${error.message}`)
      expect(yield* refused({ ...small, hidden: 6 })).toMatch(/^AdapterMismatch .*adapter\.json: hidden: .* 5, .* 6/)
      yield* fs.truncate(`${place}/adapter.safetensors`, 900)
      expect(yield* refused()).toMatch(/^SafetensorsError .*adapter\.safetensors/)
      const text = yield* fs.readFileString(`${place}/adapter.json`)
      yield* fs.writeFileString(`${place}/adapter.json`, text.replace('"masks": 2', '"masks": 0'))
      expect(yield* refused()).toMatch(/^CodecError .*adapter\.json: shape\.masks: expected a whole number from 1/)
    })))
})

test("the Layer gives a model that emits several tokens a step and writes the text of the one it was given", () => run(
  Effect.gen(function*() {
    const source = Layer.effect(LanguageModel, Effect.suspend(() =>
      Effect.map(randomModel(small, key), (parts) => make({ ...parts, name: "random" }))))
    const text = Effect.flatMap(LanguageModel, (model) =>
      Stream.runCollect(model.generate([1, 2, 3], { tokens: 9, end: [] })))
    const plain = yield* text.pipe(Effect.provide(source))
    for (const scheme of ["linear", "quadratic"] as const) {
      const several = MultiToken.layer({ masks: 3, rank: 2, scheme, seed: 1 }).pipe(Layer.provide(source))
      expect(yield* text.pipe(Effect.provide(several))).toEqual(plain)
    }
  }).pipe(Effect.provide(reference))))
