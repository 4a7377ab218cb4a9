/**
 * The first values of an adapter. B is uniform within 1 / sqrt(fan) (Kaiming's rule with a = sqrt 5, which is usual for
 * the input side of low-rank terms) and A zero, so that the first model is the base with masks (law M5). Mask
 * embeddings are normal numbers, as large in the root mean square as the model's own embeddings. The paper gives
 * neither.
 */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { BackendError, Buffers } from "../../../algebra/backend.ts"
import { Backend } from "../../../algebra/backend.ts"
import * as Key from "../../../core/key.ts"
import type { Architecture } from "../architecture.ts"
import type { Transformer } from "../weights.ts"
import type { Adapter, AdapterParameter } from "./adapter.ts"
import { build, countOf, parametersOf } from "./adapter.ts"
import type { Shape } from "./configuration.ts"

/** An adapter in a backend's memory. */
export type AdapterBuffers = Buffers<Adapter<"f32">>

/** The adapter with the values that `valuesOf` gives each parameter, in its memory order. */
export const bufferTree = <E, R>(
  architecture: Architecture, shape: Shape,
  valuesOf: (parameter: AdapterParameter) => Effect.Effect<Float32Array, E, R>
): Effect.Effect<AdapterBuffers, E | BackendError | ShapeError, R | Backend | Scope.Scope> => Effect.gen(function*() {
  const backend = yield* Backend
  const buffers = new Map<string, object>()
  for (const parameter of parametersOf(architecture, shape)) {
    const sizes: { readonly [axis: string]: number } = Object.fromEntries(parameter.axes)
    buffers.set(parameter.path, yield* backend.put("f32", sizes, yield* valuesOf(parameter)))
  }
  // `build` has a leaf for every place that the type states, on its axes
  return build(architecture, shape, ({ path }) => buffers.get(path)) as object as AdapterBuffers
})

const rootMeanSquare = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(values.length, 1))

/** The first values of every parameter of an adapter of a model. */
export const initialise = (
  { architecture, weights }: Transformer, shape: Shape, key: Key.Key
): Effect.Effect<ReadonlyMap<string, Float32Array>, BackendError, Backend> => Effect.gen(function*() {
  const backend = yield* Backend
  const size = rootMeanSquare((yield* backend.read(weights.embedding)).data)
  return new Map(parametersOf(architecture, shape).map((parameter, index): [string, Float32Array] => {
    const own = Key.fold(key, index)
    const count = countOf(parameter)
    const { start, path } = parameter
    if (start === "embedding") return [path, Float32Array.from(Key.normal(own, count), (value) => value * size)]
    if ("value" in start) return [path, new Float32Array(count).fill(start.value)]
    const bound = 1 / Math.sqrt(start.fan)
    return [path, Key.uniform(own, count).map((value) => (2 * value - 1) * bound)]
  }))
})

/** A fresh adapter in a backend's memory: the text is the base's, and drafts are of no use before it has learned. */
export const fresh = (model: Transformer, shape: Shape, key: Key.Key) =>
  Effect.gen(function*() {
    const values = yield* initialise(model, shape, key)
    const adapter = yield* bufferTree(model.architecture, shape, ({ path }) =>
      Effect.succeed(values.get(path) ?? new Float32Array(0)))
    return { shape, adapter }
  })
