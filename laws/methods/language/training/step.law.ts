/** k micro-batches give the update of the one batch that holds them all, though their positions count unevenly. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Backend } from "../../../../src/algebra/backend.ts"
import * as Key from "../../../../src/core/key.ts"
import type { Weighted } from "../../../../src/methods/language/corpus.ts"
import { parametersOf } from "../../../../src/methods/language/parameters.ts"
import { pace } from "../../../../src/methods/language/training/adamw.ts"
import { decays, groupsOf, taskOf } from "../../../../src/methods/language/training/train.ts"
import { compileUpdate, leavesOf } from "../../../../src/methods/language/training/step.ts"
import { architecture as architectures } from "../architectures.ts"
import { architecture, configuration, outcome, run } from "./fixture.ts"

const time = 4
const token = fc.nat(architecture.vocabulary - 1)
const position = fc.record({ input: token, target: token, weight: fc.constantFrom(0, 1) })
const window = fc.array(position, { minLength: time, maxLength: time })
/** Micro-batches of one window each; the first position of each counts, so that none is empty. */
const windows = fc.array(window, { minLength: 2, maxLength: 4 }).map((rows) =>
  rows.map((positions) => positions.map((at, index) => index === 0 ? { ...at, weight: 1 } : at)))

interface Position {
  readonly input: number
  readonly target: number
  readonly weight: number
}
type Windows = ReadonlyArray<ReadonlyArray<Position>>
type Batches = readonly [Weighted, ...ReadonlyArray<Weighted>]

const batchOf = (rows: Windows): Weighted => ({
  batch: rows.length, time,
  inputs: Int32Array.from(rows.flat(), ({ input }) => input),
  targets: Int32Array.from(rows.flat(), ({ target }) => target),
  weights: Float32Array.from(rows.flat(), ({ weight }) => weight)
})

const updated = (batch: number, batches: Batches) => run(Effect.gen(function* () {
  const backend = yield* Backend
  const task = taskOf(architecture)
  const groupOf = groupsOf(architecture, configuration)
  const step = yield* compileUpdate(task, { batch, time }, { ...configuration, groupOf })
  const put = (deviation: number) => Effect.forEach(leavesOf(task), ({ value: { axes } }, index) => {
    const count = [...axes.values()].reduce((product, size) => product * size, 1)
    const data = Float32Array.from(Key.normal(Key.fold(Key.make(5), index), count), (value) => value * deviation)
    return backend.put<"f32", string>("f32", Object.fromEntries(axes), data)
  })
  const state = { weights: yield* put(0.5), first: yield* put(0), second: yield* put(0) }
  // the first moments are compared, not the weights: a first step of Adam shows little but the gradient's sign
  const { state: next, total, gradientNorm } = yield* step(state, batches, pace(configuration, 0.01, 1))
  const first = yield* Effect.forEach(next.first, (buffer) => backend.read(buffer))
  return { total, gradientNorm, moments: first.flatMap(({ data }) => [...data]) }
}))

const apart = (rows: Windows): Batches => {
  const [head = [], ...tail] = rows
  return [batchOf([head]), ...tail.map((row) => batchOf([row]))]
}

const addUp = (split: (rows: Windows) => Batches) => fc.asyncProperty(windows, async (rows) => {
  const whole = await updated(rows.length, [batchOf(rows)])
  const parts = await updated(1, split(rows))
  const scale = Math.max(...whole.moments.map(Math.abs))
  expect(Math.abs(parts.gradientNorm - whole.gradientNorm)).toBeLessThanOrEqual(1e-5 * whole.gradientNorm)
  expect(parts.total.nats / parts.total.count).toBeCloseTo(whole.total.nats / whole.total.count, 5)
  parts.moments.forEach((moment, index) =>
    expect(Math.abs(moment - (whole.moments[index] ?? NaN))).toBeLessThanOrEqual(1e-5 * scale))
})

describe("one update", () => {
  test("of k micro-batches is that of the batch that holds them all", () =>
    fc.assert(addUp(apart), { numRuns: 15 }), 300_000)

  test("by the mean of the micro-batches' means is caught", async () => {
    const meanOfMeans = (rows: Windows): Batches => apart(rows.map((positions) => {
      const count = positions.reduce((sum, { weight }) => sum + weight, 0)
      return positions.map((at) => ({ ...at, weight: at.weight / count }))
    }))
    expect((await fc.check(addUp(meanOfMeans), { numRuns: 15, endOnFailure: true })).failed).toBe(true)
  }, 300_000)

  test("leaves a parameter alone whose learning rate is multiplied by zero", async () => {
    const frozen = "layers.0.attention.key.weight"
    const change = { multipliers: { [frozen]: 0 } }
    const of = async (steps: number) => (await run(outcome(steps, { change }))).weights
    const [before, after] = [await of(0), await of(3)]
    before.forEach((weight, index) => {
      if (weight[0] === frozen) expect(after[index]).toEqual(weight)
      else expect(after[index]).not.toEqual(weight)
    })
  })
})

type Rule = typeof decays

const sparesVectors = (rule: Rule) => fc.property(architectures, (architecture) => {
  for (const parameter of parametersOf(architecture)) {
    const vector = /[nN]orm|bias$/.test(parameter.path)
    expect([parameter.path, rule(parameter)]).toEqual([parameter.path, !vector])
  }
})

describe("decay", () => {
  test("is for tables and maps, not for norms and biases", () => { fc.assert(sparesVectors(decays)) })

  test("of all that has two named axes, a bias of heads among them, is caught", () => {
    expect(fc.check(sparesVectors(({ axes }) => axes.length >= 2)).failed).toBe(true)
  })
})
