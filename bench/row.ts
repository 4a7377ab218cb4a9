/**
 * What a measurement is: the speed of one contestant in one group of a suite, and how Noether compares to it. Suites
 * write rows, `main.ts` gathers them, and every table and verdict of docs/benchmarks.md is computed from them.
 */
import * as t from "io-ts"

export const Suite = t.keyof({
  contraction: null, fused: null, language: null, torch: null, chemistry: null, numpy: null, pyscf: null
})
export type Suite = t.TypeOf<typeof Suite>

export const Row = t.readonly(t.strict({
  suite: Suite,
  /** What was computed: the contestants of a group did the same work. */
  group: t.string,
  name: t.string,
  threads: t.number,
  /** What the speeds are in; more is better. */
  unit: t.string,
  median: t.number,
  min: t.number,
  max: t.number,
  /** How many times it was timed. */
  rounds: t.number,
  /**
   * How many times as fast the group's first contestant on as many threads was, Noether where there is another: the
   * median over rounds in one process; of medians where processes differ. null for that first one, and where there is
   * none.
   */
  ratio: t.union([t.number, t.null])
}))
export type Row = t.TypeOf<typeof Row>
export const Rows = t.readonlyArray(Row)

/** The machine and software that rows were measured on. */
export const Machine = t.readonly(t.strict({
  processor: t.string,
  cores: t.number,
  memoryBytes: t.number,
  system: t.string,
  /** Load averages of the last minute. */
  loadBefore: t.number,
  loadAfter: t.number,
  versions: t.readonly(t.record(t.string, t.string))
}))
export type Machine = t.TypeOf<typeof Machine>

/** What is measured in one run, Noether and all that it is compared to: the suites of each topic. */
export const topics = {
  arrays: ["contraction", "fused", "numpy"],
  language: ["language", "torch"],
  chemistry: ["chemistry", "pyscf"]
} as const satisfies Readonly<Record<string, ReadonlyArray<Suite>>>
export type Topic = keyof typeof topics
export const topicNames = ["arrays", "language", "chemistry"] as const satisfies ReadonlyArray<Topic>

/** A run of a topic: docs/results/benchmarks/TOPIC.json. */
export const Results = t.readonly(t.strict({
  date: t.string,
  /** Measured in a hurry, to try the benchmark out: its numbers say little. */
  quick: t.boolean,
  seconds: t.number,
  machine: Machine,
  rows: Rows
}))
export type Results = t.TypeOf<typeof Results>

/** Noether's name where its contractions run in machine code. */
export const native = "noether, native contractions"

export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((x, y) => x - y)[values.length >> 1] ?? NaN

/** The first row of a group on as many threads: what the ratios of the group are to. */
export const baseOf = <R extends Pick<Row, "threads">>(group: ReadonlyArray<R>, { threads }: R): R | undefined =>
  group.find((row) => row.threads === threads)
