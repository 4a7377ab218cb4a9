/**
 * The other software of the benchmark of fused loops: the same three computations on each, prepared once. They are
 * packages of bench/package.json, loaded at run time so that the library type-checks without them.
 */
import { createRequire } from "node:module"
import { dirname } from "node:path"
import type { Operator } from "./onnx.ts"
import { chain } from "./onnx.ts"
import type { Contestant } from "./race.ts"

export interface Task {
  readonly name: "chain" | "softmax" | "layerNorm"
  readonly title: string
  readonly inputs: ReadonlyArray<Float32Array<ArrayBuffer>>
  readonly bytes: number
}
export type Peer = (task: Task) => Promise<Contestant>

const size = 2048
const shape = [size, size]
const data = (phase: number): Float32Array<ArrayBuffer> =>
  new Float32Array(size * size).map((_, index) => Math.sin(index + phase))

export const tasks: ReadonlyArray<Task> = [
  {
    name: "chain",
    title: "gelu(a * b + c), 4 M floats",
    inputs: [data(0), data(1), data(2)],
    bytes: 4 * 4 * size * size
  },
  { name: "softmax", title: "softmax, 2048 x 2048", inputs: [data(0)], bytes: 2 * 4 * size * size },
  { name: "layerNorm", title: "layer norm, 2048 x 2048", inputs: [data(0)], bytes: 2 * 4 * size * size }
]

const require = createRequire(import.meta.url)
// what a package exports is stated by the caller
const load = async <T>(name: string): Promise<T> => (await import(name)) as T

interface JaxArray {
  readonly ref: JaxArray
  mul(other: JaxArray): JaxArray
  add(other: JaxArray): JaxArray
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
  }
  readonly nn: {
    gelu(x: JaxArray): JaxArray
    softmax(x: JaxArray, axis: number): JaxArray
    standardize(x: JaxArray, axis: number): JaxArray
  }
}

export const jax: Peer = async ({ name, inputs }) => {
  const { init, defaultDevice, jit, numpy, nn } = await load<Jax>("@jax-js/jax")
  await init()
  defaultDevice("wasm")
  const arrays = inputs.map((values) => numpy.array(values, { dtype: "float32", shape }))
  const functions: { readonly [Name in Task["name"]]: Jitted } = {
    chain: (...xs) => {
      const [a, b, c] = xs
      if (a === undefined || b === undefined || c === undefined) throw new Error("three inputs are needed")
      return nn.gelu(a.mul(b).add(c))
    },
    softmax: (...[x]) => {
      if (x === undefined) throw new Error("an input is needed")
      return nn.softmax(x, -1)
    },
    layerNorm: (...[x]) => {
      if (x === undefined) throw new Error("an input is needed")
      return nn.standardize(x, -1)
    }
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
  tensor2d(data: ArrayLike<number>, shape: ReadonlyArray<number>, dtype: string): TfjsTensor
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

export const tfjs: Peer = async ({ name, inputs }) => {
  // the ES build of the package does not load in Node, its CommonJS build does
  const tf = require("@tensorflow/tfjs-core") as Tfjs
  const backend = require("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(path: string): void }
  backend.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`)
  await tf.setBackend("wasm")
  const [a, b, c] = inputs.map((values) => tf.tensor2d(values, shape, "float32"))
  const number = (value: number): TfjsTensor => tf.scalar(value)
  const functions: { readonly [Name in Task["name"]]: () => TfjsTensor } = {
    chain: () => {
      if (a === undefined || b === undefined || c === undefined) throw new Error("three inputs are needed")
      const x = tf.add(tf.mul(a, b), c)
      const inner = tf.mul(number(Math.sqrt(2 / Math.PI)), tf.add(x, tf.mul(number(0.044715), tf.mul(x, tf.mul(x, x)))))
      return tf.mul(tf.mul(x, number(0.5)), tf.add(tf.tanh(inner), number(1)))
    },
    softmax: () => {
      if (a === undefined) throw new Error("an input is needed")
      return tf.softmax(a, -1)
    },
    layerNorm: () => {
      if (a === undefined) throw new Error("an input is needed")
      const centred = tf.sub(a, tf.mean(a, -1, true))
      return tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), number(1e-5))))
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
  layerNorm: [{ operator: "LayerNormalization", takes: ["x0", "gain"], gives: "y" }]
}

const onnx =
  (label: string, specifier: string, threads: number): Peer =>
  async ({ name, inputs }) => {
    const before = Object.getOwnPropertyDescriptor(globalThis, "Worker")
    const { env, Tensor, InferenceSession } = await load<Onnx>(specifier)
    env.logLevel = "error"
    env.wasm.numThreads = threads
    const gain = name === "layerNorm" ? [{ name: "gain", dtype: "f32" as const, shape: [size] }] : []
    const values = [...inputs.map((_, index) => ({ name: `x${index}`, dtype: "f32" as const, shape })), ...gain]
    const session = await InferenceSession.create(chain(operators[name], values, { name: "y", dtype: "f32", shape }), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1
    })
    // onnxruntime-web gives Node a global Worker, by which jax-js decides, halfway through, that it has shared memory
    if (before === undefined) Reflect.deleteProperty(globalThis, "Worker")
    const feeds = Object.fromEntries([
      ...inputs.map((given, index) => [`x${index}`, new Tensor("float32", given, shape)]),
      ...gain.map(() => ["gain", new Tensor("float32", new Float32Array(size).fill(1), [size])])
    ])
    return {
      name: label,
      threads,
      run: async () => void (await session.run(feeds))
    }
  }

/** onnxruntime-web fixes its threads at its first use: one number a process. */
export const onnxWeb = (threads: number): Peer => onnx("onnxruntime-web wasm", "onnxruntime-web", threads)
export const onnxNode = (threads: number): Peer => onnx("onnxruntime-node (native)", "onnxruntime-node", threads)
