/** Parameters between the host and the memory of the backend in the context. */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { ShapeError } from "../../algebra/axis.ts"
import type { BackendError, Buffer, Buffers, SomeBuffer } from "../../algebra/backend.ts"
import { Backend } from "../../algebra/backend.ts"
import type { Architecture } from "./architecture.ts"
import type { AxesOf, Parameter, ParameterKind, ParameterTree, Uniform } from "./parameters.ts"
import { parametersOf } from "./parameters.ts"
import type { Weights } from "./tensors.ts"
import { build, leavesOf } from "./tree.ts"

/** Parameters in a backend's memory. */
export type WeightBuffers = Buffers<Weights<"f32">>

/** A function on tokens: a description and its parameters. */
export interface Transformer {
  readonly architecture: Architecture
  readonly weights: WeightBuffers
}

type Buffered = { readonly [K in ParameterKind]: Buffer<"f32", AxesOf<K>> }

/** The tree of buffers that `bufferOf` gives, each on the axes of its parameter. */
export const collect = <E, R>(
  architecture: Architecture, bufferOf: (parameter: Parameter) => Effect.Effect<SomeBuffer, E, R>
): Effect.Effect<WeightBuffers, E, R> => Effect.gen(function*() {
  const buffers = new Map<string, SomeBuffer>()
  for (const parameter of parametersOf(architecture)) buffers.set(parameter.path, yield* bufferOf(parameter))
  // there is one for every path, on the axes of its kind, which a list of parameters does not say
  return build<Buffered>(architecture, ({ path }) => buffers.get(path) as Buffered[ParameterKind])
})

/** The parameters of an architecture with the values that `valuesOf` gives each, in its memory order. */
export const put = <E, R>(
  architecture: Architecture, valuesOf: (parameter: Parameter) => Effect.Effect<Float32Array, E, R>
): Effect.Effect<WeightBuffers, E | BackendError | ShapeError, R | Backend | Scope.Scope> =>
  Effect.flatMap(Backend, (backend) => collect(architecture, (parameter) =>
    Effect.flatMap(valuesOf(parameter), (values) => backend.put("f32", Object.fromEntries(parameter.axes), values))))

/** The values of all parameters on the host, each in its memory order. */
export const read = (
  architecture: Architecture, weights: WeightBuffers
): Effect.Effect<ParameterTree<Uniform<Float32Array>>, BackendError, Backend> => Effect.gen(function*() {
  const backend = yield* Backend
  const values = new Map<string, Float32Array>()
  for (const [{ path }, buffer] of leavesOf<Buffered>(architecture, weights)) {
    const some: SomeBuffer = buffer
    // reading does not ask for the names of the axes
    values.set(path, (yield* backend.read(some as Buffer<"f32", never>)).data)
  }
  return build<Uniform<Float32Array>>(architecture, ({ path }) => values.get(path) ?? new Float32Array(0))
})
