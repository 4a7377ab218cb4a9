/**
 * The header of a safetensors file: eight bytes of length, then JSON that gives each tensor a dtype, a shape and a
 * range of bytes. A header is believed only when every statement of it agrees with the others and with the file's size.
 */
import { Data, Effect } from "effect"
import type { CodecError } from "../../core/codec.ts"
import { decode, decodeJson } from "../../core/codec.ts"
import type { FileDType } from "./safetensors-codec.ts"
import { dtypeBytes, headerObject, metadata as metadataCodec, tensorEntry } from "./safetensors-codec.ts"

export type { FileDType } from "./safetensors-codec.ts"
export { dtypeBytes } from "./safetensors-codec.ts"

/** A file that is not what its header, its index or its reader says. `tensor` is empty where the file is meant. */
export class SafetensorsError extends Data.TaggedError("SafetensorsError")<{
  readonly file: string
  readonly tensor: string
  readonly expected: string
  readonly actual: string
  readonly message: string
}> {
  static of(file: string, tensor: string, expected: string, actual: string): SafetensorsError {
    const message = `${file}: ${tensor === "" ? "" : `${tensor}: `}expected ${expected}, got ${actual}`
    return new SafetensorsError({ file, tensor, expected, actual, message })
  }
}

/** One tensor of a file; `begin` and `end` are byte offsets from the end of the header. */
export interface TensorInfo {
  readonly name: string
  readonly dtype: FileDType
  readonly shape: ReadonlyArray<number>
  readonly begin: number
  readonly end: number
}

export interface Header {
  /** In order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>
  readonly metadata: Readonly<Record<string, string>>
}

/** Elements of a shape. */
export const elements = (shape: ReadonlyArray<number>): number => shape.reduce((product, size) => product * size, 1)

/** A key that a JSON object gives twice, which JSON.parse would hide. */
const repeatedKey = (text: string): string | undefined => {
  const open: Array<Set<string>> = []
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === "{") open.push(new Set())
    else if (token === "}") open.pop()
    else if (key !== undefined) {
      const name: unknown = JSON.parse(key)
      const seen = open.at(-1)
      if (typeof name !== "string" || seen === undefined) continue
      if (seen.has(name)) return name
      seen.add(name)
    }
  }
  return undefined
}

const named = (file: string, tensor: string) => ({ field, expected, actual }: CodecError): SafetensorsError =>
  SafetensorsError.of(file, tensor, field === "(whole value)" ? expected : `${field} ${expected}`, actual)

/** The header in `text`, checked against the `bytes` of data that follow it in the file. */
export const parseHeader = (file: string, text: string, bytes: number): Effect.Effect<Header, SafetensorsError> =>
  Effect.gen(function*() {
    const json = yield* Effect.mapError(decodeJson(headerObject, file)(text), named(file, ""))
    const repeated = repeatedKey(text)
    if (repeated !== undefined) return yield* SafetensorsError.of(file, repeated, "every key once", "this key twice")
    const { __metadata__: given = {}, ...entries } = json
    const metadata = yield* Effect.mapError(decode(metadataCodec, file)(given), named(file, "__metadata__"))
    const tensors: Array<TensorInfo> = []
    for (const [name, value] of Object.entries(entries)) {
      const decoded = yield* Effect.mapError(decode(tensorEntry, file)(value), named(file, name))
      const { dtype, shape, data_offsets: [begin, end] } = decoded
      const size = elements(shape) * dtypeBytes[dtype]
      if (end - begin !== size)
        return yield* SafetensorsError.of(file, name, `${size} bytes of ${dtype} [${shape}]`, `bytes ${begin} to ${end}`)
      if (end > bytes)
        return yield* SafetensorsError.of(file, name, `bytes within the ${bytes} of data`, `bytes ${begin} to ${end}`)
      tensors.push({ name, dtype, shape, begin, end })
    }
    tensors.sort((left, right) => left.begin - right.begin || left.end - right.end)
    let end = 0
    for (const tensor of tensors) {
      if (tensor.begin !== end)
        return yield* SafetensorsError.of(file, tensor.name, `bytes that begin where the tensor before ends, at ${end}`,
          `bytes ${tensor.begin} to ${tensor.end}`)
      end = tensor.end
    }
    if (end !== bytes)
      return yield* SafetensorsError.of(file, "", `data of ${end} bytes, as the header says`, `${bytes} bytes`)
    return { tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])), metadata }
  })

/** The bytes of a header, length included, padded so that the data begin at a multiple of eight. */
export const headerBytes = ({ tensors, metadata }: Header): Uint8Array => {
  const entries = Array.from(tensors.values(), ({ name, dtype, shape, begin, end }) =>
    [name, { dtype, shape, data_offsets: [begin, end] }] as const)
  const json = JSON.stringify(Object.fromEntries([
    ...(Object.keys(metadata).length > 0 ? [["__metadata__", metadata] as const] : []), ...entries
  ]))
  const text = new TextEncoder().encode(json)
  const length = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(8 + length).fill(32)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(text, 8)
  return bytes
}
