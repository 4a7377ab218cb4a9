/**
 * The package's model and texts as a file system: read by name, fetched once from where the page lies, never written.
 * Texts are served compressed and read plain, whether it is the server that inflates them or the page.
 */
import { ByteSize, Effect, FileSystem, Layer, Option } from "effect"
import { type PlatformError, systemError } from "effect/PlatformError"
import { inflate } from "../src/runtime/commands/text.ts"
import type { Given } from "../src/runtime/commands/run/study.ts"

/** Where each file is served; spelled out as bundlers look for it. */
const places: Readonly<Record<string, URL>> = {
  "models/default/config.json": new URL("../models/default/config.json", import.meta.url),
  "models/default/model.safetensors": new URL("../models/default/model.safetensors", import.meta.url),
  "models/default/tokenizer.json": new URL("../models/default/tokenizer.json", import.meta.url),
  "models/default/tokenizer_config.json": new URL("../models/default/tokenizer_config.json", import.meta.url),
  "data/prose.train.txt": new URL("../data/prose.train.txt.gz", import.meta.url),
  "data/prose.heldout.txt": new URL("../data/prose.heldout.txt.gz", import.meta.url),
  "data/records.heldout.txt": new URL("../data/records.heldout.txt.gz", import.meta.url)
}

/** What the main job reads. */
export const given: Given = {
  model: "models/default",
  prose: { train: "data/prose.train.txt", heldOut: "data/prose.heldout.txt" },
  records: { heldOut: "data/records.heldout.txt" }
}

type Bytes = Uint8Array<ArrayBuffer>

const named = (path: string): string => path.replace(/^(\.?\/)+/, "")

const error = (tag: "NotFound" | "Unknown" | "PermissionDenied", method: string, path: string, description: string) =>
  systemError({ _tag: tag, module: "FileSystem", method, description, pathOrDescriptor: path })

const download = async (url: URL): Promise<Bytes> => {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  const bytes = new Uint8Array(await response.arrayBuffer())
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? inflate(bytes) : bytes
}

const unknown = { mtime: Option.none(), atime: Option.none(), birthtime: Option.none(), ino: Option.none(),
  nlink: Option.none(), uid: Option.none(), gid: Option.none(), rdev: Option.none(), blksize: Option.none(),
  blocks: Option.none() }

/** An open file over its bytes. */
const handle = (path: string, bytes: Bytes): FileSystem.File => {
  let cursor = 0
  const refused = Effect.fail(error("PermissionDenied", "write", path, "the files of a page can only be read"))
  const read = (size: number, position: bigint | undefined): Bytes => {
    const from = position === undefined ? cursor : Number(position)
    const found = bytes.slice(from, from + size)
    if (position === undefined) cursor += found.length
    return found
  }
  return {
    [FileSystem.FileTypeId]: FileSystem.FileTypeId,
    stat: Effect.succeed({ ...unknown, type: "File", dev: 0n, mode: 0o444, size: ByteSize.bytes(bytes.length) }),
    seek: (offset, from) => Effect.sync(() => {
      cursor = Number(offset) + (from === "current" ? cursor : 0)
      return BigInt(cursor)
    }),
    read: (buffer, { position } = {}) => Effect.sync(() => {
      const found = read(buffer.length, position)
      buffer.set(found)
      return found.length
    }),
    readAlloc: (size, { position } = {}) => Effect.sync(() => {
      const found = read(size, position)
      return found.length === 0 ? Option.none() : Option.some(found)
    }),
    sync: Effect.void, truncate: () => refused, write: () => refused, writeAll: () => refused
  }
}

/** The files; a name that is none of theirs is not found. */
export const layer: Layer.Layer<FileSystem.FileSystem> = Layer.suspend(() => {
  const fetched = new Map<string, Bytes>()
  const contents = (method: string) => (path: string): Effect.Effect<Bytes, PlatformError> => Effect.suspend(() => {
    const name = named(path)
    const known = fetched.get(name)
    if (known !== undefined) return Effect.succeed(known)
    const place = places[name]
    if (place === undefined) return Effect.fail(error("NotFound", method, path, "the page has no such file"))
    return Effect.tryPromise({
      try: () => download(place),
      catch: (cause) => error("Unknown", method, path, `it could not be fetched: ${String(cause)}`)
    }).pipe(Effect.tap((bytes) => Effect.sync(() => fetched.set(name, bytes))))
  })
  const readFile = contents("readFile")
  return FileSystem.layerNoop({
    exists: (path) => Effect.sync(() => Object.keys(places).some((name) =>
      name === named(path) || name.startsWith(`${named(path)}/`))),
    readFile: (path) => Effect.map(readFile(path), (bytes) => bytes.slice()),
    readFileString: (path) => Effect.map(readFile(path), (bytes) => new TextDecoder().decode(bytes)),
    open: (path) => Effect.map(contents("open")(path), (bytes) => handle(path, bytes))
  })
})
