/**
 * The other software of the contraction benchmark, each behind one shape: prepare a product of two square matrices
 * once, then run it. They are packages of bench/package.json, loaded at run time so that the library type-checks
 * without them.
 */
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { model } from "./onnx.ts"
import type { Contestant } from "./race.ts"

/** A peer that can multiply square matrices of one dtype and size, or says why not. */
export type Peer = (dtype: "f32" | "f64", size: number) => Promise<Contestant>

const require = createRequire(import.meta.url)

/** A package of bench/node_modules; the caller says which part of it is used. */
const load = async <T>(name: string): Promise<T> => (await import(name)) as T

const operand = (dtype: "f32" | "f64", size: number): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> =>
  (dtype === "f32" ? new Float32Array(size * size) : new Float64Array(size * size)).map((_, i) => Math.sin(i))

interface JaxArray {
  readonly ref: JaxArray
  reshape(shape: readonly number[]): JaxArray
  blockUntilReady(): Promise<JaxArray>
  dispose(): void
}
interface Jax {
  init(): Promise<readonly string[]>
  defaultDevice(name: string): void
  readonly numpy: {
    array(data: ArrayLike<number>, options: { readonly dtype: string; readonly shape: readonly number[] }): JaxArray
    matmul(a: JaxArray, b: JaxArray): JaxArray
  }
}

export const jax: Peer = async (dtype, size) => {
  const { init, defaultDevice, numpy } = await load<Jax>("@jax-js/jax")
  await init()
  defaultDevice("wasm")
  const make = () => numpy.array(operand(dtype, size), { dtype: dtype === "f32" ? "float32" : "float64", shape: [size,
    size] })
  const [a, b] = [make(), make()]
  return {
    name: "@jax-js/jax wasm",
    threads: 1,
    run: async () => {
      const result = await numpy.matmul(a.ref, b.ref).blockUntilReady()
      result.dispose()
    }
  }
}

interface Tfjs {
  setBackend(name: string): Promise<boolean>
  tensor2d(data: ArrayLike<number>, shape: readonly number[], dtype: string): unknown
  matMul(a: unknown, b: unknown): { dataSync(): unknown; dispose(): void }
}
interface TfjsWasm {
  setWasmPaths(path: string): void
}

export const tfjs: Peer = async (dtype, size) => {
  if (dtype === "f64") throw new Error("tfjs has no f64")
  // the ES build of the package does not load in Node, its CommonJS build does
  const core = require("@tensorflow/tfjs-core") as Tfjs
  const backend = require("@tensorflow/tfjs-backend-wasm") as TfjsWasm
  backend.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`)
  await core.setBackend("wasm")
  const make = () => core.tensor2d(operand(dtype, size), [size, size], "float32")
  const [a, b] = [make(), make()]
  return { name: "tfjs-backend-wasm", threads: 1, run: () => core.matMul(a, b).dispose() }
}

interface Onnx {
  readonly env: { readonly wasm: { numThreads: number }; logLevel: string }
  readonly Tensor: new (type: string, data: unknown, shape: readonly number[]) => unknown
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: object): Promise<{ run(feeds: object): Promise<unknown> }>
  }
}

const onnx = (name: string, specifier: string, threads: number): Peer => async (dtype, size) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "Worker")
  const { env, Tensor, InferenceSession } = await load<Onnx>(specifier)
  env.logLevel = "error"
  env.wasm.numThreads = threads
  const shape = [size, size]
  const bytes = model("MatMul", [{ name: "a", dtype, shape }, { name: "b", dtype, shape }], { name: "c", dtype, shape })
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: threads, interOpNumThreads: 1 })
  // onnxruntime-web gives Node a global Worker, by which jax-js decides, halfway through, that it has shared memory
  if (before === undefined) Reflect.deleteProperty(globalThis, "Worker")
  const make = () => new Tensor(dtype === "f32" ? "float32" : "float64", operand(dtype, size), shape)
  const feeds = { a: make(), b: make() }
  return { name, threads, run: async () => void await session.run(feeds) }
}

/** onnxruntime-web fixes its threads at its first use: one number a process. */
export const onnxWeb = (threads: number): Peer => onnx("onnxruntime-web wasm", "onnxruntime-web", threads)
export const onnxNode = (threads: number): Peer => onnx("onnxruntime-node (native)", "onnxruntime-node", threads)
