/**
 * How parameters lie in the tensors of a file: each dimension of a file tensor factors into named axes, and a fused
 * tensor has an axis `part` of which each parameter is one index. So reading is to factor and slice, writing is to
 * stack and merge, and one routine serves every family in both directions, moving bytes and never changing a value.
 */
import type { Architecture } from "./architecture.ts"
import type { Kind, Parameter, ParameterAxis } from "./parameters.ts"
import { countOf, kinds, parametersOf, sizeOf } from "./parameters.ts"

/** An axis of a file tensor: one of the parameters', or `part`, the index among those that share the tensor. */
export type FileAxis = ParameterAxis | "part"

/** Named axes of every dimension of a file tensor, outermost first. */
export type Dims = ReadonlyArray<ReadonlyArray<FileAxis>>

/** Where a parameter lies: a tensor in the standard layout of its kind, or one in a layout of its own, maybe shared. */
export type Place = string | { readonly tensor: string, readonly dims: Dims, readonly part?: number }

/** Tensor names by parameter path, with `*` for the number of a layer in both. */
export type Names = Readonly<Record<string, Place>>

/** One tensor of a file, with its axes and the parameters that it holds; several only along `part`, in its order. */
export interface Slot {
  readonly tensor: string
  readonly shape: ReadonlyArray<number>
  readonly dims: Dims
  /** All axes with their sizes, flattened: the row-major order of the file. */
  readonly axes: ReadonlyArray<readonly [FileAxis, number]>
  readonly parameters: ReadonlyArray<Parameter>
}

/** Standard layout: tables keep their axes, a map is a matrix of its given by its contracted axes, the rest is flat. */
const standard = (parameter: Parameter): Dims => {
  const { role, axes, contracted }: Kind = kinds[parameter.kind]
  if (role === "table") return axes.map((axis) => [axis])
  return role === "map" ? [axes.slice(0, axes.length - contracted.length), contracted] : [axes]
}

interface Placed { readonly parameter: Parameter, readonly dims: Dims, readonly part: number }

/** The tensors of a checkpoint in a family's naming. Parameters that the family has no name for are left out. */
export const slots = (architecture: Architecture, names: Names): ReadonlyArray<Slot> => {
  const placed = new Map<string, Array<Placed>>()
  for (const parameter of parametersOf(architecture)) {
    const layer = /^layers\.(\d+)\./.exec(parameter.path)?.[1]
    const place = names[layer === undefined ? parameter.path : parameter.path.replace(layer, "*")]
    if (place === undefined) continue
    const { tensor, dims, part = 0 } = typeof place === "string" ? { tensor: place, dims: standard(parameter) } : place
    const name = layer === undefined ? tensor : tensor.replace("*", layer)
    placed.set(name, [...placed.get(name) ?? [], { parameter, dims, part }])
  }
  return Array.from(placed, ([tensor, sharers]) => {
    const parameters = sharers.toSorted((left, right) => left.part - right.part).map(({ parameter }) => parameter)
    const dims = sharers[0]?.dims ?? []
    const size = (axis: FileAxis) => axis === "part" ? parameters.length : sizeOf(architecture, axis)
    return {
      tensor, dims, parameters,
      shape: dims.map((axes) => axes.reduce((product, axis) => product * size(axis), 1)),
      axes: dims.flat().map((axis) => [axis, size(axis)] as const)
    }
  })
}

/** A copy between the two orders of one parameter: `sizes` and file `strides` of its axes in memory order. */
interface Walk {
  readonly sizes: ReadonlyArray<number>
  readonly strides: ReadonlyArray<number>
  readonly start: number
}

const walk = (slot: Slot, part: number): Walk => {
  const stride = new Map<FileAxis, number>()
  let elements = 1
  for (const [axis, size] of slot.axes.toReversed()) {
    stride.set(axis, elements)
    elements *= size
  }
  const axes = slot.parameters[part]?.axes ?? []
  return {
    sizes: axes.map(([, size]) => size),
    // an axis that the file does not spell out has size one there (`share` in fused multi-head attention)
    strides: axes.map(([axis]) => stride.get(axis) ?? 0),
    start: part * (stride.get("part") ?? 0)
  }
}

/** Calls `run(memory offset, file offset, length, file stride)` for each innermost run of a parameter. */
const eachRun = (
  { sizes, strides, start }: Walk,
  run: (memory: number, file: number, length: number, stride: number) => void
): void => {
  const outer = sizes.length - 1
  const length = sizes[outer] ?? 1
  const stride = strides[outer] ?? 1
  const index = sizes.map(() => 0)
  const runs = sizes.slice(0, -1).reduce((product, size) => product * size, 1)
  let file = start
  for (let number = 0; number < runs; number++) {
    run(number * length, file, length, stride)
    for (let axis = outer - 1; axis >= 0; axis--) {
      const size = sizes[axis] ?? 1
      const step = strides[axis] ?? 0
      index[axis] = (index[axis] ?? 0) + 1
      file += step
      if ((index[axis] ?? 0) < size) break
      file -= size * step
      index[axis] = 0
    }
  }
}

const contiguous = (slot: Slot, { sizes, strides }: Walk): boolean => {
  let stride = 1
  return slot.parameters.length === 1 && sizes.every((_, index) => {
    const at = sizes.length - 1 - index
    const fits = strides[at] === stride || sizes[at] === 1
    stride *= sizes[at] ?? 1
    return fits
  })
}

/** The parameters that a file tensor holds, each in memory order. A tensor already in that order is not copied. */
export const split = (slot: Slot, tensor: Float32Array): ReadonlyArray<Float32Array> =>
  slot.parameters.map((parameter, part) => {
    const steps = walk(slot, part)
    if (contiguous(slot, steps)) return tensor
    const values = new Float32Array(countOf(parameter))
    eachRun(steps, (memory, file, length, stride) => {
      for (let i = 0; i < length; i++) values[memory + i] = tensor[file + i * stride]! // within both by construction
    })
    return values
  })

/** The file tensor that holds these parameters, given in the order of the slot. Inverse of `split`. */
export const merge = (slot: Slot, parameters: ReadonlyArray<Float32Array>): Float32Array => {
  const [first] = parameters
  if (first !== undefined && contiguous(slot, walk(slot, 0))) return first
  const tensor = new Float32Array(slot.axes.reduce((product, [, size]) => product * size, 1))
  parameters.forEach((values, part) => {
    eachRun(walk(slot, part), (memory, file, length, stride) => {
      for (let i = 0; i < length; i++) tensor[file + i * stride] = values[memory + i]! // within both by construction
    })
  })
  return tensor
}
