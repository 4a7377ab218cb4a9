/**
 * What the cpu backend has to reach, as ratios within one run, and whether rows reach it. A bar whose rows are missing
 * is not judged.
 */
import type { Row } from "./row.ts"

/** A bar with what was measured of it, each a ratio that should be at least the bar's. */
export interface Bar {
  readonly name: string
  readonly wanted: number
  readonly found: ReadonlyArray<{ readonly what: string; readonly ratio: number }>
}

export type Verdict = "holds" | "falls short" | "not measured"

export const verdict = ({ wanted, found }: Bar): Verdict =>
  found.length === 0 ? "not measured" : found.every(({ ratio }) => ratio >= wanted) ? "holds" : "falls short"

const wasmPeers = ["@jax-js/jax wasm", "tfjs-backend-wasm", "onnxruntime-web wasm"]

const square = (dtype: string, size: number): string => `${dtype} ${size} x ${size} x ${size}`

/** Every bar over the rows of a run. */
export const bars = (rows: ReadonlyArray<Row>): ReadonlyArray<Bar> => {
  const find = (group: string, name: string, threads = 1): Row | undefined =>
    rows.find((row) => row.suite !== "numpy" && row.group === group && row.name === name && row.threads === threads)

  /** Noether over each peer that took part. */
  const against = (group: string, peers: ReadonlyArray<string>): Bar["found"] => peers.flatMap((name) => {
    const ratio = find(group, name)?.ratio
    return ratio === null || ratio === undefined ? [] : [{ what: name, ratio }]
  })
  /** One median over another. */
  const over = (what: string, above: Row | undefined, below: Row | undefined): Bar["found"] =>
    above === undefined || below === undefined ? [] : [{ what, ratio: above.median / below.median }]

  const own = (dtype: string, size: number, threads = 1) => find(square(dtype, size), "noether", threads)
  const layouts = [512, 1024].map((size): Bar => ({
    name: `f32 ${size}: every layout of the operands costs at most 15% over the plain one`,
    wanted: 1 / 1.15,
    // rows hold plain over layout; the bar is on layout over plain
    found: rows.flatMap(({ group, name, ratio }) =>
      group === `f32 ${size} by layout` && ratio !== null ? [{ what: name, ratio: 1 / ratio }] : [])
  }))
  return [
    ...[128, 512, 1024, 2048].map((size): Bar => ({
      name: `f32 contraction ${size}: 1.3 times each WebAssembly peer`, wanted: 1.3,
      found: against(square("f32", size), wasmPeers)
    })),
    ...["gelu(a * b + c), 4 M floats", "softmax, 2048 x 2048", "layer norm, 2048 x 2048"].map((group): Bar => ({
      name: `${group}: ahead of each WebAssembly peer`, wanted: 1, found: against(group, wasmPeers)
    })),
    {
      name: "f32 1024, one thread: 75% of the multiply-adds in cache", wanted: 0.75,
      found: against(square("f32", 1024), ["multiply-adds in cache"])
    },
    {
      name: "f32 1024, two threads: 1.6 times one", wanted: 1.6,
      found: over("two threads over one", own("f32", 1024, 2), own("f32", 1024))
    },
    ...[512, 1024].flatMap((size): ReadonlyArray<Bar> => [
      {
        name: `f64 ${size}: half of f32`, wanted: 0.5, found: over("f64 over f32", own("f64", size), own("f32", size))
      },
      {
        name: `f64 ${size}: 15 times @jax-js/jax`, wanted: 15,
        found: against(square("f64", size), ["@jax-js/jax wasm"])
      }
    ]),
    ...layouts
  ]
}
