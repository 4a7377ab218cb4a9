/**
 * Evaluation. A `Backend` compiles trees of expressions once and runs them many times on buffers. Buffers live in the
 * Scope that asked for them and are freed with it; a donated input gives its memory to the run, so that a cache or an
 * optimiser's state is updated in place. An `Engine` is what a machine must offer for this: reference, cpu, webgpu.
 */
import { Context, Data, Effect, Scope } from "effect"
import type { Axes, Sizes } from "./axis.ts"
import * as Axis from "./axis.ts"
import { ShapeError } from "./axis.ts"
import type { DType, HostArray, HostArrays } from "./dtype.ts"
import { byteSize } from "./dtype.ts"
import type { Expression } from "./expression.ts"
import { topological } from "./expression.ts"
import type { Graph } from "./graph.ts"
import * as Graphs from "./graph.ts"
import type { Tensor } from "./tensor.ts"
import * as Tree from "./tree.ts"

/** The backend cannot compute with this dtype. */
export class UnsupportedDType extends Data.TaggedError("UnsupportedDType")<{
  readonly backend: string
  readonly dtype: DType
  readonly message: string
}> {}

/** The backend has no room for what was asked. */
export class OutOfMemory extends Data.TaggedError("OutOfMemory")<{
  readonly backend: string
  readonly bytes: number
  readonly message: string
}> {}

/** A buffer was used after it was freed or donated, or belongs to another backend. */
export class InvalidBuffer extends Data.TaggedError("InvalidBuffer")<{
  readonly name: string
  readonly message: string
}> {}

/** The machine itself failed: a lost device, a dead worker, a kernel it would not take. */
export class BackendFailure extends Data.TaggedError("BackendFailure")<{
  readonly backend: string
  readonly message: string
}> {}

export type BackendError = UnsupportedDType | OutOfMemory | InvalidBuffer | BackendFailure

/** An engine's own handle of a block of memory. */
export type Memory = object

/** A compiled graph. A run takes one block an input and gives a new one an output; donated blocks are gone after it. */
export interface Executable {
  readonly run: (inputs: ReadonlyArray<Memory>) => Effect.Effect<ReadonlyArray<Memory>, BackendError>
}

/** What a machine offers. Blocks are dense, row-major in the order of their expression's axes. */
export interface Engine {
  readonly name: string
  readonly dtypes: ReadonlySet<DType>
  readonly compile: (graph: Graph) => Effect.Effect<Executable, BackendError, Scope.Scope>
  readonly write: (dtype: DType, data: HostArray) => Effect.Effect<Memory, BackendError>
  readonly read: (memory: Memory) => Effect.Effect<HostArray, BackendError>
  readonly free: (memory: Memory) => void
}

declare const named: unique symbol
const isBuffer: unique symbol = Symbol.for("noether/Buffer")

/** A tensor in a backend's memory. Opaque: it is made by `put` or a run, and read by `read`. */
export interface Buffer<D extends DType, in out A extends string> {
  readonly [isBuffer]: { memory: Memory | undefined; readonly backend: string; readonly home: Set<SomeBuffer> }
  readonly [named]?: (axis: A) => A
  readonly dtype: D
  readonly axes: Axes
}

/** A buffer whose axes are not known to the compiler. */
export type SomeBuffer = Omit<Buffer<DType, never>, typeof named>

/** A tree of tensors with buffers for leaves. */
export type Buffers<T> =
  T extends Tensor<infer D, infer A> ? Buffer<D, A>
    : T extends Expression ? SomeBuffer
      : T extends object ? { readonly [K in keyof T]: Buffers<T[K]> }
        : T

/** What was read: row-major in the order of `axes`. */
export interface Host<D extends DType> {
  readonly dtype: D
  readonly axes: Axes
  readonly data: HostArrays[D]
}

/** A compiled program from one tree of buffers to another. */
export interface Program<I, O> {
  readonly graph: Graph
  /** Outputs belong to the Scope; donated inputs are gone. */
  readonly run: (inputs: I) => Effect.Effect<O, BackendError | ShapeError, Scope.Scope>
}

const isExpression = (value: unknown): value is Expression =>
  typeof value === "object" && value !== null && "operation" in value
