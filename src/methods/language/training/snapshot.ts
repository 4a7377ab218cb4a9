/**
 * Resumable states of a training run in a folder. A snapshot is a folder of its own, `step-00000050`, which is written
 * aside under another name, flushed, and renamed when complete; older ones go only after that. So whenever the process
 * is killed, the newest folder of that name is whole, and a run resumed from it gives the same losses to the bit.
 */
import { Data, Effect, FileSystem, Option, Path } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { CodecError } from "../../../core/codec.ts"
import { decodeJson } from "../../../core/codec.ts"
import type { FolderExists } from "../aside.ts"
import { writeFileAside, writeFolderAside } from "../aside.ts"
import { difference } from "../difference.ts"
import { SafetensorsError } from "../safetensors-header.ts"
import { fromFloats, openFile, toFloats, writeFile } from "../safetensors.ts"
import type { Report } from "./report.ts"
import { Progress } from "./report.ts"

export type { Report } from "./report.ts"

/** A snapshot that does not belong to this run: `field` is the first setting or tensor that differs. */
export class SnapshotMismatch extends Data.TaggedError("SnapshotMismatch")<{
  readonly file: string
  readonly field: string
  readonly message: string
}> {}

export type SnapshotError = SnapshotMismatch | SafetensorsError | CodecError | FolderExists | PlatformError

/** Values of one parameter, by its path, with their shape in row-major order. */
export interface Values {
  readonly path: string
  readonly shape: ReadonlyArray<number>
  readonly data: Float32Array
}

/** Everything that a run goes on from. `position` is the number of micro-batches that were drawn. */
export interface Snapshot {
  readonly step: number
  readonly position: number
  readonly history: ReadonlyArray<Report>
  readonly weights: ReadonlyArray<Values>
  readonly first: ReadonlyArray<Values>
  readonly second: ReadonlyArray<Values>
}

/** Whatever determines a run, as plain JSON: configuration, architecture, text. */
export type Identity = { readonly [field: string]: unknown }

/** Where snapshots of one run are kept. */
export interface Store {
  readonly save: (snapshot: Snapshot) => Effect.Effect<void, SnapshotError>
  readonly load: Effect.Effect<Option.Option<Snapshot>, SnapshotError>
}

const parts = ["weights", "first", "second"] as const
const tensorFile = "state.safetensors"
const textFile = "state.json"

const complete = /^step-(\d+)$/
const abandoned = /^\.step-.*\.partial$/

const nameOf = (step: number): string => `step-${step.toString().padStart(8, "0")}`

/** What JSON makes of a value, so that it can be compared with what was read. */
const plain = (value: Identity): unknown => JSON.parse(JSON.stringify(value))

const shown = (value: unknown): string => value === undefined ? "nothing" : JSON.stringify(value)

/** The snapshots of one run in a folder, which is made when the first is saved. */
export const inFolder = (
  folder: string, identity: Identity
): Effect.Effect<Store, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path

    const names = Effect.gen(function* () {
      return (yield* fs.exists(folder)) ? yield* fs.readDirectory(folder) : []
    })
    const stepOf = (name: string): number => Number(complete.exec(name)?.[1] ?? NaN)
    const remove = (name: string) => fs.remove(path.join(folder, name), { recursive: true, force: true })

    const save = (snapshot: Snapshot) => Effect.gen(function* () {
      const { step, position, history } = snapshot
      const tensors = parts.flatMap((part) => snapshot[part].map(({ path: name, shape, data }) =>
        ({ name: `${part}.${name}`, dtype: "F32" as const, shape, bytes: Effect.sync(() => fromFloats("F32", data)) })))
      yield* writeFolderAside(path.join(folder, nameOf(step)), (aside) => Effect.gen(function* () {
        yield* writeFile(path.join(aside, tensorFile), tensors)
        yield* writeFileAside(path.join(aside, textFile), [
          Effect.sync(() => new TextEncoder().encode(JSON.stringify({ step, position, identity, history })))
        ])
      }), { replace: true })
      for (const name of yield* names) if (stepOf(name) < step || abandoned.test(name)) yield* remove(name)
    })

    const load = Effect.gen(function* () {
      const whole = (yield* names).filter((name) => complete.test(name))
      const [newest] = whole.sort((left, right) => stepOf(right) - stepOf(left))
      if (newest === undefined) return Option.none<Snapshot>()
      const text = path.join(folder, newest, textFile)
      const state = yield* decodeJson(Progress, text)(yield* fs.readFileString(text))
      const differs = difference(state.identity, plain(identity))
      if (differs !== undefined) return yield* new SnapshotMismatch({
        file: text, field: differs.path,
        message: `${text}: ${differs.path}: the snapshot is of a run with ${shown(differs.left)}, this one has ${shown(differs.right)}`
      })
      const file = path.join(folder, newest, tensorFile)
      const weights = yield* openFile(file)
      const values = (part: string) => Effect.forEach(
        Array.from(weights.tensors.values()).filter(({ name }) => name.startsWith(`${part}.`)),
        ({ name, dtype, shape }) => Effect.gen(function* () {
          const data = dtype === "F32" ? toFloats(dtype, yield* weights.read(name)) : undefined
          if (data === undefined) return yield* SafetensorsError.of(file, name, "F32", dtype)
          return { path: name.slice(part.length + 1), shape, data } satisfies Values
        }))
      return Option.some<Snapshot>({
        ...state, weights: yield* values("weights"), first: yield* values("first"), second: yield* values("second")
      })
    })
    return {
      save: (snapshot) => Effect.provideContext(save(snapshot), context),
      load: Effect.provideContext(Effect.scoped(load), context)
    }
  })
