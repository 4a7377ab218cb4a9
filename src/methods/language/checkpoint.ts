/**
 * The parameters of an architecture in the tensors of a checkpoint. Reading accounts for every tensor of the file: each
 * is one that the layout names, or a known harmless extra, or an error; and every weight is a finite number.
 */
import { Data, Effect } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { Architecture } from "./architecture.ts"
import type { Family } from "./families/family.ts"
import type { Slot } from "./layout.ts"
import { merge, split } from "./layout.ts"
import type { ParameterTree, Uniform } from "./parameters.ts"
import type { TensorToWrite, WeightDType, Weights } from "./safetensors.ts"
import { fromFloats, toFloats } from "./safetensors.ts"
import type { SafetensorsError, TensorInfo } from "./safetensors-header.ts"
import { at, build } from "./tree.ts"

/** A checkpoint whose tensors are not the parameters of its architecture. */
export class CheckpointError extends Data.TaggedError("CheckpointError")<{
  readonly problem: "missing tensor" | "surplus tensor" | "wrong shape" | "wrong dtype" | "not finite"
  readonly file: string
  readonly tensor: string
  readonly expected: string
  readonly actual: string
  readonly message: string
}> {}

const refuse = (
  problem: CheckpointError["problem"], file: string, tensor: string, expected: string, actual: string
): CheckpointError =>
  new CheckpointError({
    problem, file, tensor, expected, actual,
    message: `${file}: ${tensor}: ${problem}: expected ${expected}, got ${actual}`
  })

/** Parameters as they lie in memory: each single precision, in the order of its axes in the parameter table. */
export type Parameters = ParameterTree<Uniform<Float32Array>>

/** The layout's name of every tensor of the file: prefixes put back where they were left away, aliases resolved. */
const canonicalNames = (
  family: Family,
  layout: ReadonlyArray<Slot>,
  names: Iterable<string>
): ReadonlyMap<string, string> => {
  const known = new Set(layout.map(({ tensor }) => tensor))
  const canonical = (name: string): string => {
    const renamed = family.aliases.get(name) ?? name
    return !known.has(renamed) && known.has(family.prefix + renamed) ? family.prefix + renamed : renamed
  }
  return new Map(Array.from(names, (name) => [canonical(name), name]))
}

const checkTensor = (file: string, slot: Slot, { name, shape, dtype }: TensorInfo): CheckpointError | undefined => {
  if (shape.length !== slot.shape.length || shape.some((size, index) => size !== slot.shape[index])) {
    const axes = slot.dims.map((dimension) => dimension.join(" ")).join(" by ")
    return refuse("wrong shape", file, name, `[${slot.shape}] for ${axes}`, `[${shape}]`)
  }
  return ["F32", "F16", "BF16", "F64"].includes(dtype)
    ? undefined
    : refuse("wrong dtype", file, name, "F32, F16, BF16 or F64", dtype)
}

/** The first index of a value that is not finite, or -1. */
const notFinite = (values: Float32Array): number => {
  for (let index = 0; index < values.length; index++)
    if (!Number.isFinite(values[index])) return index
  return -1
}

/** The indices of the element at a flat offset. */
const indices = (shape: ReadonlyArray<number>, offset: number): ReadonlyArray<number> => {
  const [size, ...rest] = shape
  if (size === undefined) return []
  const inner = rest.reduce((product, count) => product * count, 1)
  return [Math.floor(offset / inner), ...indices(rest, offset % inner)]
}

/** Checks the names, shapes and dtypes of a checkpoint against its architecture, before any weight is read. */
export const checkTensors = (
  family: Family,
  architecture: Architecture,
  weights: Weights
): Effect.Effect<ReadonlyArray<readonly [Slot, string]>, CheckpointError> =>
  Effect.gen(function*() {
    const layout = family.layout(architecture)
    const names = canonicalNames(family, layout, weights.tensors.keys())
    const found: Array<readonly [Slot, string]> = []
    for (const slot of layout) {
      const name = names.get(slot.tensor)
      const tensor = name === undefined ? undefined : weights.tensors.get(name)
      if (name === undefined || tensor === undefined)
        return yield* refuse("missing tensor", weights.file, slot.tensor, `a tensor [${slot.shape}]`, "none")
      const refused = checkTensor(weights.file, slot, tensor)
      if (refused !== undefined) return yield* refused
      found.push([slot, name])
    }
    const taken = new Set(found.map(([, name]) => name))
    for (const name of weights.tensors.keys())
      if (!taken.has(name) && !family.harmless(name, architecture))
        return yield* refuse(
          "surplus tensor", weights.file, name, `only the tensors of model_type ${family.modelType}`, "this one too")
    return found
  })

/** Reads every parameter, converted to single precision and checked. `onRead` is told the share done so far. */
export const readParameters = (
  family: Family,
  architecture: Architecture,
  weights: Weights,
  onRead: (done: number) => Effect.Effect<void> = () => Effect.void
): Effect.Effect<Parameters, CheckpointError | SafetensorsError | PlatformError> =>
  Effect.gen(function*() {
    const found = yield* checkTensors(family, architecture, weights)
    const values = new Map<string, Float32Array>()
    for (const [number, [slot, name]] of found.entries()) {
      const dtype = weights.tensors.get(name)?.dtype ?? "F32"
      const floats = toFloats(dtype, yield* weights.read(name))
      if (floats === undefined) return yield* refuse("wrong dtype", weights.file, name, "F32, F16, BF16 or F64", dtype)
      const bad = notFinite(floats)
      if (bad >= 0)
        return yield* refuse(
          "not finite", weights.file, name, "finite weights", `${floats[bad]} at [${indices(slot.shape, bad)}]`)
      const parts = split(slot, floats)
      slot.parameters.forEach(({ path }, part) => {
        const parameter = parts[part]
        if (parameter !== undefined) values.set(path, parameter)
      })
      yield* onRead((number + 1) / found.length)
    }
    // checkTensors found a tensor for each slot, and slots cover every parameter that the family can express
    return build<Uniform<Float32Array>>(architecture, ({ path }) => values.get(path) ?? new Float32Array(0))
  })

/** The file tensors of a model's parameters, in a family's layout, each made when its turn comes. */
export const toTensors = (
  family: Family,
  architecture: Architecture,
  parameters: Parameters,
  dtype: WeightDType
): ReadonlyArray<TensorToWrite<CheckpointError>> =>
  family.layout(architecture).map((slot) => ({
    name: slot.tensor,
    dtype,
    shape: slot.shape,
    bytes: Effect.suspend(() => {
      const parts: Array<Float32Array> = []
      for (const { path, axes } of slot.parameters) {
        const values = at(parameters, path)
        const size = axes.reduce((product, [, count]) => product * count, 1)
        if (values === undefined || values.length !== size) {
          const expected = `${size} weights on ${axes.map(([axis, count]) => `${axis} ${count}`).join(", ")}`
          return Effect.fail(refuse("wrong shape", path, slot.tensor, expected, `${values?.length ?? 0}`))
        }
        const bad = notFinite(values)
        if (bad >= 0)
          return Effect.fail(refuse("not finite", path, slot.tensor, "finite weights", `${values[bad]} at ${bad}`))
        parts.push(values)
      }
      return Effect.succeed(fromFloats(dtype, merge(slot, parts)))
    })
  }))
