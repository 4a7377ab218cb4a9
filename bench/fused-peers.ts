/**
 * The other software of the benchmark of fused loops: the same computations on each, prepared once. They are packages
 * of bench/package.json, loaded at run time so that the library type-checks without them.
 */
import { createRequire } from "node:module"
import { dirname } from "node:path"
import type { Operator, Value } from "./onnx.ts"
import { model } from "./onnx.ts"
import type { Contestant } from "./race.ts"

export interface Task {
  readonly name: "chain" | "softmax" | "layerNorm" | "rmsNorm" | "attention"
  readonly title: string
  /** Of every input; heads, tokens and depth for attention. */
  readonly shape: ReadonlyArray<number>
  readonly inputs: ReadonlyArray<Float32Array<ArrayBuffer>>
  /** Gigabytes that must be read and written once, or billions of operations, and their rate's unit. */
  readonly work: number
  readonly unit: "GB/s" | "GFLOP/s"
}
export type Peer = (task: Task) => Promise<Contestant>

const size = 2048
const square = [size, size]
const data = (shape: ReadonlyArray<number>, phase: number): Float32Array<ArrayBuffer> =>
  new Float32Array(shape.reduce((product, each) => product * each)).map((_, index) => Math.sin(index + phase))

/** A task over rows of a matrix that is read once and written once. */
const overRows = (name: Task["name"], title: string): Task =>
  ({ name, title, shape: square, inputs: [data(square, 0)], work: 2 * 4 * size * size / 1e9, unit: "GB/s" })

const [heads, tokens, depth] = [8, 512, 64]
const attended = [heads, tokens, depth]

export const tasks: ReadonlyArray<Task> = [
  {
    name: "chain", title: "gelu(a * b + c), 4 M floats", shape: square,
    inputs: [data(square, 0), data(square, 1), data(square, 2)], work: 4 * 4 * size * size / 1e9, unit: "GB/s"
  },
  overRows("softmax", "softmax, 2048 x 2048"),
  overRows("layerNorm", "layer norm, 2048 x 2048"),
  overRows("rmsNorm", "RMS norm, 2048 x 2048"),
  {
    name: "attention", title: "causal attention, 8 heads, 512 tokens, depth 64", shape: attended,
    inputs: [data(attended, 0), data(attended, 1), data(attended, 2)],
    // as if nothing were masked
    work: 4 * heads * tokens * tokens * depth / 1e9, unit: "GFLOP/s"
  }
]

const scale = 1 / Math.sqrt(depth)
/** What is added to scores: -Infinity to those of later tokens. */
const mask = new Float32Array(tokens * tokens).map((_, index) =>
  index % tokens > Math.floor(index / tokens) ? -Infinity : 0)

const three = <T>(values: ReadonlyArray<T>): readonly [T, T, T] => {
  const [a, b, c] = values
  if (a === undefined || b === undefined || c === undefined) throw new Error("three inputs are needed")
  return [a, b, c]
}
const one = <T>([value]: ReadonlyArray<T>): T => {
  if (value === undefined) throw new Error("an input is needed")
  return value
}

const require = createRequire(import.meta.url)
// what a package exports is stated by the caller
const load = async <T>(name: string): Promise<T> => (await import(name)) as T

interface JaxArray {
  readonly ref: JaxArray
  mul(other: JaxArray): JaxArray
  add(other: JaxArray | number): JaxArray
  sub(other: JaxArray): JaxArray
  div(other: JaxArray): JaxArray
  blockUntilReady(): Promise<JaxArray>
  dispose(): void
}
type Jitted = (...inputs: ReadonlyArray<JaxArray>) => JaxArray
interface Jax {
  init(): Promise<ReadonlyArray<string>>
  defaultDevice(name: string): void
  jit(f: Jitted): Jitted
  readonly numpy: {
    array(data: ArrayLike<number>, options: { readonly dtype: string; readonly shape: ReadonlyArray<number> }): JaxArray
    mean(x: JaxArray, axis: number, options: { readonly keepdims: boolean }): JaxArray
    square(x: JaxArray): JaxArray
    sqrt(x: JaxArray): JaxArray
    expandDims(x: JaxArray, axis: number): JaxArray
  }
  readonly nn: {
    gelu(x: JaxArray): JaxArray
    softmax(x: JaxArray, axis: number): JaxArray
    standardize(x: JaxArray, axis: number): JaxArray
    dotProductAttention(
      query: JaxArray, key: JaxArray, value: JaxArray, options: { readonly isCausal: boolean }
    ): JaxArray
  }
}

