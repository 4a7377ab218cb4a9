/**
 * The training loop: updates as a stream of reports, held-out windows scored on the way, and snapshots to go on from.
 * Which batches an update sees depends on its number alone, so a run that was stopped anywhere and resumed gives, to
 * the bit, the losses and weights of the run that was not.
 */
import { Clock, Data, Effect, Option, Stream } from "effect"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { BackendError } from "../../../algebra/backend.ts"
import { Backend } from "../../../algebra/backend.ts"
import type { Weighted } from "../corpus.ts"
import type { Group } from "./adamw.ts"
import { pace } from "./adamw.ts"
import type { Configuration, Plan } from "./configuration.ts"
import { mean, totals } from "./objective.ts"
import { rateAt } from "./schedule.ts"
import type { Report } from "./report.ts"
import type { Snapshot, SnapshotError, Store, Values } from "./snapshot.ts"
import { SnapshotMismatch } from "./snapshot.ts"
import type { State, Task } from "./step.ts"
import { compileLoss, compileUpdate, leavesOf } from "./step.ts"

/** A loss or gradient that is not finite: the update is given up, and the last snapshot stays. */
export class NonFiniteLoss extends Data.TaggedError("NonFiniteLoss")<{
  readonly step: number
  readonly loss: number
  readonly gradientNorm: number
  readonly message: string
}> {}

export type LoopError = NonFiniteLoss | SnapshotError | BackendError | ShapeError

/** What is trained, on what, how, and where its snapshots are kept. */
export interface Training<W> {
  readonly task: Task<W>
  /** Initial values of the task's weights, by path. */
  readonly initial: ReadonlyArray<Values>
  readonly groupOf: (path: string) => Group
  /** Micro-batch number `position`, from 0, in the shape of the configuration. */
  readonly batchAt: (position: number) => Weighted
  /** Windows to evaluate on, all of one shape; none is no evaluation. */
  readonly heldOut: ReadonlyArray<Weighted>
  readonly configuration: Configuration
  readonly plan: Plan
  readonly store?: Store
}

/** A run under way. */
export interface Run {
  /** Updates from where the run stands up to the plan's last, each made when it is asked for. */
  readonly reports: Stream.Stream<Report, LoopError>
  /** The reports of all updates so far, those before a resumption included. */
  readonly history: () => ReadonlyArray<Report>
  /** The weights as they are now. */
  readonly weights: Effect.Effect<ReadonlyArray<Values>, BackendError>
}

const show = (shape: ReadonlyArray<number>): string => `[${shape.join(", ")}]`

/**
 * Starts or resumes a run. It lives in its Scope; when that ends, however it ends, an update that no snapshot holds yet
 * is saved, unless it failed.
 */
export const start = <W>({ task, initial, groupOf, batchAt, heldOut, configuration, plan, store }: Training<W>) =>
  Effect.gen(function* () {
    const backend = yield* Backend
    const { batch, time, accumulate, schedule, ...optimiser } = configuration
    const update = yield* compileUpdate(task, { batch, time }, { ...optimiser, groupOf })
    const [window] = heldOut
    const score = window === undefined ? undefined : yield* compileLoss(task, window)
    const leaves = leavesOf(task)

    const load = (values: ReadonlyArray<Values>, source: string) => {
      const byPath = new Map(values.map((value) => [value.path, value]))
      return Effect.forEach(leaves, ({ path, value: { axes } }) => Effect.gen(function* () {
        const given = byPath.get(path)
        const expected = show([...axes.values()])
        if (given !== undefined && show(given.shape) === expected)
          return yield* backend.put<"f32", string>("f32", Object.fromEntries(axes), given.data)
        const message = `${source}: ${path}: expected values of shape ${expected}, got ${given === undefined ? "none" : show(given.shape)}`
        return yield* new SnapshotMismatch({ file: source, field: path, message })
      }))
    }
    const zeros = initial.map(({ path, shape, data }) => ({ path, shape, data: new Float32Array(data.length) }))
    const found = store === undefined ? Option.none<Snapshot>() : yield* store.load
    const from = Option.getOrElse(found, (): Snapshot =>
      ({ step: 0, position: 0, history: [], weights: initial, first: zeros, second: zeros }))
    const source = Option.isSome(found) ? `snapshot of step ${from.step}` : "initial weights"
    let state: State = {
      weights: yield* load(from.weights, source),
      first: yield* load(from.first, source),
      second: yield* load(from.second, source)
    }
    const history = [...from.history]
    let { step, position } = from
    let saved = from.step
    let refused = false
    let whole = true

    const values = (field: keyof State) => Effect.suspend(() => Effect.forEach(state[field], (buffer, index) =>
      Effect.map(backend.read(buffer), ({ axes, data }): Values =>
        ({ path: leaves[index]?.path ?? "", shape: [...axes.values()], data }))))
    const save = Effect.gen(function* () {
      if (store === undefined || !whole || refused || saved === step) return
      const [weights, first, second] = yield* Effect.all([values("weights"), values("first"), values("second")])
      yield* Effect.tapError(store.save({ step, position, history, weights, first, second }), () =>
        Effect.sync(() => { refused = true }))
      saved = step
    })
    yield* Effect.addFinalizer(() => Effect.catchCause(save, (cause) =>
      Effect.logError(`the state of step ${step} could not be saved`, cause)))

    const evaluate = Effect.gen(function* () {
      let total = totals.empty
      if (score === undefined) return total
      for (const data of heldOut) total = totals.concat(total, yield* score(state.weights, data))
      return total
    })

    const advance = Effect.gen(function* () {
      const began = yield* Clock.currentTimeNanos
      const learningRate = rateAt(schedule, step)
      const rest = Array.from({ length: accumulate - 1 }, (_, index) => batchAt(position + 1 + index))
      whole = false
      const { state: next, total, gradientNorm } =
        yield* update(state, [batchAt(position), ...rest], pace(optimiser, learningRate, step + 1))
      const loss = mean(total)
      const seconds = Number((yield* Clock.currentTimeNanos) - began) / 1e9
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) return yield* new NonFiniteLoss({
        step: step + 1, loss, gradientNorm,
        message: `step ${step + 1}: the loss is ${loss} and the gradient's norm ${gradientNorm}; the last snapshot is ${
          store === undefined || saved === 0 ? "none" : `of step ${saved}`}`
      })
      state = next
      step += 1
      position += accumulate
      whole = true
      const report = { step, loss, gradientNorm, learningRate, tokensPerSecond: total.count / Math.max(seconds, 1e-9) }
      history.push(report)
      return report
    }).pipe(Effect.uninterruptible)

    const due = (every: number) => step === plan.steps || (every > 0 && step % every === 0)
    const turn = Effect.gen(function* () {
      yield* Effect.yieldNow
      const made = yield* advance
      let report: Report = made
      if (score !== undefined && due(plan.evaluateEvery)) {
        report = { ...made, heldOut: yield* evaluate }
        history[history.length - 1] = report
      }
      if (due(plan.snapshotEvery)) yield* save
      return report
    })
    const reports = Stream.unfold(undefined, () =>
      step >= plan.steps ? Effect.succeed(undefined) : Effect.map(turn, (report) => [report, undefined] as const))

    const run: Run = { reports, history: () => history, weights: values("weights") }
    return run
  })
