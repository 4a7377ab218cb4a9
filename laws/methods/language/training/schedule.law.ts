/** Every schedule warms up in a straight line to its peak, never exceeds it, and ends at its floor. */
import * as E from "fp-ts/lib/Either.js"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { rateAt, Schedule } from "../../../../src/methods/language/training/schedule.ts"
import { between } from "./numbers.ts"

const shape = fc.record({
  warmup: fc.nat(20), rest: fc.integer({ min: 1, max: 60 }), decay: fc.nat(60),
  peak: between(1e-6, 1), floor: between(0, 1),
  kind: fc.constantFrom("linear" as const, "cosine" as const, "warmup-stable-decay" as const)
})
type Decaying = Exclude<Schedule, { readonly kind: "constant" }>

const decaying: fc.Arbitrary<Decaying> = shape.map(({ warmup, rest, decay, peak, floor, kind }) => {
  const common = { peak, warmup, steps: warmup + rest, floor }
  return kind === "warmup-stable-decay" ? { ...common, kind, decay: Math.min(decay, rest) } : { ...common, kind }
})

const near = (left: number, right: number, peak: number) =>
  expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-12 * peak)

const holds = (rate: typeof rateAt) => fc.property(decaying, (schedule: Decaying) => {
  const { peak, warmup, steps, floor } = schedule
  for (let step = 0; step < warmup; step++) near(rate(schedule, step), peak * (step + 1) / warmup, peak)
  let before = peak
  for (let step = warmup; step < steps + 5; step++) {
    const now = rate(schedule, step)
    expect(now).toBeLessThanOrEqual(before * (1 + 1e-12))
    expect(now).toBeGreaterThanOrEqual(peak * floor * (1 - 1e-12))
    if (step >= steps) near(now, peak * floor, peak)
    if (schedule.kind === "warmup-stable-decay" && step <= steps - schedule.decay && step < steps) near(now, peak, peak)
    before = now
  }
  if (schedule.kind !== "warmup-stable-decay") near(rate(schedule, warmup), peak, peak)
})

describe("learning rates", () => {
  test("warm up to the peak, never rise after it, and end at the floor", () => { fc.assert(holds(rateAt)) })

  test("a cosine is half-way down half-way through", () => {
    fc.assert(fc.property(fc.nat(9), fc.integer({ min: 1, max: 40 }), (warmup, half) => {
      const schedule = { kind: "cosine" as const, peak: 1, warmup, steps: warmup + 2 * half, floor: 0.2 }
      near(rateAt(schedule, warmup + half), 0.6, 1)
    }))
  })

  test("a constant rate stays", () => {
    fc.assert(fc.property(fc.nat(9), fc.nat(999), (warmup, after) => {
      near(rateAt({ kind: "constant", peak: 0.3, warmup }, warmup + after), 0.3, 1)
    }))
  })

  test("a warm-up that wastes its first step at rate zero is caught", () => {
    const late: typeof rateAt = (schedule, step) =>
      step < schedule.warmup ? schedule.peak * step / schedule.warmup : rateAt(schedule, step)
    expect(fc.check(holds(late)).failed).toBe(true)
  })

  test("a decay that runs past the floor is caught", () => {
    const past: typeof rateAt = (schedule, step) =>
      rateAt(schedule, step) * (step < schedule.warmup ? 1 : 1 - step / 1000)
    expect(fc.check(holds(past)).failed).toBe(true)
  })

  test("are read from a file as they were written, and an unknown kind is refused", () => {
    fc.assert(fc.property(decaying, (schedule) => {
      expect(Schedule.decode(JSON.parse(JSON.stringify(schedule)))).toEqual(E.right(schedule))
      expect(E.isLeft(Schedule.decode({ ...schedule, kind: "sawtooth" }))).toBe(true)
    }))
  })
})