const tensors = Tree.make<Expression>(isExpression)
const buffers = Tree.make<SomeBuffer>(
  (value): value is SomeBuffer => typeof value === "object" && value !== null && isBuffer in value
)

/** A backend over an engine: typing, scoping and checks are the same for all of them. */
const make = (engine: Engine) => {
  const homes = new WeakMap<Scope.Scope, Set<SomeBuffer>>()

  const home = Effect.gen(function*() {
    const scope = yield* Effect.scope
    const known = homes.get(scope)
    if (known !== undefined) return known
    const fresh = new Set<SomeBuffer>()
    homes.set(scope, fresh)
    yield* Scope.addFinalizer(scope, Effect.sync(() => fresh.forEach(release)))
    return fresh
  })

  const release = (buffer: SomeBuffer): void => {
    const { memory, home } = buffer[isBuffer]
    if (memory !== undefined) engine.free(memory)
    buffer[isBuffer].memory = undefined
    home.delete(buffer)
  }

  const adopt = (dtype: DType, axes: Axes, memory: Memory, owner: Set<SomeBuffer>): SomeBuffer => {
    const buffer: SomeBuffer = { dtype, axes, [isBuffer]: { memory, backend: engine.name, home: owner } }
    owner.add(buffer)
    return buffer
  }

  const memoryOf = (buffer: SomeBuffer, name: string): Effect.Effect<Memory, InvalidBuffer> => {
    const { memory, backend } = buffer[isBuffer]
    if (memory !== undefined && backend === engine.name) return Effect.succeed(memory)
    const reason =
      memory === undefined ? "was freed or donated" : `belongs to the backend ${backend}, not ${engine.name}`
    return Effect.fail(new InvalidBuffer({ name, message: `${name} ${Axis.show(buffer.axes)} ${reason}` }))
  }

  /** Compiles outputs as a function of inputs. Donated fields are top-level fields of the input tree. */
  const compile = <const I, const O>(
    inputs: I, outputs: O, options: { readonly donate?: ReadonlyArray<keyof I & string> } = {}
  ): Effect.Effect<Program<Buffers<I>, Buffers<O>>, BackendError, Scope.Scope> => Effect.gen(function*() {
    const given = tensors.leaves(inputs)
    const donate: ReadonlyArray<string> = options.donate ?? []
    const donated = new Set(
      given.filter(({ path }) => donate.includes(path.split(".")[0] ?? "")).map(({ value }) => value)
    )
    const wanted = tensors.leaves(outputs)
    const graph = Graphs.make(given.map(({ value }) => value), wanted.map(({ value }) => value), donated)
    const listed = new Set(graph.inputs)
    for (const node of graph.nodes) {
      if (node.operation.op === "input" && !listed.has(node))
        return yield* new InvalidBuffer({
          name: node.operation.name,
          message: `compile: the outputs use the input "${node.operation.name}" ${Axis.show(node.axes)}, which is not among the inputs`
        })
      if (!engine.dtypes.has(node.dtype))
        return yield* new UnsupportedDType({
          backend: engine.name,
          dtype: node.dtype,
          message: `the backend ${engine.name} has no ${node.dtype}; it has ${[...engine.dtypes].join(", ")}`
        })
    }
    const executable = yield* engine.compile(graph)
    const run = (tree: Buffers<I>) => Effect.gen(function*() {
      const leaves = buffers.leaves(tree)
      const owner = yield* home
      if (leaves.length !== given.length)
        return yield* new ShapeError({ operation: "run", message: `run: ${leaves.length} buffers for ${given.length} inputs` })
      const memories: Array<Memory> = []
      for (const [index, { path, value: expected }] of given.entries()) {
        const leaf = leaves[index]
        if (
          leaf === undefined ||
          leaf.path !== path ||
          leaf.value.dtype !== expected.dtype ||
          !Axis.identical(leaf.value.axes, expected.axes)
        )
          return yield* new ShapeError({
            operation: "run",
            message: `run: the input ${path} is ${expected.dtype} ${Axis.show(expected.axes)}, given ${leaf === undefined ? "nothing" : `${leaf.path} ${leaf.value.dtype} ${Axis.show(leaf.value.axes)}`}`
          })
        memories.push(yield* memoryOf(leaf.value, path))
      }
      // the engine consumes donated blocks even when it fails, so they are gone either way
      return yield* Effect.uninterruptible(Effect.gen(function*() {
        const results = yield* Effect.ensuring(executable.run(memories), Effect.sync(() => {
          for (const [index, { value }] of given.entries()) {
            const leaf = leaves[index]
            if (leaf === undefined || !donated.has(value)) continue
            leaf.value[isBuffer].memory = undefined
            leaf.value[isBuffer].home.delete(leaf.value)
          }
        }))
        const made = new Map(
          wanted.map(({ path, value }, index): [string, SomeBuffer] => [
            path,
            adopt(value.dtype, value.axes, results[index] ?? {}, owner)
          ])
        )
        // the shape of the output tree is that of `outputs`, with a buffer for each tensor: what Buffers<O> says
        return tensors.map(outputs, (_, path) => made.get(path)) as Buffers<O>
      }))
    })
    return { graph, run }
  })

  /** Host data into the backend's memory; row-major in the order of the sizes. */
  const put = <D extends DType, A extends string>(
    dtype: D,
    sizes: Sizes<A>,
    data: HostArrays[D]
  ): Effect.Effect<Buffer<D, A>, BackendError | ShapeError, Scope.Scope> =>
    Effect.gen(function* () {
      const axes = Axis.fromSizes("put", sizes)
      if (data.length !== Axis.count(axes))
        return yield* new ShapeError({
          operation: "put",
          message: `put: ${data.length} values do not fill ${Axis.show(axes)}`
        })
      const owner = yield* home
      const memory = yield* engine.write(dtype, data)
      // `adopt` forgets the names that the signature states
      return adopt(dtype, axes, memory, owner) as Buffer<D, A>
    })

  /** A copy of a buffer's values on the host. */
  const read = <D extends DType, A extends string>(buffer: Buffer<D, A>): Effect.Effect<Host<D>, BackendError> =>
    Effect.flatMap(memoryOf(buffer, "read"), (memory) => Effect.map(engine.read(memory), (data) =>
      // an engine gives the array of the dtype that was written or computed
      ({ dtype: buffer.dtype, axes: buffer.axes, data: data as HostArrays[D] })))

  /** Frees buffers before their Scope ends: a training loop's old values. */
  const free = (tree: unknown): Effect.Effect<void> =>
    Effect.sync(() => buffers.leaves(tree).forEach(({ value }) => release(value)))

  return { name: engine.name, dtypes: engine.dtypes, compile, put, read, free }
}

