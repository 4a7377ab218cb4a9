/**
 * safetensors files, single or sharded: the header is read and checked at once, the bytes of a tensor only when it is
 * asked for, by position. Written files appear whole or not at all, and reading gives the bytes that were written.
 */
import type { Scope } from "effect"
import { Effect, FileSystem, Path } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { decodeJson } from "../../core/codec.ts"
import { writeFileAside } from "./aside.ts"
import { fromBf16, fromF16, toBf16, toF16 } from "./half.ts"
import { shardIndex } from "./safetensors-codec.ts"
import type { FileDType, Header, TensorInfo } from "./safetensors-header.ts"
import { dtypeBytes, elements, headerBytes, parseHeader, SafetensorsError } from "./safetensors-header.ts"

/** Open weights: what there is, and how to read it. Reading is safe from several fibers at once. */
export interface Weights {
  /** The file that was opened, an index where the weights are sharded. */
  readonly file: string
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly metadata: Readonly<Record<string, string>>
  /** The bytes of a tensor, in a buffer of their own. */
  readonly read: (name: string) => Effect.Effect<Uint8Array<ArrayBuffer>, SafetensorsError | PlatformError>
}

/** The largest header that is believed, as other readers do. */
const longestHeader = 100_000_000
/** Largest single read: Node refuses 2 GiB. */
const chunk = 2 ** 30

const readAt = Effect.fn(function*(file: string, handle: FileSystem.File, begin: number, length: number) {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const wanted = bytes.subarray(done, Math.min(length, done + chunk))
    const got = yield* handle.read(wanted, { position: BigInt(begin + done) })
    if (got === 0) return yield* SafetensorsError.of(file, "", `${begin + length} bytes`, `the end after ${begin + done}`)
    done += Number(got)
  }
  return bytes
})

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Opens one file for as long as the Scope lives. */
export const openFile = (
  file: string
): Effect.Effect<Weights, SafetensorsError | PlatformError, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const handle = yield* fs.open(file, { flag: "r" })
    const { size } = yield* handle.stat
    const total = Number(size)
    if (total < 8) return yield* SafetensorsError.of(file, "", "eight bytes of header length", `${total} bytes`)
    const length = Number(new DataView((yield* readAt(file, handle, 0, 8)).buffer).getBigUint64(0, true))
    const longest = Math.min(total - 8, longestHeader)
    if (length > longest)
      return yield* SafetensorsError.of(file, "", `a header of at most ${longest} bytes`, `${length} bytes`)
    const bytes = yield* readAt(file, handle, 8, length)
    const text = yield* Effect.try({
      try: () => utf8.decode(bytes),
      catch: () => SafetensorsError.of(file, "", "a header in UTF-8", "other bytes")
    })
    const { tensors, metadata } = yield* parseHeader(file, text, total - 8 - length)
    return {
      file, tensors, metadata,
      read: (name) => {
        const tensor = tensors.get(name)
        return tensor === undefined
          ? Effect.fail(SafetensorsError.of(file, name, "a tensor of this name", "none"))
          : readAt(file, handle, 8 + length + tensor.begin, tensor.end - tensor.begin)
      }
    }
  })

/** Opens the shards of a `model.safetensors.index.json` for as long as the Scope lives. */
export const openIndex = (file: string): Effect.Effect<
  Weights, SafetensorsError | PlatformError, FileSystem.FileSystem | Path.Path | Scope.Scope
> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { weight_map: map } = yield* Effect.mapError(
      decodeJson(shardIndex, file)(yield* fs.readFileString(file)),
      ({ field, expected, actual }) => SafetensorsError.of(file, "", `${field} ${expected}`, actual)
    )
    const shards = new Map<string, Weights>()
    for (const name of new Set(Object.values(map))) {
      const place = path.join(path.dirname(file), name)
      if (!(yield* fs.exists(place)))
        return yield* SafetensorsError.of(place, "", `this shard, which ${file} names`, "no file")
      shards.set(name, yield* openFile(place))
    }
    const tensors = new Map<string, TensorInfo>()
    for (const [name, shard] of Object.entries(map)) {
      const weights = shards.get(shard)
      const tensor = weights?.tensors.get(name)
      if (tensor === undefined)
        return yield* SafetensorsError.of(weights?.file ?? shard, name, `this tensor, which ${file} places here`, "none")
      tensors.set(name, tensor)
    }
    for (const [shard, weights] of shards)
      for (const name of weights.tensors.keys())
        if (map[name] !== shard)
          return yield* SafetensorsError.of(weights.file, name, `a tensor that ${file} places here`, "one that it does not")
    return {
      file, tensors, metadata: {},
      read: (name) => shards.get(map[name] ?? "")?.read(name)
        ?? Effect.fail(SafetensorsError.of(file, name, "a tensor of this name", "none"))
    }
  })

/** A tensor to write; its bytes are asked for when its turn comes. */
export interface TensorToWrite<E = never, R = never> {
  readonly name: string
  readonly dtype: FileDType
  readonly shape: ReadonlyArray<number>
  readonly bytes: Effect.Effect<Uint8Array, E, R>
}

/** Writes a file, aside and then in place. Wider dtypes come first, so that every tensor is aligned. */
export const writeFile = <E, R>(
  file: string,
  tensors: ReadonlyArray<TensorToWrite<E, R>>,
  metadata: Readonly<Record<string, string>> = {}
): Effect.Effect<void, E | SafetensorsError | PlatformError, R | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const infos = new Map<string, TensorInfo>()
    const ordered = tensors.toSorted((left, right) => dtypeBytes[right.dtype] - dtypeBytes[left.dtype])
    let begin = 0
    for (const { name, dtype, shape } of ordered) {
      if (name === "__metadata__" || infos.has(name))
        return yield* SafetensorsError.of(file, name, "a name of its own for every tensor", "this name again")
      const end = begin + elements(shape) * dtypeBytes[dtype]
      infos.set(name, { name, dtype, shape, begin, end })
      begin = end
    }
    const header: Header = { tensors: infos, metadata }
    yield* writeFileAside(file, [
      Effect.succeed(headerBytes(header)),
      ...ordered.map(({ name, dtype, shape, bytes }) => Effect.flatMap(bytes, (data) => {
        const expected = elements(shape) * dtypeBytes[dtype]
        return data.length === expected
          ? Effect.succeed(data)
          : Effect.fail(SafetensorsError.of(file, name, `${expected} bytes of ${dtype} [${shape}]`, `${data.length} bytes`))
      }))
    ])
  })

/** The dtypes in which weights are stored. */
export type WeightDType = "F32" | "F16" | "BF16"

/** A tensor's bytes as single precision (F64 is rounded); undefined for dtypes that do not hold weights. */
export const toFloats = (dtype: FileDType, bytes: Uint8Array<ArrayBuffer>): Float32Array | undefined => {
  const { buffer, byteOffset, length } = bytes
  switch (dtype) {
    case "F32": return new Float32Array(buffer, byteOffset, length / 4)
    case "F64": return Float32Array.from(new Float64Array(buffer, byteOffset, length / 8))
    case "F16": return fromF16(new Uint16Array(buffer, byteOffset, length / 2))
    case "BF16": return fromBf16(new Uint16Array(buffer, byteOffset, length / 2))
    default: return undefined
  }
}

/** Single precision as the bytes of a dtype, rounded to nearest even. */
export const fromFloats = (dtype: WeightDType, values: Float32Array): Uint8Array => {
  const stored = dtype === "F32" ? values : dtype === "F16" ? toF16(values) : toBf16(values)
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength)
}
