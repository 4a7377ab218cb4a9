/**
 * What the cpu backend has to reach, as ratios within one run, and whether rows reach it. A bar whose rows are missing
 * is not judged.
 */
import type { Row } from "./row.ts"
import { median, native } from "./row.ts"

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
/** As good as equal, as far as clocks tell. */
const level = 0.9

const square = (dtype: string, size: number): string => `${dtype} ${size} x ${size} x ${size}`

/** Every bar over the rows of a run. */
export const bars = (rows: ReadonlyArray<Row>): ReadonlyArray<Bar> => {
  const find = (group: string, name: string, threads = 1): Row | undefined =>
    rows.find((row) => row.suite !== "numpy" && row.group === group && row.name === name && row.threads === threads)
  const groups = [...new Set(rows.flatMap(({ suite, group }) =>
    suite === "contraction" || suite === "fused" ? [group] : []))]

  /** Noether over each peer that took part. */
  const against = (group: string, peers: ReadonlyArray<string>): Bar["found"] => peers.flatMap((name) => {
    const ratio = find(group, name)?.ratio
    return ratio === null || ratio === undefined ? [] : [{ what: name, ratio }]
  })
  /** One median over another. */
  const over = (what: string, above: Row | undefined, below: Row | undefined): Bar["found"] =>
    above === undefined || below === undefined ? [] : [{ what, ratio: above.median / below.median }]
  /** Those of groups that have any, and named after them. */
  const ofGroups = (found: (group: string) => Bar["found"]): Bar["found"] =>
    groups.flatMap((group) => found(group).map(({ what, ratio }) => ({ what: `${group}: ${what}`, ratio })))
  const least = (found: Bar["found"]): Bar["found"] => found.toSorted((a, b) => a.ratio - b.ratio).slice(0, 1)

  const overWasm = ofGroups((group) => against(group, wasmPeers))
  /** Native code in a process of its own. */
  const elsewhere = (group: string, name: string, threads: number): Row | undefined => rows.find((row) =>
    row.suite === "numpy" && row.group === group && row.name.startsWith(name) && row.threads === threads)

  /** Noether's speed over PySCF's, which runs in a process of its own. */
  const overPyscf = (threads: number): Bar["found"] => rows.flatMap(({ suite, group, threads: on, ratio }) =>
    suite === "pyscf" && on === threads && ratio !== null ? [{ what: group, ratio }] : [])

  const own = (dtype: string, size: number, threads = 1) => find(square(dtype, size), "noether", threads)
  const layouts = [512, 1024].map((size): Bar => ({
    name: `f32 ${size}: every layout of the operands costs at most 15% over the plain one`,
    wanted: 1 / 1.15,
    // rows hold plain over layout; the bar is on layout over plain
    found: rows.flatMap(({ group, name, ratio }) =>
      group === `f32 ${size} by layout` && ratio !== null ? [{ what: name, ratio: 1 / ratio }] : [])
  }))
  return [
    { name: "every row: ahead of each WebAssembly peer; the least", wanted: 1, found: least(overWasm) },
    {
      name: "the median row over WebAssembly peers: 1.5 times", wanted: 1.5,
      found: overWasm.length === 0 ? [] : [{ what: `${overWasm.length} ratios`,
        ratio: median(overWasm.map(({ ratio }) => ratio)) }]
    },
    {
      name: "every row in WebAssembly: within twice onnxruntime-node and PyTorch on one thread; the least", wanted: 0.5,
      found: least(ofGroups((group) => [
        ...against(group, ["onnxruntime-node (native)"]),
        ...over("PyTorch", find(group, "noether"), elsewhere(group, "PyTorch", 1))
      ]))
    },
    ...["numpy", "PyTorch"].flatMap((name) => ["f32", "f64"].flatMap((dtype) => [1, 2].map((threads): Bar => ({
      name: `native contractions, ${dtype}, ${threads === 1 ? "one thread" : "two threads"}: level with ${name}`,
      wanted: level,
      found: [512, 1024, 2048].flatMap((size) => over(String(size), find(square(dtype, size), native, threads),
        elsewhere(square(dtype, size), name, threads)))
    })))),
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
    ...layouts,
    ...[1, 2].map((threads): Bar => ({
      name: `chemistry, ${threads === 1 ? "one thread" : "two threads"}: level with PySCF`, wanted: level,
      found: overPyscf(threads)
    }))
  ]
}
