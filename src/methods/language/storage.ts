/**
 * In which numbers the weights of a model lie in memory. Maps and embeddings may be bfloat16, signed bytes with a scale
 * for each output channel, or signed four-bit numbers with a scale for each 32 along what is summed over; gains,
 * biases and positions, a small part of the whole, stay single precision. What a program computes with are expressions
 * of what is stored, which contractions read as it lies, so the wide weights are never in memory.
 */
import { groupSize, scaledBytes, scaledHalves } from "../../algebra/derived/quantised.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import { cast, input } from "../../algebra/tensor.ts"
import type { Architecture } from "./architecture.ts"
import type { Parameter, ParameterKind } from "./parameters.ts"
import { kinds } from "./parameters.ts"
import type { Tensors, Weights } from "./tensors.ts"
import { build } from "./tree.ts"

/** What weights are kept as. */
export const formats = ["f32", "bf16", "int8", "int4"] as const
export type Format = (typeof formats)[number]

type Axes = Parameter["axes"]

/** How the values of one parameter lie in memory, its axes in order. */
export type Stored =
  | { readonly as: "f32" | "bf16", readonly axes: Axes }
  /** A scale for each index of the axes `scale`, which are the first of all. */
  | { readonly as: "int8", readonly axes: Axes, readonly scale: Axes }
  /** A scale for each group; the groups lie along the last axis. */
  | { readonly as: "int4", readonly codes: ReadonlyArray<readonly [string, number]>,
      readonly scale: ReadonlyArray<readonly [string, number]>, readonly along: string }

/** How a parameter is kept in a format. Four bits need a last axis of whole groups; without it, eight are taken. */
export const storedAs = ({ kind, axes }: Parameter, format: Format): Stored => {
  const { role, contracted }: { readonly role: string, readonly contracted: ReadonlyArray<string> } = kinds[kind]
  const last = axes.at(-1)
  if (format === "f32" || kind === "position" || (role !== "map" && role !== "table") || last === undefined)
    return { as: "f32", axes }
  if (format === "bf16") return { as: "bf16", axes }
  const [along, size] = last
  if (format === "int8" || size % groupSize !== 0)
    return { as: "int8", axes, scale: axes.slice(0, axes.length - Math.max(1, contracted.length)) }
  const scale = [...axes.slice(0, -1), ["group", size / groupSize] as const]
  return { as: "int4", scale, codes: [...scale, ["byte", groupSize / 2]], along }
}

const sizes = (axes: ReadonlyArray<readonly [string, number]>) => Object.fromEntries(axes)

/** The inputs of a program that hold a parameter, and the parameter as an expression of them. */
const declare = (parameter: Parameter, format: Format): { readonly stored: unknown, readonly wide: unknown } => {
  const { path } = parameter
  const stored = storedAs(parameter, format)
  switch (stored.as) {
    case "f32": {
      const values = input("f32", sizes(stored.axes), path)
      return { stored: values, wide: values }
    }
    case "bf16": {
      const values = input("bf16", sizes(stored.axes), path)
      return { stored: values, wide: cast(values, "f32") }
    }
    case "int8": {
      const codes = input("i8", sizes(stored.axes), `${path}.codes`)
      const scale = input("f32", sizes(stored.scale), `${path}.scale`)
      return { stored: { codes, scale }, wide: scaledBytes(codes, scale) }
    }
    case "int4": {
      const codes = input("i8", sizes(stored.codes), `${path}.codes`)
      const scale = input("f32", sizes(stored.scale), `${path}.scale`)
      return { stored: { codes, scale }, wide: scaledHalves<string, string>(codes, scale, stored.along) }
    }
  }
}

/**
 * What a program on a model takes, `stored`, and the weights that it computes with, `wide`. Whatever the format,
 * `stored` has the type of wide weights, as the buffers of a model have: which inputs and buffers stand at a leaf is
 * known from the format alone, and a program refuses buffers of another.
 */
export const parameters = (
  { architecture, format = "f32" }: { readonly architecture: Architecture, readonly format?: Format }
): { readonly stored: Weights<"f32">, readonly wide: Weights<"f32"> } => {
  const made = new Map<string, ReturnType<typeof declare>>()
  const pick = (which: "stored" | "wide") => build<Tensors<"f32">>(architecture, (parameter) => {
    const declared = made.get(parameter.path) ?? declare(parameter, format)
    made.set(parameter.path, declared)
    // as the docstring says of `stored`; `wide` has the axes of its parameter
    return declared[which] as Tensor<"f32", string> as Tensors<"f32">[ParameterKind]
  })
  return { stored: pick("stored"), wide: pick("wide") }
}