export const jax: Peer = async ({ name, shape, inputs }) => {
  const { init, defaultDevice, jit, numpy, nn } = await load<Jax>("@jax-js/jax")
  await init()
  defaultDevice("wasm")
  // it wants heads behind tokens
  const dimensions = name === "attention" ? [tokens, heads, depth] : shape
  const arrays = inputs.map((values) => numpy.array(values, { dtype: "float32", shape: dimensions }))
  const functions: { readonly [Name in Task["name"]]: Jitted } = {
    chain: (...xs) => {
      const [a, b, c] = three(xs)
      return nn.gelu(a.mul(b).add(c))
    },
    softmax: (...xs) => nn.softmax(one(xs), -1),
    layerNorm: (...xs) => nn.standardize(one(xs), -1),
    rmsNorm: (...xs) => {
      const x = one(xs)
      const power = numpy.mean(numpy.square(x.ref), -1, { keepdims: true })
      return x.div(numpy.sqrt(power.add(1e-5)))
    },
    attention: (...xs) => nn.dotProductAttention(...three(xs), { isCausal: true })
  }
  const f = jit(functions[name])
  return {
    name: "@jax-js/jax wasm",
    threads: 1,
    run: async () => (await f(...arrays.map((array) => array.ref)).blockUntilReady()).dispose()
  }
}

interface TfjsTensor {
  dispose(): void
}
interface Tfjs {
  setBackend(name: string): Promise<boolean>
  tidy<T>(f: () => T): T
  tensor(data: ArrayLike<number>, shape: ReadonlyArray<number>, dtype: string): TfjsTensor
  matMul(a: TfjsTensor, b: TfjsTensor, transposeA: boolean, transposeB: boolean): TfjsTensor
  scalar(value: number): TfjsTensor
  add(a: TfjsTensor, b: TfjsTensor): TfjsTensor
  sub(a: TfjsTensor, b: TfjsTensor): TfjsTensor
  mul(a: TfjsTensor, b: TfjsTensor): TfjsTensor
  tanh(a: TfjsTensor): TfjsTensor
  rsqrt(a: TfjsTensor): TfjsTensor
  square(a: TfjsTensor): TfjsTensor
  mean(a: TfjsTensor, axis: number, keep: boolean): TfjsTensor
  softmax(a: TfjsTensor, axis: number): TfjsTensor
}

