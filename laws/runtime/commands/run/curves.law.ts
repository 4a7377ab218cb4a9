import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Curve, curveTable, fewer, finalLoss, stepsTo } from "../../../../src/runtime/commands/run/curves.ts"

/** A curve whose held-out loss falls by `slope` a step from `initial`, looked at every so many steps. */
const falling = (initial: number, slope: number, steps: number, every: number, start = "grown"): Curve => ({
  start,
  initial,
  history: Array.from({ length: steps }, (_, index) => {
    const step = index + 1
    const update = { step, loss: initial - slope * index, gradientNorm: 1, learningRate: 1e-3, tokensPerSecond: 1 }
    const looked = step % every === 0 || step === steps
    return looked ? { ...update, heldOut: { nats: 10 * (initial - slope * step), count: 10 } } : update
  })
})

const curves = fc.record({
  initial: fc.double({ min: 1, max: 10, noNaN: true }),
  slope: fc.double({ min: 1e-3, max: 1e-2, noNaN: true }),
  steps: fc.integer({ min: 1, max: 90 }),
  every: fc.integer({ min: 1, max: 40 }),
  share: fc.double({ min: 0.01, max: 0.99, noNaN: true })
})

/** On a straight curve the steps to a level are exact, whatever the grid of evaluations. */
const exactOnLines = (count: typeof stepsTo) =>
  fc.property(curves, ({ initial, slope, steps, every, share }) => {
    const level = initial - slope * steps * share
    expect(count(falling(initial, slope, steps, every), level)).toBeCloseTo(steps * share, 6)
  })

describe("the steps to a loss", () => {
  it("are those of the straight line between two evaluations", () => fc.assert(exactOnLines(stepsTo)))

  it("are none where the start is below, and undefined where it is never reached", () => {
    fc.assert(fc.property(curves, ({ initial, slope, steps, every }) => {
      const curve = falling(initial, slope, steps, every)
      expect(stepsTo(curve, initial + 1)).toBe(0)
      expect(stepsTo(curve, finalLoss(curve) - 1e-3)).toBeUndefined()
      expect([fewer(curve, initial + 1), fewer(curve, finalLoss(curve) - 1e-3)]).toEqual([undefined, undefined])
    }))
  })

  it("would not be, without interpolation", () => {
    const firstSeen: typeof stepsTo = ({ history }, level) =>
      history.find(({ heldOut }) => heldOut !== undefined && heldOut.nats / heldOut.count <= level)?.step
    expect(fc.check(exactOnLines(firstSeen)).failed).toBe(true)
  })

  it("are set against the random start's in the table", () => {
    const { rows } = curveTable([falling(5, 0.04, 100, 10), falling(6, 0.02, 100, 10, "random")])
    expect(rows.map((row) => row.at(-1))).toEqual(["4", "1"])
  })
})
