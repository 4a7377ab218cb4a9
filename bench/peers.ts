/**
 * The other software of the contraction benchmark, each behind one shape: prepare a product of matrices once, then run
 * it. They are packages of bench/package.json, loaded at run time so that the library type-checks without them.
 */
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { model } from "./onnx.ts"
import type { Contestant } from "./race.ts"

/** `batch` products of m x k by k x n matrices. */
export interface Product {
  readonly dtype: "f32" | "f64"
  readonly batch: number
  readonly m: number
  readonly n: number
  readonly k: number
  /** Matrices lie side by side, row by row, as attention heads do: [m, batch, k] by [k, batch, n]. */
  readonly interleaved: boolean
}

/** A peer that can prepare a product, or says why not. */
export type Peer = (product: Product) => Promise<Contestant>

/** The shapes of A, B and C, as they lie. */
const shapes = ({ batch, m, n, k, interleaved }: Product): Readonly<Record<"a" | "b" | "c", readonly number[]>> => {
  const shape = (rows: number, columns: number): readonly number[] =>
    batch === 1 ? [rows, columns] : interleaved ? [rows, batch, columns] : [batch, rows, columns]
  return { a: shape(m, k), b: shape(k, n), c: shape(m, n) }
}
const interleaving = "mhk,khn->mhn"

const require = createRequire(import.meta.url)

/** A package of bench/node_modules; the caller says which part of it is used. */
const load = async <T>(name: string): Promise<T> => (await import(name)) as T

const operand = (
  dtype: "f32" | "f64", shape: readonly number[]
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> => {
  const length = shape.reduce((product, size) => product * size)
  return (dtype === "f32" ? new Float32Array(length) : new Float64Array(length)).map((_, i) => Math.sin(i))
}

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
    einsum(subscripts: string, a: JaxArray, b: JaxArray): JaxArray
  }
}

export const jax: Peer = async (product) => {
  const { init, defaultDevice, numpy } = await load<Jax>("@jax-js/jax")
  await init()
  defaultDevice("wasm")
  const dtype = product.dtype === "f32" ? "float32" : "float64"
  const make = (shape: readonly number[]) => numpy.array(operand(product.dtype, shape), { dtype, shape })
  const { a: left, b: right } = shapes(product)
  const [a, b] = [make(left), make(right)]
  return {
    name: "@jax-js/jax wasm",
    threads: 1,
    run: async () => {
      const result = product.interleaved ? numpy.einsum(interleaving, a.ref, b.ref) : numpy.matmul(a.ref, b.ref)
      ;(await result.blockUntilReady()).dispose()
    }
  }
}

interface TfjsTensor {
  dispose(): void
}
interface Tfjs {
  setBackend(name: string): Promise<boolean>
  tidy(f: () => TfjsTensor): TfjsTensor
  tensor(data: ArrayLike<number>, shape: readonly number[], dtype: string): TfjsTensor
  matMul(a: TfjsTensor, b: TfjsTensor): TfjsTensor
  transpose(a: TfjsTensor, order: readonly number[]): TfjsTensor
}
interface TfjsWasm {
  setWasmPaths(path: string): void
}

export const tfjs: Peer = async (product) => {
  if (product.dtype === "f64") throw new Error("tfjs has no f64")
  // the ES build of the package does not load in Node, its CommonJS build does
  const core = require("@tensorflow/tfjs-core") as Tfjs
  const backend = require("@tensorflow/tfjs-backend-wasm") as TfjsWasm
  backend.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`)
  await core.setBackend("wasm")
  const make = (shape: readonly number[]) => core.tensor(operand("f32", shape), shape, "float32")
  const { a: left, b: right } = shapes(product)
  const [a, b] = [make(left), make(right)]
  const swap = (x: TfjsTensor) => core.transpose(x, [1, 0, 2])
  const run = product.interleaved ? () => swap(core.matMul(swap(a), swap(b))) : () => core.matMul(a, b)
  return { name: "tfjs-backend-wasm", threads: 1, run: () => core.tidy(run).dispose() }
}

interface Onnx {
  readonly env: { readonly wasm: { numThreads: number }; logLevel: string }
  readonly Tensor: new (type: string, data: unknown, shape: readonly number[]) => unknown
  readonly InferenceSession: {
    create(bytes: Uint8Array, options: object): Promise<{ run(feeds: object): Promise<unknown> }>
  }
}

const onnx = (name: string, specifier: string, threads: number): Peer => async (product) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "Worker")
  const { env, Tensor, InferenceSession } = await load<Onnx>(specifier)
  env.logLevel = "error"
  env.wasm.numThreads = threads
  const { dtype, interleaved } = product
  const { a, b, c } = shapes(product)
  const node = interleaved
    ? { operator: "Einsum", takes: ["a", "b"], gives: "c", text: { equation: interleaving } }
    : { operator: "MatMul", takes: ["a", "b"], gives: "c" }
  const bytes = model([node], [{ name: "a", dtype, shape: a }, { name: "b", dtype, shape: b }],
    { name: "c", dtype, shape: c })
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: threads, interOpNumThreads: 1 })
  // onnxruntime-web gives Node a global Worker, by which jax-js decides, halfway through, that it has shared memory
  if (before === undefined) Reflect.deleteProperty(globalThis, "Worker")
  const make = (shape: readonly number[]) =>
    new Tensor(dtype === "f32" ? "float32" : "float64", operand(dtype, shape), shape)
  const feeds = { a: make(a), b: make(b) }
  return { name, threads, run: async () => void await session.run(feeds) }
}

/** onnxruntime-web fixes its threads at its first use: one number a process. */
export const onnxWeb = (threads: number): Peer => onnx("onnxruntime-web wasm", "onnxruntime-web", threads)
export const onnxNode = (threads: number): Peer => onnx("onnxruntime-node (native)", "onnxruntime-node", threads)
