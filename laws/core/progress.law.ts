import * as fc from "fast-check"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { Progress, tracked, trackedForEach } from "../../src/core/progress.ts"
import type { Observer, Outcome, Tracked } from "../../src/core/progress.ts"

type Event =
  | { readonly kind: "opened" | "changed"; readonly work: Tracked }
  | { readonly kind: "closed"; readonly work: Tracked; readonly outcome: Outcome }

const recorder = () => {
  const events: Array<Event> = []
  const observer: Observer = {
    opened: (work) => void events.push({ kind: "opened", work }),
    changed: (work) => void events.push({ kind: "changed", work }),
    closed: (work, outcome) => void events.push({ kind: "closed", work, outcome })
  }
  return { events, observer }
}

interface Plan {
  readonly name: string
  readonly steps: ReadonlyArray<number>
  readonly fails: boolean
  readonly inside: ReadonlyArray<Plan>
}

// A depth of its own: a mean of one part in each plan alone would let a rare plan outgrow the stack.
const { plan } = fc.letrec<{ plan: Plan; inside: ReadonlyArray<Plan> }>((tie) => ({
  plan: fc.record({
    name: fc.string({ minLength: 1, maxLength: 4 }),
    steps: fc.array(fc.nat(9), { maxLength: 4 }),
    fails: fc.boolean(),
    inside: tie("inside")
  }),
  inside: fc.oneof({ maxDepth: 4 }, fc.constant([]), fc.array(tie("plan"), { maxLength: 3 }))
}))

type Track = typeof tracked

const carryOut = (track: Track, { name, steps, fails, inside }: Plan): Effect.Effect<void, string> =>
  track({ name }, (tracker) => Effect.gen(function* () {
    for (const step of steps) yield* tracker.advance(step)
    for (const part of inside) yield* carryOut(track, part)
    if (fails) yield* Effect.fail("as planned")
  }))

const balanced = (events: ReadonlyArray<Event>): boolean => {
  const open: Array<number> = []
  for (const { kind, work } of events) {
    if (kind === "opened") open.push(work.id)
    else if (open.at(-1) !== work.id) return false
    if (kind === "closed") open.pop()
  }
  return open.length === 0
}

const nests = (track: Track) =>
  fc.property(plan, (whole) => {
    const { events, observer } = recorder()
    Effect.runSyncExit(Effect.provideService(carryOut(track, whole), Progress, observer))
    expect(balanced(events)).toBe(true)
    const depths = events.filter(({ kind }) => kind === "opened").map(({ work }) => work.path.length)
    expect(depths.every((depth, at) => at === 0 ? depth === 1 : depth <= (depths[at - 1] ?? 0) + 1)).toBe(true)
  })

describe("tracked work", () => {
  it("is closed in the order that it nests, however it ends", () => fc.assert(nests(tracked)))

  it("adds up its steps", () => {
    fc.assert(fc.property(fc.array(fc.nat(100)), (steps) => {
      const { events, observer } = recorder()
      Effect.runSync(Effect.provideService(carryOut(tracked, { name: "w", steps, fails: false, inside: [] }),
        Progress, observer))
      expect(events.at(-1)?.work.current).toBe(steps.reduce((sum, step) => sum + step, 0))
    }))
  })

  it("is closed as interrupted when its fiber is", async () => {
    const { events, observer } = recorder()
    await Effect.runPromise(Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(tracked({ name: "endless" }, () =>
        Effect.andThen(Deferred.succeed(started, undefined), Effect.never)))
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provideService(Progress, observer)))
    expect(events.at(-1)).toMatchObject({ kind: "closed", outcome: "interrupted" })
  })

  it("keeps the value and the error of its body", () => {
    fc.assert(fc.property(fc.integer(), fc.boolean(), (value, fails) => {
      const body = fails ? Effect.fail(value) : Effect.succeed(value)
      const exit = Effect.runSyncExit(tracked({ name: "w" }, () => body))
      expect(exit).toEqual(fails ? Exit.fail(value) : Exit.succeed(value))
    }))
  })

  it("counts one step an item", () => {
    const { events, observer } = recorder()
    const squares = trackedForEach({ name: "squares" }, [1, 2, 3], (x) => Effect.succeed(x * x))
    expect(Effect.runSync(Effect.provideService(squares, Progress, observer))).toEqual([1, 4, 9])
    expect(events.at(-1)?.work).toMatchObject({ current: 3, total: 3 })
  })

  it("must be closed on failure: a tracker that forgets to breaks the law", () => {
    const forgetful: Track = (work, body) => Effect.gen(function* () {
      const observer = yield* Progress
      const now: Tracked = {
        id: Math.random(), path: [work.name], name: work.name, unit: "", total: undefined,
        current: 0, label: "", figures: {}, started: 0
      }
      observer.opened(now)
      const still = { advance: () => Effect.void, moveTo: () => Effect.void, note: () => Effect.void }
      const value = yield* body(still)
      observer.closed(now, "done")
      return value
    })
    expect(fc.check(nests(forgetful)).failed).toBe(true)
  })
})