export const tfjs: Peer = async ({ name, shape, inputs }) => {
  // the ES build of the package does not load in Node, its CommonJS build does
  const tf = require("@tensorflow/tfjs-core") as Tfjs
  const backend = require("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(path: string): void }
  backend.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`)
  await tf.setBackend("wasm")
  const tensors = inputs.map((values) => tf.tensor(values, shape, "float32"))
  const masking = tf.tensor(mask, [tokens, tokens], "float32")
  const number = (value: number): TfjsTensor => tf.scalar(value)
  const functions: { readonly [Name in Task["name"]]: () => TfjsTensor } = {
    chain: () => {
      const [a, b, c] = three(tensors)
      const x = tf.add(tf.mul(a, b), c)
      const inner = tf.mul(number(Math.sqrt(2 / Math.PI)), tf.add(x, tf.mul(number(0.044715), tf.mul(x, tf.mul(x, x)))))
      return tf.mul(tf.mul(x, number(0.5)), tf.add(tf.tanh(inner), number(1)))
    },
    softmax: () => tf.softmax(one(tensors), -1),
    layerNorm: () => {
      const x = one(tensors)
      const centred = tf.sub(x, tf.mean(x, -1, true))
      return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), number(1e-5))))
    },
    rmsNorm: () => {
      const x = one(tensors)
      return tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), number(1e-5))))
    },
    attention: () => {
      const [query, key, value] = three(tensors)
      const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), number(scale)), masking)
      return tf.matMul(tf.softmax(scores, -1), value, false, false)
    }
  }
  return { name: "tfjs-backend-wasm", threads: 1, run: () => tf.tidy(functions[name]).dispose() }
}

interface Onnx {
  readonly env: { readonly wasm: { numThreads: number }; logLevel: string }
  readonly Tensor: new (type: string, data: unknown, shape: ReadonlyArray<number>) => unknown
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: object): Promise<{ run(feeds: object): Promise<unknown> }>
  }
}

const operators: { readonly [Name in Task["name"]]: ReadonlyArray<Operator> } = {
  // Gelu without an attribute is the one by the error function
  chain: [
    { operator: "Mul", takes: ["x0", "x1"], gives: "product" },
    { operator: "Add", takes: ["product", "x2"], gives: "sum" },
    { operator: "Gelu", takes: ["sum"], gives: "y" }
  ],
  softmax: [{ operator: "Softmax", takes: ["x0"], gives: "y" }],
  layerNorm: [{ operator: "LayerNormalization", takes: ["x0", "gain"], gives: "y" }],
  rmsNorm: [{ operator: "RMSNormalization", takes: ["x0", "gain"], gives: "y" }],
  attention: [
    { operator: "MatMul", takes: ["x0", "x1"], gives: "products" },
    { operator: "Mul", takes: ["products", "scale"], gives: "scores" },
    { operator: "Add", takes: ["scores", "mask"], gives: "masked" },
    { operator: "Softmax", takes: ["masked"], gives: "weights" },
    { operator: "MatMul", takes: ["weights", "x2"], gives: "y" }
  ]
}

/** What operators take besides the task's inputs. */
const constants = (name: Task["name"]): ReadonlyArray<Value & { readonly data: Float32Array<ArrayBuffer> }> =>
  name === "layerNorm" || name === "rmsNorm"
    ? [{ name: "gain", dtype: "f32", shape: [size], data: new Float32Array(size).fill(1) }]
    : name === "attention"
      ? [
        { name: "scale", dtype: "f32", shape: [1], data: Float32Array.of(scale) },
        { name: "mask", dtype: "f32", shape: [tokens, tokens], data: mask }
      ]
      : []

const onnx =
  (label: string, specifier: string, threads: number): Peer =>
  async ({ name, shape, inputs }) => {
    const before = Object.getOwnPropertyDescriptor(globalThis, "Worker")
    const { env, Tensor, InferenceSession } = await load<Onnx>(specifier)
    env.logLevel = "error"
    env.wasm.numThreads = threads
    const values = [
      // keys come transposed, which this engine would else do first
      ...inputs.map((data, index) => ({
        name: `x${index}`, dtype: "f32" as const, data,
        shape: name === "attention" && index === 1 ? [heads, depth, tokens] : shape
      })),
      ...constants(name)
    ]
    const session = await InferenceSession.create(model(operators[name], values, { name: "y", dtype: "f32", shape }), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1
    })
    // onnxruntime-web gives Node a global Worker, by which jax-js decides, halfway through, that it has shared memory
    if (before === undefined) Reflect.deleteProperty(globalThis, "Worker")
    const feeds = Object.fromEntries(values.map(({ name, data, shape }) =>
      [name, new Tensor("float32", data, shape)]))
    return {
      name: label,
      threads,
      run: async () => void (await session.run(feeds))
    }
  }

/** onnxruntime-web fixes its threads at its first use: one number a process. */
export const onnxWeb = (threads: number): Peer => onnx("onnxruntime-web wasm", "onnxruntime-web", threads)
export const onnxNode = (threads: number): Peer => onnx("onnxruntime-node (native)", "onnxruntime-node", threads)
