/**
 * Where a long computation stands, as data: work is tracked by name, with how much there is, how much is done, and
 * the figures of the moment. Tracked work nests. Nothing is drawn here: an `Observer` in the context hears of every
 * change, and where none is provided nobody listens, so a method can report without asking its caller for anything.
 */
import { Clock, Context, Effect, Exit } from "effect"

/** What is known of a piece of work. `total` is absent while unknown; `started` is in milliseconds of the clock. */
export interface Tracked {
  readonly id: number
  readonly path: ReadonlyArray<string>
  readonly name: string
  readonly unit: string
  readonly total: number | undefined
  readonly current: number
  readonly label: string
  readonly figures: Readonly<Record<string, number>>
  readonly started: number
}

/** How a piece of work ended. */
export type Outcome = "done" | "failed" | "interrupted"

/** Hears of tracked work. Called inside the computation, so it must be quick and must not throw. */
export interface Observer {
  readonly opened: (work: Tracked) => void
  readonly changed: (work: Tracked) => void
  readonly closed: (work: Tracked, outcome: Outcome) => void
}

/** Hears nothing. */
export const silent: Observer = { opened: () => {}, changed: () => {}, closed: () => {} }

/** The observer in the context; silent where none is provided. */
export const Progress = Context.Reference<Observer>("noether/Progress", { defaultValue: () => silent })

const Enclosing = Context.Reference<ReadonlyArray<string>>("noether/Progress/Enclosing", { defaultValue: () => [] })

/** What may be said about work when it moves. Figures given are kept beside those given before. */
export interface Note {
  readonly total?: number
  readonly label?: string
  readonly figures?: Readonly<Record<string, number>>
}

/** The hand that moves a piece of work forward. */
export interface Tracker {
  /** Adds `steps` (1 when left out) to what is done. */
  readonly advance: (steps?: number, note?: Note) => Effect.Effect<void>
  /** Sets what is done. */
  readonly moveTo: (current: number, note?: Note) => Effect.Effect<void>
  /** Says something without moving. */
  readonly note: (note: Note) => Effect.Effect<void>
}

/** The name of a piece of work, how much of it there is when that is known, and in what it is counted. */
export interface Work {
  readonly name: string
  readonly total?: number
  readonly unit?: string
}

let identities = 0

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Outcome =>
  Exit.isSuccess(exit) ? "done" : Exit.hasInterrupts(exit) ? "interrupted" : "failed"

/**
 * Runs an effect as tracked work: opened before it starts, closed however it ends (success, failure, interruption).
 * Work tracked inside it carries its name in front of its own path.
 */
export const tracked = <A, E, R>(
  work: Work,
  body: (tracker: Tracker) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const observer = yield* Progress
    const path = [...(yield* Enclosing), work.name]
    let now: Tracked = {
      id: identities++,
      path,
      name: work.name,
      unit: work.unit ?? "",
      total: work.total,
      current: 0,
      label: "",
      figures: {},
      started: yield* Clock.currentTimeMillis
    }
    const change = (current: (before: number) => number, note: Note | undefined) => Effect.sync(() => {
      now = {
        ...now,
        current: current(now.current),
        total: note?.total ?? now.total,
        label: note?.label ?? now.label,
        figures: note?.figures === undefined ? now.figures : { ...now.figures, ...note.figures }
      }
      observer.changed(now)
    })
    const tracker: Tracker = {
      advance: (steps = 1, note) => change((before) => before + steps, note),
      moveTo: (current, note) => change(() => current, note),
      note: (note) => change((before) => before, note)
    }
    return yield* Effect.acquireUseRelease(
      Effect.sync(() => observer.opened(now)),
      () => Effect.provideService(body(tracker), Enclosing, path),
      (_, exit) => Effect.sync(() => observer.closed(now, outcomeOf(exit)))
    )
  })

/** Runs `body` on every item in turn, as tracked work of one step an item. */
export const trackedForEach = <X, A, E, R>(
  work: Omit<Work, "total">,
  items: ReadonlyArray<X>,
  body: (item: X, index: number, tracker: Tracker) => Effect.Effect<A, E, R>
): Effect.Effect<Array<A>, E, R> =>
  tracked({ ...work, total: items.length }, (tracker) =>
    Effect.forEach(items, (item, index) => Effect.tap(body(item, index, tracker), () => tracker.advance())))
