/** Parameters between the host and the memory of the backend in the context, in any of the formats of `storage.ts`. */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { ShapeError } from "../../algebra/axis.ts"
import type { BackendError, Buffer, Buffers, SomeBuffer } from "../../algebra/backend.ts"
import { Backend } from "../../algebra/backend.ts"
import type { Architecture } from "./architecture.ts"
import type { AxesOf, Parameter, ParameterKind, ParameterTree, Uniform } from "./parameters.ts"
import { parametersOf } from "./parameters.ts"
import { fromBf16, toBf16 } from "./half.ts"
import { fromBytes, fromHalves, toBytes, toHalves } from "./quantise.ts"
import type { Format } from "./storage.ts"
import { storedAs } from "./storage.ts"
import type { Weights } from "./tensors.ts"
import { build, leavesOf } from "./tree.ts"

/** Parameters in a backend's memory; what stands at a leaf is what `parameters` of storage.ts takes there. */
export type WeightBuffers = Buffers<Weights<"f32">>

/** A function on tokens: a description and its parameters. */
export interface Transformer {
  readonly architecture: Architecture
  readonly weights: WeightBuffers
  /** What the weights are kept as; f32 where absent. */
  readonly format?: Format
}

/** A parameter of integers in a backend's memory. */
interface Codes {
  readonly codes: Buffer<"i8", string>
  readonly scale: Buffer<"f32", string>
}

type Leaf = SomeBuffer | Codes
type Buffered = { readonly [K in ParameterKind]: Buffer<"f32", AxesOf<K>> }

/** The tree of buffers that `bufferOf` gives, each on the axes of its parameter. */
export const collect = <E, R>(
  architecture: Architecture, bufferOf: (parameter: Parameter) => Effect.Effect<Leaf, E, R>
): Effect.Effect<WeightBuffers, E, R> => Effect.gen(function*() {
  const buffers = new Map<string, Leaf>()
  for (const parameter of parametersOf(architecture)) buffers.set(parameter.path, yield* bufferOf(parameter))
  // there is one for every path, on the axes of its kind, which a list of parameters does not say
  return build<Buffered>(architecture, ({ path }) => buffers.get(path) as Buffered[ParameterKind])
})

/** One parameter with these values, in its memory order, kept in a format. */
const putOne = (
  parameter: Parameter, values: Float32Array, format: Format
): Effect.Effect<Leaf, BackendError | ShapeError, Backend | Scope.Scope> => Effect.gen(function*() {
  const backend = yield* Backend
  const stored = storedAs(parameter, format)
  switch (stored.as) {
    case "f32": return yield* backend.put("f32", Object.fromEntries(stored.axes), values)
    case "bf16": return yield* backend.put("bf16", Object.fromEntries(stored.axes), toBf16(values))
    case "int8": {
      const channels = stored.scale.reduce((product, [, size]) => product * size, 1)
      const { codes, scale } = toBytes(values, values.length / channels)
      return {
        codes: yield* backend.put<"i8", string>("i8", Object.fromEntries(stored.axes), codes),
        scale: yield* backend.put<"f32", string>("f32", Object.fromEntries(stored.scale), scale)
      }
    }
    case "int4": {
      const { codes, scale } = toHalves(values)
      return {
        codes: yield* backend.put<"i8", string>("i8", Object.fromEntries(stored.codes), codes),
        scale: yield* backend.put<"f32", string>("f32", Object.fromEntries(stored.scale), scale)
      }
    }
  }
})

/** The parameters of an architecture with the values that `valuesOf` gives each, in its memory order. */
export const put = <E, R>(
  architecture: Architecture, valuesOf: (parameter: Parameter) => Effect.Effect<Float32Array, E, R>,
  format: Format = "f32"
): Effect.Effect<WeightBuffers, E | BackendError | ShapeError, R | Backend | Scope.Scope> =>
  collect(architecture, (parameter) =>
    Effect.flatMap(valuesOf(parameter), (values) => putOne(parameter, values, format)))

const readOne = (
  parameter: Parameter, leaf: Leaf, format: Format
): Effect.Effect<Float32Array, BackendError, Backend> => Effect.gen(function*() {
  const backend = yield* Backend
  const { as } = storedAs(parameter, format)
  if ("codes" in leaf) {
    const codes = (yield* backend.read(leaf.codes)).data
    const scale = (yield* backend.read(leaf.scale)).data
    return (as === "int4" ? fromHalves : fromBytes)({ codes, scale })
  }
  // reading does not ask for the names of the axes
  return as === "bf16"
    ? fromBf16((yield* backend.read(leaf as Buffer<"bf16", never>)).data)
    : (yield* backend.read(leaf as Buffer<"f32", never>)).data
})

/** The values of all parameters on the host, widened, each in its memory order. */
export const read = (
  architecture: Architecture, weights: WeightBuffers, format: Format = "f32"
): Effect.Effect<ParameterTree<Uniform<Float32Array>>, BackendError, Backend> => Effect.gen(function*() {
  const values = new Map<string, Float32Array>()
  for (const [parameter, leaf] of leavesOf<Buffered>(architecture, weights))
    values.set(parameter.path, yield* readOne(parameter, leaf, format))
  return build<Uniform<Float32Array>>(architecture, ({ path }) => values.get(path) ?? new Float32Array(0))
})

/** The same model with its weights kept in another format, rounded from what they are; the model given stays. */
export const restore = <M extends Transformer>(
  model: M, format: Format
): Effect.Effect<M, BackendError | ShapeError, Backend | Scope.Scope> => Effect.gen(function*() {
  const { architecture, weights } = model
  const leaves = new Map(leavesOf<Buffered>(architecture, weights).map(([{ path }, leaf]) => [path, leaf]))
  const valuesOf = (parameter: Parameter) => {
    const leaf = leaves.get(parameter.path)
    return leaf === undefined ? Effect.succeed(new Float32Array(0)) : readOne(parameter, leaf, model.format ?? "f32")
  }
  return { ...model, weights: yield* put(architecture, valuesOf, format), format }
})
