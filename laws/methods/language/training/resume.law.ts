/** A run that is stopped at any step, or killed at any moment of writing a snapshot, is resumed to the bit. */
import { Effect, FileSystem, Option, Path } from "effect"
import { systemError } from "effect/PlatformError"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Snapshot, Store } from "../../../../src/methods/language/training/snapshot.ts"
import { inFolder } from "../../../../src/methods/language/training/snapshot.ts"
import { identityOf } from "../../../../src/methods/language/training/train.ts"
import type { Configuration } from "../../../../src/methods/language/training/configuration.ts"
import { architecture, configuration, folder, outcome, run, tokens } from "./fixture.ts"

const steps = 7

const storeIn = (place: string, change: Partial<Configuration> = {}) =>
  Effect.flatMap(identityOf(architecture, { ...configuration, ...change }, tokens), (identity) =>
    inFolder(place, identity))

const whole = run(outcome(steps))

/** A disk that stops for good at change number `last`: that one is done by half, and nothing happens after it. */
const mortal = (fs: FileSystem.FileSystem, last: number): FileSystem.FileSystem => {
  let changes = 0
  const dead = Effect.fail(systemError({ _tag: "Unknown", module: "FileSystem", method: "change", syscall: "killed" }))
  const change = <A, E, R>(whole: Effect.Effect<A, E, R>, half: Effect.Effect<unknown, E, R> = Effect.void) =>
    Effect.suspend(() => {
      changes += 1
      return changes < last ? whole : changes === last ? Effect.andThen(half, dead) : dead
    })
  return {
    ...fs,
    makeDirectory: (path, options) => change(fs.makeDirectory(path, options)),
    rename: (from, to) => change(fs.rename(from, to)),
    remove: (path, options) => change(fs.remove(path, options)),
    open: (path, options) => Effect.map(change(fs.open(path, options)), (file): FileSystem.File =>
      Object.create(file, {
        sync: { value: file.sync },
        writeAll: {
          value: (bytes: Uint8Array) =>
            change(file.writeAll(bytes), file.writeAll(bytes.subarray(0, bytes.length >> 1)))
        }
      }))
  }
}

type MakeStore = typeof storeIn

/** Saves in place, over what is there: what `inFolder` takes care not to do. */
const careless: MakeStore = (place) => Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const file = `${place}/state.json`
  const plain = (snapshot: Snapshot) => JSON.stringify(snapshot, (_, value: unknown) =>
    value instanceof Float32Array ? { floats: [...value] } : value)
  const revive = (_: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && "floats" in value && Array.isArray(value.floats)
      ? Float32Array.from(value.floats) : value
  const store: Store = {
    save: (snapshot) => Effect.scoped(Effect.gen(function* () {
      const handle = yield* fs.open(file, { flag: "w" })
      yield* handle.writeAll(new TextEncoder().encode(plain(snapshot)))
    })),
    load: fs.readFileString(file).pipe(
      Effect.filterOrFail((text) => text !== ""),
      Effect.map((text): Snapshot => JSON.parse(text, revive)),
      Effect.option
    )
  }
  return store
})

const resumes = (makeStore: MakeStore) => fc.asyncProperty(
  fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 40 }),
  (snapshotEvery, last) => run(Effect.gen(function* () {
    const place = yield* folder
    const fs = yield* FileSystem.FileSystem
    yield* Effect.gen(function* () {
      yield* outcome(steps, { store: yield* makeStore(place), snapshotEvery })
    }).pipe(Effect.provideService(FileSystem.FileSystem, mortal(fs, last)), Effect.exit)
    const resumed = yield* outcome(steps, { store: yield* makeStore(place), snapshotEvery })
    expect(resumed).toEqual(yield* Effect.promise(() => whole))
  })))

describe("a training run", () => {
  test("stopped after any steps, and again, and resumed, is the run that was not", () =>
    fc.assert(fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 3 }), fc.nat(4), (stops, snapshotEvery) =>
      run(Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        for (const stopAfter of stops) yield* outcome(steps, { store, snapshotEvery, stopAfter })
        expect(yield* outcome(steps, { store, snapshotEvery })).toEqual(yield* Effect.promise(() => whole))
      }))), { numRuns: 12 }), 300_000)

  test("killed at any moment of writing, is resumed as if it was not", () =>
    fc.assert(resumes(storeIn), { numRuns: 25 }), 300_000)

  test("whose snapshots are written over each other is caught", async () => {
    expect((await fc.check(resumes(careless), { numRuns: 40, endOnFailure: true })).failed).toBe(true)
  }, 300_000)

  test("keeps one snapshot, and no trace of those that were not completed", () => run(Effect.gen(function* () {
    const place = yield* folder
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    yield* fs.makeDirectory(path.join(place, ".step-00000002.left.partial"))
    yield* outcome(steps, { store: yield* storeIn(place), snapshotEvery: 2 })
    expect(yield* fs.readDirectory(place)).toEqual(["step-00000007"])
  })))

  test("of another configuration or architecture is refused by the field that differs", () =>
    fc.assert(fc.asyncProperty(fc.constantFrom(
      { change: { beta2: 0.9 }, field: "configuration.beta2" },
      { change: { clip: null }, field: "configuration.clip" },
      { change: { schedule: { ...configuration.schedule, peak: 0.01 } }, field: "configuration.schedule.peak" },
      { change: { multipliers: { "layers.0.attention.key.weight": 2 } }, field: "configuration.multipliers.embedding" }
    ), ({ change, field }) => run(Effect.gen(function* () {
      const place = yield* folder
      yield* outcome(2, { store: yield* storeIn(place) })
      const refused = yield* Effect.flip(outcome(4, { store: yield* storeIn(place, change), change }))
      expect(refused).toMatchObject({ _tag: "SnapshotMismatch", field })
    }))), { numRuns: 8 }), 300_000)

  test("that is cut short on disk gives its error and names the file", () => run(Effect.gen(function* () {
    const place = yield* folder
    const fs = yield* FileSystem.FileSystem
    yield* outcome(2, { store: yield* storeIn(place) })
    yield* fs.truncate(`${place}/step-00000002/state.safetensors`, 900)
    const refused = yield* Effect.flip(outcome(4, { store: yield* storeIn(place) }))
    expect(refused._tag).toBe("SafetensorsError")
    expect(refused.message).toContain("state.safetensors")
  })))

  test("whose loss is not finite stops there, and the last good snapshot stays", () => run(Effect.gen(function* () {
    const store = yield* storeIn(yield* folder)
    yield* outcome(2, { store })
    const change = { clip: null, schedule: { kind: "constant", peak: 1e30, warmup: 1 } } as const
    const refused = yield* Effect.flip(outcome(steps, { store, change, snapshotEvery: 1 }))
    expect(refused).toMatchObject({ _tag: "NonFiniteLoss", message: expect.stringMatching(/^step \d+: the loss is/) })
    const failed = refused._tag === "NonFiniteLoss" ? refused.step : NaN
    const kept = Option.getOrThrow(yield* store.load)
    expect(kept.step).toBe(failed - 1)
    expect(kept.weights.every(({ data }) => data.every(Number.isFinite))).toBe(true)
  })))
})
