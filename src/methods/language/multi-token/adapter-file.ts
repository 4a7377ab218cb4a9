/**
 * Adapters as folders: `adapter.json`, what it is and of which model, and `adapter.safetensors`, its parameters under
 * their paths in single precision. A folder appears whole or not at all; what is written and read again is the same to
 * the bit.
 */
import type { Scope } from "effect"
import { Data, Effect, FileSystem, Path } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { BackendError, Buffer, SomeBuffer } from "../../../algebra/backend.ts"
import { Backend } from "../../../algebra/backend.ts"
import type { CodecError } from "../../../core/codec.ts"
import { decodeJson } from "../../../core/codec.ts"
import type { Architecture } from "../architecture.ts"
import type { FolderExists } from "../aside.ts"
import { writeFileAside, writeFolderAside } from "../aside.ts"
import { SafetensorsError } from "../safetensors-header.ts"
import { fromFloats, openFile, toFloats, writeFile } from "../safetensors.ts"
import { build, parametersOf } from "./adapter.ts"
import { Description } from "./adapter-codec.ts"
import { bufferTree } from "./initialise.ts"
import type { Adapted } from "./verification.ts"

/** An adapter of another model: `field` is the size that differs. */
export class AdapterMismatch extends Data.TaggedError("AdapterMismatch")<{
  readonly file: string
  readonly field: string
  readonly message: string
}> {}

const textFile = "adapter.json"
const tensorFile = "adapter.safetensors"

const sizesOf = ({ vocabulary, layers, model, embed, hidden }: Architecture): Description["model"] =>
  ({ vocabulary, layers, model, embed, hidden })

/** Writes an adapter of a model. */
export const save = (
  architecture: Architecture, { shape, adapter }: Adapted, folder: string, { overwrite = false } = {}
): Effect.Effect<
  void, FolderExists | SafetensorsError | PlatformError | BackendError, Backend | FileSystem.FileSystem | Path.Path
> => Effect.gen(function*() {
  const backend = yield* Backend
  const path = yield* Path.Path
  const buffers = new Map<string, SomeBuffer>()
  // the same walk as that of the tree, whose leaves are asked for by path
  build(architecture, shape, (parameter) => {
    const found = parameter.path.split(".").reduce<unknown>((node, field) =>
      typeof node === "object" && node !== null ? Reflect.get(node, field) : undefined, adapter)
    buffers.set(parameter.path, found as SomeBuffer)
  })
  const tensors = parametersOf(architecture, shape).map(({ path: name, axes }) => ({
    name, dtype: "F32" as const, shape: axes.map(([, size]) => size),
    bytes: Effect.map(backend.read(buffers.get(name) as Buffer<"f32", never>), ({ data }) => fromFloats("F32", data))
  }))
  const description: Description =
    { method: "multi-token prediction with gated LoRA", version: 1, shape, model: sizesOf(architecture) }
  yield* writeFolderAside(folder, (aside) => Effect.andThen(
    writeFile(path.join(aside, tensorFile), tensors),
    writeFileAside(path.join(aside, textFile), [
      Effect.sync(() => new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`))
    ])
  ), { replace: overwrite })
})

/** Reads the adapter of a folder for a model, into the memory of the backend in the context. */
export const load = (architecture: Architecture, folder: string): Effect.Effect<
  Adapted, AdapterMismatch | CodecError | SafetensorsError | PlatformError | BackendError | ShapeError,
  Backend | FileSystem.FileSystem | Path.Path | Scope.Scope
> => Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const text = path.join(folder, textFile)
  const { shape, model } = yield* decodeJson(Description, text)(yield* fs.readFileString(text))
  const own = sizesOf(architecture)
  for (const [name, size] of Object.entries(model)) {
    const expected = Object.entries(own).find(([field]) => field === name)?.[1]
    if (size !== expected) return yield* new AdapterMismatch({
      file: text, field: name, message: `${text}: ${name}: the adapter is of a model with ${size}, this one has ${expected}`
    })
  }
  const file = path.join(folder, tensorFile)
  const values = yield* Effect.scoped(Effect.gen(function*() {
    const opened = yield* openFile(file)
    return new Map(yield* Effect.forEach(parametersOf(architecture, shape), ({ path: name, axes }) =>
      Effect.gen(function*() {
        const expected = `F32 [${axes.map(([, size]) => size).join(", ")}]`
        const found = opened.tensors.get(name)
        const actual = found === undefined ? "none" : `${found.dtype} [${found.shape.join(", ")}]`
        const data = actual === expected ? toFloats("F32", yield* opened.read(name)) : undefined
        return data === undefined ? yield* SafetensorsError.of(file, name, expected, actual) : [name, data] as const
      })))
  }))
  const adapter = yield* bufferTree(architecture, shape, ({ path: name }) =>
    Effect.succeed(values.get(name) ?? new Float32Array(0)))
  return { shape, adapter }
})
