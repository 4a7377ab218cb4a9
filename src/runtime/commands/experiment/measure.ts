/**
 * What is measured of an adapter, as parts: tokens a step, on greedy text and beside plain decoding token by token; and
 * how long a step takes beside one of plain decoding, in one process, by turns.
 */
import { Clock, Effect, Stream } from "effect"
import * as Key from "../../../core/key.ts"
import type { Tokens } from "../../../methods/language/corpus.ts"
import type { Model } from "../../../methods/language/model.ts"
import type { Adapted, Way } from "../../../methods/language/multi-token/index.ts"
import { preservation, programs, stepsOf, withoutSampler } from "../../../methods/language/multi-token/index.ts"
import type { Cost, Pace, Rate, Repetition } from "./findings-codec.ts"
import type { Prompts } from "./size.ts"

type Texts = ReadonlyArray<ReadonlyArray<number>>

/** How a text is decoded. */
export interface Decoding extends Way {
  readonly sampler: boolean
  /** Tokens are drawn where it is above 0, as it is not where absent. */
  readonly temperature?: number
}

export const described = ({ scheme, masks, sampler, temperature = 0 }: Decoding): string => [
  scheme, `${masks} ${masks === 1 ? "mask" : "masks"}`, ...sampler ? [] : ["no sampler"],
  ...temperature > 0 ? [`temperature ${temperature}`] : []
].join(", ")

/** Beginnings spread over a text. */
export const promptsOf = (tokens: Tokens, { count, length }: Prompts): Texts =>
  Array.from({ length: count }, (_, index) => {
    const from = Math.floor(index * (tokens.length - length) / count)
    return Array.from(tokens.subarray(from, from + length))
  })

const of = (adapted: Adapted, sampler: boolean): Adapted =>
  sampler || !adapted.shape.sampler ? adapted : withoutSampler(adapted)

/** The greedy texts of prompts by plain decoding, one by one. */
export const plainTexts = (model: Model, prompts: Texts, tokens: number) =>
  Effect.forEach(prompts, (prompt) => Effect.scoped(Stream.runCollect(model.generate(prompt, { tokens, end: [] }))))

/** Decodes prompts, and counts; drawn text is not compared. */
export const counted = (
  model: Model, adapted: Adapted, { sampler, temperature = 0, ...way }: Decoding, prompts: Texts, tokens: number,
  plain: Texts
) => Effect.scoped(Effect.gen(function*() {
  const made = yield* programs(model, of(adapted, sampler), way)
  if (temperature > 0) {
    const drawn = yield* Effect.forEach(prompts, (prompt, index) => Effect.scoped(Stream.runCollect(
      stepsOf(model, made, prompt, { tokens, end: [], temperature, key: Key.make(index) }))))
    const later = drawn.flatMap(([, ...steps]) => steps)
    const emitted = later.reduce((sum, step) => sum + step.tokens.length, 0)
    return { tokens: emitted, steps: later.length, compared: 0, differing: 0 } satisfies Rate
  }
  const found = yield* preservation.speculate(model, made, prompts, tokens)
  const { cases, worst } = preservation.differing(plain, found.texts)
  return { tokens: found.tokens, steps: found.steps, compared: cases, differing: worst } satisfies Rate
}))

/** The tenth percentiles: what else a machine does only adds to a time. */
const undisturbed = (costs: ReadonlyArray<Cost>): Cost => {
  const of = (pick: (cost: Cost) => number) =>
    costs.map(pick).sort((left, right) => left - right)[Math.floor(costs.length / 10)] ?? NaN
  return { clock: of(({ clock }) => clock), processor: of(({ processor }) => processor) }
}

/** The time by the clock, and that of the processor for this process. */
const now = Effect.map(Clock.currentTimeNanos, (clock): Cost => {
  const { user, system } = process.cpuUsage()
  return { clock: Number(clock) / 1e9, processor: (user + system) / 1e6 }
})

