/**
 * Random weights to train from, as GPT-2 draws them (Radford et al., 2019, section 2.3): normal numbers of one standard
 * deviation, those of the two maps back into the residual stream divided by the root of the number of such maps; gains
 * that do nothing, biases of zero. A weight depends on the key and its place alone, so every backend starts the same.
 */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { ShapeError } from "../../algebra/axis.ts"
import type { Backend, BackendError } from "../../algebra/backend.ts"
import * as Key from "../../core/key.ts"
import type { Architecture } from "./architecture.ts"
import type { WeightBuffers } from "./model.ts"
import type { Parameter } from "./parameters.ts"
import { countOf, kinds, parametersOf } from "./parameters.ts"
import { put } from "./weights.ts"

/** The spread of weights. */
export interface Spread {
  /** The standard deviation of weights; 0.02 where absent, as in GPT-2 and most of its successors. */
  readonly deviation?: number
}

/** The values of one parameter, in memory order. */
const values = (architecture: Architecture, parameter: Parameter, key: Key.Key, deviation: number): Float32Array => {
  const count = countOf(parameter)
  const { kind } = parameter
  const { role } = kinds[kind]
  if (role === "shift") return new Float32Array(count)
  // a gain with unit offset is stored as its deviation from one; gains of queries and keys never are
  if (role === "gain") return new Float32Array(count).fill(kind === "normGain" && architecture.norm.unitOffset ? 0 : 1)
  const returning = kind === "output" || kind === "down"
  const spread = returning ? deviation / Math.sqrt(2 * architecture.layers) : deviation
  return Float32Array.from(Key.normal(key, count), (value) => value * spread)
}

/** Random parameters in the memory of the backend in the context. */
export const initialise = (
  architecture: Architecture, key: Key.Key, { deviation = 0.02 }: Spread = {}
): Effect.Effect<WeightBuffers, BackendError | ShapeError, Backend | Scope.Scope> => {
  const places = new Map(parametersOf(architecture).map(({ path }, index) => [path, index]))
  return put(architecture, (parameter) =>
    Effect.sync(() => values(architecture, parameter, Key.fold(key, places.get(parameter.path) ?? 0), deviation)))
}
