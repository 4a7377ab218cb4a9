/** What is read off the findings: the acceptance that a rate implies, and laws that a wrong token or bit breaks. */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { Look } from "../../../../src/runtime/commands/experiment/findings-codec.ts"
import { repeated } from "../../../../src/runtime/commands/experiment/measure.ts"
import { brief } from "../../../../src/runtime/commands/experiment/size.ts"
import type { Findings } from "../../../../src/runtime/commands/experiment/study.ts"
import { ablationTable, impliedAcceptance, lawsOf, paceTable, rateTable } from
  "../../../../src/runtime/commands/experiment/tables.ts"

test("the implied acceptance is that of the closed form of quadratic decoding", () => fc.assert(
  fc.property(fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.integer({ min: 1, max: 8 }), (alpha, masks) => {
    const rate = (1 - alpha ** (masks + 1)) / (1 - alpha)
    expect(impliedAcceptance(rate, masks)).toBeCloseTo(alpha, 9)
  })))

test("of the paper's rows it is what the paper's readers found", () => {
  expect(impliedAcceptance(5.22, 8)).toBeCloseTo(0.855, 3)
  expect(impliedAcceptance(1.67, 1)).toBeCloseTo(0.67, 9)
})

const look = (step: number, logits = "same"): Look =>
  ({ step, seconds: 1, nextToken: 2, masks: 3, consistency: 1, logits, losses: [] })
const found = (differing: number, last: Look): Findings => ({
  parameters: 10,
  mains: [{ kind: "records", looks: [look(0), last] }],
  rates: [{
    kind: "records", decoding: { scheme: "quadratic", masks: 2, sampler: true },
    rate: { tokens: 30, steps: 12, compared: 32, differing }
  }],
  repetitions: [],
  compared: [],
  paces: [{
    kind: "prose", width: 1, parameters: 10,
    pace: {
      plain: { clock: 1e-3, processor: 1e-3 },
      ways: [{ step: { clock: 2e-3, processor: 1.5e-3 }, tokens: 30, steps: 10 }]
    }
  }],
  ablations: [
    { run: { name: "plain LoRA", learning: brief.ablation, gated: false }, looks: [look(0), look(1, "moved")] }
  ]
})

test("what stood before in a text is repeated", () => {
  const run = [1, 2, 3, 4, 5, 6, 7, 8]
  const places = (text: ReadonlyArray<number>) => repeated(text).flatMap((known, place) => known ? [place] : [])
  expect(places([...run, ...run])).toEqual([15])
  expect(places([...run, 9, ...run.slice(1), 1])).toEqual([])
  expect(places(new Array<number>(11).fill(5))).toEqual([8, 9, 10])
})

test("one token or one bit that differs breaks its law; a run without a gate is not held to it", () => {
  expect(lawsOf(found(0, look(1))).map(({ holds, cases }) => [holds, cases])).toEqual([[true, 32], [true, 2]])
  expect(lawsOf(found(1, look(1))).map(({ holds }) => holds)).toEqual([false, true])
  expect(lawsOf(found(0, look(1, "moved"))).map(({ holds }) => holds)).toEqual([true, false])
})

test("rows say what was measured, and leave empty what was not", () => {
  const { rows } = rateTable(found(0, look(1)), { ...brief, masks: 2 })
  expect(rows[0]).toEqual(["records", "quadratic, sampler", "", "2.50", impliedAcceptance(2.5, 2).toFixed(2)])
  expect(rows.find(([name]) => name === "paper: mathematics (GSM8K)")?.slice(2, 4)).toEqual(["1.84", "2.58"])
  expect(paceTable(found(0, look(1)), { ...brief, masks: 2 }).rows[0]?.slice(4))
    .toEqual(["3.00", "2.000", "1.000", "1.50", "1.500", "1.000", "1.50", "2.00"])
  expect(ablationTable(found(0, look(1))).rows[0]?.slice(0, 2)).toEqual(["plain LoRA", ""])
})
