/**
 * The backends that every law of the algebra is held on, and how a law runs a program on one. A backend is built once
 * for a file of laws and released after it.
 */
import { Effect, ManagedRuntime } from "effect"
import type { Layer } from "effect"
import { afterAll, describe } from "vitest"
import { Backend } from "../src/algebra/backend.ts"
import type { BackendError, Buffer, Host } from "../src/algebra/backend.ts"
import * as Cpu from "../src/algebra/backends/cpu/index.ts"
import * as Reference from "../src/algebra/backends/reference/index.ts"
import type { DType, HostArray } from "../src/algebra/dtype.ts"
import type { Expression } from "../src/algebra/expression.ts"

interface Named {
  readonly name: string
  readonly layer: Layer.Layer<Backend, BackendError>
}

const reference: Named = { name: "reference", layer: Reference.layer }

export const backends: ReadonlyArray<Named> = [
  reference,
  { name: "cpu", layer: Cpu.layer }
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

export interface Runner {
  readonly name: string
  readonly run: (program: Program) => Promise<ReadonlyArray<Values>>
  /** The values of expressions without inputs. */
  readonly values: (...outputs: ReadonlyArray<Expression>) => Promise<ReadonlyArray<Values>>
  readonly effect: <A, E>(effect: Effect.Effect<A, E, Backend>) => Promise<A>
}

/** A runner on a backend that lasts for the file of laws that asks for it. */
export const runner = ({ name, layer }: Named): Runner => {
  const runtime = ManagedRuntime.make(layer)
  afterAll(() => runtime.dispose())
  const effect = <A, E>(of: Effect.Effect<A, E, Backend>) => runtime.runPromise(of)
  return {
    name,
    effect,
    run: (program) => effect(run(program)),
    values: (...outputs) => effect(run({ inputs: [], data: [], outputs }))
  }
}

/** A runner on the oracle. */
export const onReference = (): Runner => runner(reference)

/** States laws once for each backend. */
export const forEachBackend = (title: string, laws: (runner: Runner) => void): void => {
  for (const backend of backends) describe(`${title}, on ${backend.name}`, () => laws(runner(backend)))
}
