/**
 * The backends that every law of the algebra is held on, and how a law runs a program on one. A backend is built once
 * for a file of laws and released after it. One that has no f64 is held to the same laws in f32, and one whose kernels
 * are slow to compile on a part of the cases.
 */
import { Effect, ManagedRuntime } from "effect"
import type { Layer } from "effect"
import { afterAll, describe } from "vitest"
import { Backend } from "../src/algebra/backend.ts"
import type { BackendError, Buffer, Host } from "../src/algebra/backend.ts"
import * as Cpu from "../src/algebra/backends/cpu/index.ts"
import * as Reference from "../src/algebra/backends/reference/index.ts"
import * as WebGpu from "../src/algebra/backends/webgpu/index.ts"
import type { DType, Float, HostArray } from "../src/algebra/dtype.ts"
import { epsilon } from "../src/algebra/dtype.ts"
import type { Expression } from "../src/algebra/expression.ts"
import { expression, operands, topological, withOperands } from "../src/algebra/expression.ts"

interface Named {
  readonly name: string
  readonly layer: Layer.Layer<Backend, BackendError>
  /** The widest float that it has; f64 when not given. */
  readonly float?: Float
  /** The part of a law's cases that it is held to; all when not given. */
  readonly share?: number
}

const reference: Named = { name: "reference", layer: Reference.layer }

const withoutAdapter = await Effect.runPromise(WebGpu.missing)

export const backends: ReadonlyArray<Named> = [
  reference,
  { name: "cpu", layer: Cpu.layer },
  ...(withoutAdapter === undefined
    ? [{ name: "webgpu", layer: WebGpu.layer, float: "f32", share: 0.1 } as const]
    : [])
]

/** Outputs as functions of inputs, and the inputs' values. */
export interface Program {
  readonly inputs: ReadonlyArray<Expression>
  readonly data: ReadonlyArray<HostArray>
  readonly outputs: ReadonlyArray<Expression>
}

export type Values = Host<DType>

/** Compiles and runs a program once. */
export const run = ({ inputs, data, outputs }: Program) => Effect.scoped(Effect.gen(function*() {
  const backend = yield* Backend
  const compiled = yield* backend.compile(inputs, outputs)
  const given: Array<unknown> = []
  for (const [index, { dtype, axes }] of inputs.entries())
    given.push(yield* backend.put<DType, string>(dtype, Object.fromEntries(axes), data[index] ?? new Float32Array()))
  // buffers and their program are made from the same list, whose types the list forgets
  const results = yield* compiled.run(given as never)
  const values: Array<Values> = []
  for (const result of results) values.push(yield* backend.read(result as unknown as Buffer<DType, never>))
  return values
}))

/** A program with f32 in place of f64. */
const narrowed = ({ inputs, data, outputs }: Program): Program => {
  const known = new Map<Expression, Expression>()
  const of = (node: Expression): Expression => known.get(node) ?? node
  for (const node of topological([...inputs, ...outputs])) {
    const { dtype, axes, operation } = withOperands(node, operands(node).map(of))
    const literal = operation.op === "literal" && dtype === "f64"
    known.set(node, expression(dtype === "f64" ? "f32" : dtype, axes,
      literal ? { ...operation, data: Float32Array.from(operation.data) } : operation))
  }
  return {
    inputs: inputs.map(of),
    outputs: outputs.map(of),
    data: data.map((values) => (values instanceof Float64Array ? Float32Array.from(values) : values))
  }
}

export interface Runner {
  readonly name: string
  /** The widest float, which f64 in a program stands for. */
  readonly float: Float
  /** A bound that is stated in f64, in that float. */
  readonly bound: (stated: number) => number
  /** How many cases of a law to try, of those that a fast backend is held to; at least 3. */
  readonly cases: (count: number) => number
  readonly run: (program: Program) => Promise<ReadonlyArray<Values>>
  /** The values of expressions without inputs. */
  readonly values: (...outputs: ReadonlyArray<Expression>) => Promise<ReadonlyArray<Values>>
  readonly effect: <A, E>(effect: Effect.Effect<A, E, Backend>) => Promise<A>
}

/** A runner on a backend that lasts for the file of laws that asks for it. */
export const runner = ({ name, layer, float = "f64", share = 1 }: Named): Runner => {
  const runtime = ManagedRuntime.make(layer)
  afterAll(() => runtime.dispose())
  const effect = <A, E>(of: Effect.Effect<A, E, Backend>) => runtime.runPromise(of)
  const fitted = (program: Program): Program => (float === "f64" ? program : narrowed(program))
  return {
    name,
    float,
    bound: (stated) => (stated * epsilon(float)) / epsilon("f64"),
    cases: (count) => Math.max(3, Math.ceil(count * share)),
    effect,
    run: (program) => effect(run(fitted(program))),
    values: (...outputs) => effect(run(fitted({ inputs: [], data: [], outputs })))
  }
}

/** A runner on the oracle. */
export const onReference = (): Runner => runner(reference)

/** States laws once for each backend. */
export const forEachBackend = (title: string, laws: (runner: Runner) => void): void => {
  for (const backend of backends) describe(`${title}, on ${backend.name}`, () => laws(runner(backend)))
}