export class Backend extends Context.Service<Backend, ReturnType<typeof make>>()("noether/Backend") {
  static readonly make = make
}

/** `Backend.compile` of the backend in the context. */
export const compile = <const I, const O>(
  inputs: I,
  outputs: O,
  options: { readonly donate?: ReadonlyArray<keyof I & string> } = {}
) => Effect.flatMap(Backend, (backend) => backend.compile(inputs, outputs, options))

/** The values of one tensor that has no inputs. A `ShapeError` thrown while `build` builds it is a typed failure. */
export const evaluate = <D extends DType, A extends string>(
  build: Tensor<D, A> | (() => Tensor<D, A>)
): Effect.Effect<Host<D>, BackendError | ShapeError, Backend> =>
  Effect.scoped(
    Effect.gen(function* () {
      const backend = yield* Backend
      const tensor = typeof build === "function" ? yield* building(build) : build
      const program = yield* backend.compile({}, { tensor })
      const { tensor: buffer } = yield* program.run({})
      // Buffers<{ tensor: Tensor<D, A> }> is not reduced while D and A are parameters
      return yield* backend.read(buffer as Buffer<D, A>)
    })
  )

/** Builds expressions, with the `ShapeError` that a size that does not fit throws as a typed failure. */
export const building = <T>(build: () => T): Effect.Effect<T, ShapeError> =>
  Effect.try({ try: build, catch: (cause) => { if (cause instanceof ShapeError) return cause; throw cause } })

/** Bytes that the blocks of a graph's nodes take together, before any is reused: a bound for refusing beforehand. */
export const bytes = (roots: ReadonlyArray<Expression>): number =>
  topological(roots).reduce((total, { dtype, axes }) => total + byteSize(dtype) * Axis.count(axes), 0)