/** What it costs from one value of a stream to the next; the first, which reads the prompt, is left out. */
const gaps = <A, E, R>(stream: Stream.Stream<A, E, R>) => Effect.gen(function*() {
  const ends: Array<Cost> = []
  const values = yield* Effect.scoped(Stream.runCollect(Stream.tap(stream, () =>
    Effect.map(now, (end) => ends.push(end)))))
  const costs = ends.slice(1).map(({ clock, processor }, index): Cost =>
    ({ clock: clock - (ends[index]?.clock ?? clock), processor: processor - (ends[index]?.processor ?? processor) }))
  return { values, costs }
})

/** A token that ends a run of this many that stood before in the same text is repeated. */
export const repeatedRun = 8

/** Which tokens of a text are repeated: small models, decoded greedily, fall into loops. */
export const repeated = (text: ReadonlyArray<number>): ReadonlyArray<boolean> => {
  const seen = new Set<string>()
  return text.map((_, end) => {
    const run = text.slice(Math.max(0, end + 1 - repeatedRun), end + 1)
    if (run.length < repeatedRun) return false
    const name = run.join()
    const known = seen.has(name)
    seen.add(name)
    return known
  })
}

/** How much of the greedy texts of prompts is repeated, and tokens a step where the first of them is not. */
export const repetition = (model: Model, adapted: Adapted, way: Way, prompts: Texts, tokens: number) =>
  Effect.scoped(Effect.gen(function*() {
    const made = yield* programs(model, adapted, way)
    const all = yield* Effect.forEach(prompts, (prompt) => Effect.scoped(Effect.map(
      Stream.runCollect(stepsOf(model, made, prompt, { tokens, end: [] })), (steps) => {
        const known = repeated(steps.flatMap((step) => step.tokens))
        const starts = steps.map((_, index) =>
          steps.slice(0, index).reduce((sum, step) => sum + step.tokens.length, 0))
        const fresh = steps.filter((_, index) => index > 0 && known[starts[index] ?? 0] === false)
        return {
          of: known.length, repeated: known.filter((each) => each).length, steps: fresh.length,
          tokens: fresh.reduce((sum, step) => sum + step.tokens.length, 0)
        }
      })))
    const sum = (pick: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + pick(one), 0)
    return {
      share: sum((one) => one.repeated) / sum(({ of }) => of), tokens: sum((one) => one.tokens),
      steps: sum(({ steps }) => steps)
    } satisfies Repetition
  }))

/** Times decodings of prompts, each prompt by plain decoding and by all the others in turn. */
export const paced = (
  model: Model, adapted: Adapted, decodings: ReadonlyArray<Decoding>, prompts: Texts, tokens: number
) => Effect.scoped(Effect.gen(function*() {
  const settings = { tokens, end: [] }
  const plain: Array<Cost> = []
  const ways = yield* Effect.forEach(decodings, ({ sampler, ...way }) => Effect.gen(function*() {
    const made = yield* programs(model, of(adapted, sampler), way)
    // compiled and warm before it is timed
    yield* Effect.scoped(Stream.runDrain(stepsOf(model, made, prompts[0] ?? [0], settings)))
    return { made, costs: new Array<Cost>(), tokens: 0, steps: 0 }
  }))
  for (const prompt of prompts) {
    plain.push(...(yield* gaps(model.generate(prompt, settings))).costs)
    for (const way of ways) {
      const { values, costs } = yield* gaps(stepsOf(model, way.made, prompt, settings))
      way.costs.push(...costs)
      way.steps += values.length - 1
      way.tokens += values.slice(1).reduce((sum, step) => sum + step.tokens.length, 0)
    }
  }
  return {
    plain: undisturbed(plain),
    ways: ways.map(({ costs, tokens, steps }) => ({ step: undisturbed(costs), tokens, steps }))
  } satisfies Pace
}))
