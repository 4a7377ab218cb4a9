/**
 * Parts of an experiment: each leaves a file in the experiment's folder when it is done, and one that has its file is
 * not done again. So an experiment may be stopped at any moment and goes on with the part that was under way; its
 * tables are made from the files.
 */
import { Data, Effect, FileSystem, Path } from "effect"
import { decodeJson } from "../../../core/codec.ts"
import { writeFileAside } from "../../../methods/language/aside.ts"
import { difference } from "../../../methods/language/difference.ts"
import type { ResultCodec } from "./findings-codec.ts"
import { partOf } from "./findings-codec.ts"

/** A file of a part that was asked for otherwise: `field` is the first setting that differs. */
export class PartMismatch extends Data.TaggedError("PartMismatch")<{
  readonly file: string
  readonly field: string
  readonly message: string
}> {}

/** What determines a part, as plain JSON. */
export type Asked = { readonly [field: string]: unknown }

const plain = (value: Asked): unknown => JSON.parse(JSON.stringify(value))

const shown = (value: unknown): string => value === undefined ? "nothing" : JSON.stringify(value)

/** The result of a part, from its file or else by doing it. */
export const part = Effect.fnUntraced(function*<A, E, R>(
  folder: string, name: string, asked: Asked, result: ResultCodec<A>, work: Effect.Effect<A, E, R>
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, `${name}.json`)
  if (yield* fs.exists(file)) {
    const read = yield* decodeJson(partOf(result), file)(yield* fs.readFileString(file))
    const differs = difference(read.asked, plain(asked))
    if (differs !== undefined) return yield* new PartMismatch({
      file, field: differs.path,
      message: `${file}: ${differs.path}: done with ${shown(differs.left)}, asked for with ${shown(differs.right)}; `
        + "give another --out"
    })
    return read.result
  }
  const made = yield* work
  yield* fs.makeDirectory(folder, { recursive: true })
  const text = JSON.stringify({ asked, result: result.encode(made) })
  yield* writeFileAside(file, [Effect.sync(() => new TextEncoder().encode(`${text}\n`))])
  return made
})
