/**
 * Writing aside: a file or folder is made under a temporary name beside its place and renamed when complete, so that
 * a reader sees all of it or nothing. Whatever ends the writing early (a full disk, an error, an interruption) leaves
 * the place as it was, and no trace.
 */
import { Data, Effect, FileSystem, Path } from "effect"
import { PlatformError, systemError } from "effect/PlatformError"

/** A folder that is there already, where nobody asked to replace it. */
export class FolderExists extends Data.TaggedError("FolderExists")<{
  readonly file: string
  readonly message: string
}> {}

const beside = Effect.fn(function*(place: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const name = `.${path.basename(place)}.${crypto.randomUUID()}.partial`
  const aside = path.join(path.dirname(path.resolve(place)), name)
  yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(aside, { recursive: true, force: true })))
  return aside
})

/** An error of the disk about the place that is meant, not about the temporary name beside it or an open file. */
const about = (place: string, aside: string) => <E>(error: E | PlatformError): E | PlatformError => {
  if (!(error instanceof PlatformError) || error.reason._tag === "BadArgument") return error
  const { _tag, module, method, description, syscall, pathOrDescriptor, cause } = error.reason
  const meant = typeof pathOrDescriptor === "string" ? pathOrDescriptor.replace(aside, () => place) : place
  return systemError({ _tag, module, method, description, syscall, pathOrDescriptor: meant, cause })
}

/** Largest single write: Node refuses 2 GiB. */
const chunk = 2 ** 28

/** Writes a file from pieces, each made when its turn comes, and puts it in place when the disk has it all. */
export const writeFileAside = <E, R>(
  file: string,
  pieces: Iterable<Effect.Effect<Uint8Array, E, R>>
): Effect.Effect<void, E | PlatformError, R | FileSystem.FileSystem | Path.Path> =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const aside = yield* beside(file)
    yield* Effect.scoped(Effect.gen(function*() {
      const handle = yield* fs.open(aside, { flag: "wx" })
      for (const piece of pieces) {
        const bytes = yield* piece
        for (let begin = 0; begin < bytes.length; begin += chunk)
          yield* handle.writeAll(bytes.subarray(begin, begin + chunk))
      }
      yield* handle.sync
    })).pipe(Effect.mapError(about(file, aside)))
    yield* fs.rename(aside, file)
  }))

/** Fails where there is a folder already, before work is done whose result would have no place. */
export const absent = (folder: string): Effect.Effect<void, PlatformError | FolderExists, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* fs.exists(folder))
      return yield* new FolderExists({ file: folder, message: `${folder}: is there already, and would be overwritten` })
  })

/** Makes the folder above a place; what was not there before goes again if nothing comes to lie in it. */
const makeAbove = Effect.fn(function*(place: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const made: Array<string> = []
  for (let folder = path.dirname(path.resolve(place)); !(yield* fs.exists(folder)); folder = path.dirname(folder))
    made.push(folder)
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.forEach(made, (folder) =>
    Effect.flatMap(fs.readDirectory(folder), ({ length }) =>
      length === 0 ? fs.remove(folder, { recursive: true }) : Effect.void))))
  yield* fs.makeDirectory(path.dirname(path.resolve(place)), { recursive: true })
})

/**
 * Makes a folder by `write`, which is given the temporary folder to fill, and puts it in place. A folder that is there
 * already is refused, or with `replace` kept until the new one is complete.
 */
export const writeFolderAside = <A, E, R>(
  folder: string,
  write: (aside: string) => Effect.Effect<A, E, R>,
  options: { readonly replace?: boolean } = {}
): Effect.Effect<A, E | PlatformError | FolderExists, R | FileSystem.FileSystem | Path.Path> =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (options.replace !== true) yield* absent(folder)
    const exists = yield* fs.exists(folder)
    yield* makeAbove(folder)
    const aside = yield* beside(folder)
    yield* fs.makeDirectory(aside)
    const result = yield* Effect.mapError(write(aside), about(folder, aside))
    const old = yield* beside(folder)
    yield* Effect.uninterruptible(Effect.gen(function*() {
      if (exists) yield* fs.rename(folder, old)
      const restore = exists ? Effect.ignore(fs.rename(old, folder)) : Effect.void
      yield* Effect.onError(fs.rename(aside, folder), () => restore)
    }))
    return result
  }))
