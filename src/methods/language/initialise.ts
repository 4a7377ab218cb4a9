/**
 * Random weights to train from, as GPT-2 draws them (Radford et al., 2019, section 2.3): normal numbers of one standard
 * deviation, those of the two maps back into the residual stream divided by the root of the number of such maps; gains
 * that do nothing, biases of zero. A weight depends on the key and its place alone, to rounding on every backend.
 */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { ShapeError } from "../../algebra/axis.ts"
import type { BackendError } from "../../algebra/backend.ts"
import { Backend } from "../../algebra/backend.ts"
import type { KeyTensor } from "../../algebra/derived/random.ts"
import { normal } from "../../algebra/derived/random.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import { fill, input, multiply } from "../../algebra/tensor.ts"
import * as Key from "../../core/key.ts"
import type { Architecture } from "./architecture.ts"
import type { Parameter } from "./parameters.ts"
import { kinds, parametersOf } from "./parameters.ts"
import type { WeightBuffers } from "./weights.ts"
import { collect } from "./weights.ts"

/** The spread of weights. */
export interface Spread {
  /** The standard deviation of weights; 0.02 where absent, as in GPT-2 and most of its successors. */
  readonly deviation?: number
}

/** A parameter as an expression of its key. */
const drawn = (
  { norm, layers }: Architecture, { kind, axes }: Parameter, key: KeyTensor, deviation: number
): Tensor<"f32", string> => {
  const sizes = Object.fromEntries(axes)
  const { role } = kinds[kind]
  if (role === "shift") return fill("f32", sizes, 0)
  // a gain with unit offset is stored as its deviation from one; gains of queries and keys never are
  if (role === "gain") return fill("f32", sizes, kind === "normGain" && norm.unitOffset ? 0 : 1)
  const returning = kind === "output" || kind === "down"
  return multiply(normal("f32", key, sizes), returning ? deviation / Math.sqrt(2 * layers) : deviation)
}

/** Random parameters in the memory of the backend in the context. */
export const initialise = (
  architecture: Architecture, key: Key.Key, { deviation = 0.02 }: Spread = {}
): Effect.Effect<WeightBuffers, BackendError | ShapeError, Backend | Scope.Scope> => Effect.gen(function*() {
  const backend = yield* Backend
  const words = { first: input("u32", {}, "first"), second: input("u32", {}, "second") }
  // parameters of one kind have one shape, and share a program
  const program = Effect.fnUntraced(function*(parameter: Parameter) {
    const weights = drawn(architecture, parameter, [words.first, words.second], deviation)
    return yield* backend.compile(words, { weights })
  })
  const programs = new Map<string, Effect.Success<ReturnType<typeof program>>>()
  const keys = new Map(parametersOf(architecture).map(({ path }, index) => [path, Key.fold(key, index)]))
  return yield* collect(architecture, Effect.fnUntraced(function*(parameter: Parameter) {
    const compiled = programs.get(parameter.kind) ?? (yield* program(parameter))
    programs.set(parameter.kind, compiled)
    const [one, two] = keys.get(parameter.path) ?? key
    const first = yield* backend.put("u32", {}, Uint32Array.of(one))
    const second = yield* backend.put("u32", {}, Uint32Array.of(two))
    const { weights } = yield* compiled.run({ first, second })
    yield* backend.free([first, second])
    return weights
  }))
})
