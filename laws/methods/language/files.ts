/** Runs a law on real files: a temporary folder for it, the reference folders, and a disk that fills up. */
import { fileURLToPath } from "node:url"
import { readdirSync } from "node:fs"
import { NodeServices } from "@effect/platform-node"
import type { Path, Scope } from "effect"
import { Effect, FileSystem } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { systemError } from "effect/PlatformError"

/** The folder of reference models. */
export const reference = fileURLToPath(new URL("./reference/", import.meta.url))

/** Its models. */
export const references: ReadonlyArray<string> = readdirSync(reference).filter((name) => name !== "training")

/** Runs an effect on the file system of this machine. */
export const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Path.Path | Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.provide(Effect.scoped(effect), NodeServices.layer))

/** Runs an effect in a temporary folder of its own. */
export const inFolder = <A, E>(
  effect: (folder: string) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path | Scope.Scope>
): Promise<A> =>
  run(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return yield* effect(yield* fs.makeTempDirectoryScoped())
  }))

const full = systemError({ _tag: "Unknown", module: "FileSystem", method: "writeAll", description: "disk full" })

/** Runs an effect on a disk with room for so many more bytes; half of the rest is written, then comes `end`. */
export const onFullDisk = <A, E, R>(
  room: number, effect: Effect.Effect<A, E, R>, end: Effect.Effect<never, PlatformError> = Effect.fail(full)
): Effect.Effect<A, E, R | FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    let left = room
    const open: typeof fs.open = (path, options) => Effect.map(fs.open(path, options), (file): FileSystem.File => {
      const writeAll: typeof file.writeAll = (bytes) => {
        left -= bytes.length
        return left < 0
          ? Effect.andThen(file.writeAll(bytes.subarray(0, bytes.length >> 1)), end)
          : file.writeAll(bytes)
      }
      return Object.assign(Object.create(file), { writeAll })
    })
    return yield* Effect.provideService(effect, FileSystem.FileSystem, { ...fs, open })
  })
