/** Models for laws about language models: the reference folders that transformers computed, and random small ones. */
import { NodeFileSystem, NodePath } from "@effect/platform-node"
import { Effect, Layer, ManagedRuntime } from "effect"
import type { FileSystem, Path, Scope } from "effect"
import * as t from "io-ts"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import type { ShapeError } from "../../../src/algebra/axis.ts"
import type { Backend, BackendError } from "../../../src/algebra/backend.ts"
import { evaluate } from "../../../src/algebra/backend.ts"
import { layerWith } from "../../../src/algebra/backends/cpu/index.ts"
import { layer as referenceBackend } from "../../../src/algebra/backends/reference/index.ts"
import type { DType } from "../../../src/algebra/dtype.ts"
import type { Expression } from "../../../src/algebra/expression.ts"
import type { Tensor } from "../../../src/algebra/tensor.ts"
import { decodeJson } from "../../../src/core/codec.ts"
import * as Key from "../../../src/core/key.ts"
import type { Architecture } from "../../../src/methods/language/architecture.ts"
import type { Transformer } from "../../../src/methods/language/model.ts"
import { countOf } from "../../../src/methods/language/parameters.ts"
import { put } from "../../../src/methods/language/weights.ts"

/** What the laws ask of their surroundings. */
type Needs = Backend | FileSystem.FileSystem | Path.Path

/** Runs an effect on one backend, kept for the whole file, in a Scope of its own. */
const runner = (backend: Layer.Layer<Backend, BackendError>) => {
  const runtime = ManagedRuntime.make(Layer.mergeAll(backend, NodeFileSystem.layer, NodePath.layer))
  afterAll(() => runtime.dispose())
  return <A, E>(effect: Effect.Effect<A, E, Needs | Scope.Scope>): Promise<A> =>
    runtime.runPromise(Effect.scoped(effect))
}

/** On the backend that is obviously right. */
export const run = runner(referenceBackend)

/**
 * Every backend that the laws of language models are checked on, by name, and how many cases it is given: where
 * programs are compiled to machine code, each small model takes as long as a large one.
 */
export const backends: ReadonlyArray<readonly [string, typeof run, { readonly numRuns: number }]> = [
  ["reference", run, { numRuns: 15 }],
  ["cpu", runner(layerWith({ threads: 2 })), { numRuns: 3 }]
]

/** The values of an expression. */
export const values = async (of: Expression): Promise<ArrayLike<number>> =>
  (await run(evaluate(of as Tensor<DType, never>))).data

const root = fileURLToPath(new URL("reference/", import.meta.url))

const reference = t.type({
  sequences: t.array(t.type({ tokens: t.array(t.number), logits: t.array(t.array(t.number)) })),
  greedy: t.type({ prompt: t.array(t.number), continuation: t.array(t.number) })
})

/** Folders that hold a model and what transformers computed from it. */
export const referenceFolders: ReadonlyArray<string> = readdirSync(root).filter((name) => name !== "training")

export const folderOf = (name: string): string => `${root}${name}`

/** What transformers computed. */
export const expectationsOf = (name: string) =>
  decodeJson(reference, name)(readFileSync(`${root}${name}/reference.json`, "utf8"))

/** A model with standard normal weights, times 0.7. */
export const randomModel = (
  architecture: Architecture, key: Key.Key
): Effect.Effect<Transformer, BackendError | ShapeError, Backend | Scope.Scope> => {
  let index = 0
  const drawn = put(architecture, (parameter) => Effect.sync(() =>
    Float32Array.from(Key.normal(Key.fold(key, index++), countOf(parameter)), (value) => value * 0.7)))
  return Effect.map(drawn, (weights) => ({ architecture, weights }))
}

/** The largest absolute difference; infinite where one is NaN or the lengths differ. */
export const distance = (left: ArrayLike<number>, right: ArrayLike<number>): number => {
  if (left.length !== right.length) return Infinity
  let worst = 0
  for (let index = 0; index < left.length; index++) {
    const deviation = Math.abs((left[index] ?? NaN) - (right[index] ?? NaN))
    if (!(deviation <= worst)) worst = Number.isNaN(deviation) ? Infinity : deviation
  }
  return worst
}

/** Largest less smallest. */
export const rangeOf = (numbers: ReadonlyArray<number>): number => {
  const [least, most] = numbers.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity])
  return most - least
}
