/**
 * Continues a prompt by speculation beside plain decoding: how many tokens come of a step, how fast both are, and
 * whether the greedy text is the same. Times are medians over steps, which leaves compilation out of both.
 */
import { Clock, Effect, Stream } from "effect"
import type { Figure, Verdict } from "../../core/document.ts"
import { judge } from "../../core/law.ts"
import type { Settings } from "../../methods/language/decode.ts"
import type { Model } from "../../methods/language/model.ts"
import type { Step, Way } from "../../methods/language/multi-token/index.ts"
import { MultiToken, preservation } from "../../methods/language/multi-token/index.ts"
import type { Tokenizer, TokenizerError } from "../../methods/language/tokenizer.ts"
import { figure } from "./request.ts"

/** What came of a prompt. */
export interface Continuation {
  readonly made: ReadonlyArray<number>
  readonly laws: ReadonlyArray<Verdict>
  readonly figures: ReadonlyArray<Figure>
}

/** What a stream gives, and the median of the seconds that it takes from one to the next: without compilation. */
const paced = <A, E, R>(stream: Stream.Stream<A, E, R>) => Effect.gen(function*() {
  const ends: Array<bigint> = []
  const values = yield* Effect.scoped(Stream.runCollect(Stream.tap(stream, () =>
    Effect.map(Clock.currentTimeNanos, (now) => ends.push(now)))))
  const gaps = ends.slice(1).map((end, index) => Number(end - (ends[index] ?? end)) / 1e9)
  return { values, seconds: gaps.toSorted((left, right) => left - right)[gaps.length >> 1] ?? NaN }
})

export const speculate = Effect.fnUntraced(function*(
  model: Model, folder: string, way: Partial<Way>, prompt: ReadonlyArray<number>, settings: Settings,
  seen: (step: Step) => Effect.Effect<void, TokenizerError>
) {
  const several = yield* MultiToken.speculative(model, yield* MultiToken.load(model.architecture, folder), way)
  const { values: steps, seconds } = yield* paced(Stream.tap(several.steps(prompt, settings), seen))
  const plain = yield* paced(model.generate(prompt, settings))
  const made = steps.flatMap(({ tokens }) => tokens)
  // the first step reads the prompt, as that of plain decoding does
  const [, ...later] = steps
  const rate = later.reduce((sum, { tokens }) => sum + tokens.length, 0) / later.length
  const greedy = (settings.temperature ?? 0) === 0
  const continuation: Continuation = {
    made,
    laws: greedy && plain.values.length > 0
      ? [judge(preservation.sameGreedyText, preservation.differing([plain.values], [made]))] : [],
    figures: [
      figure("steps", steps.length, "steps"),
      ...later.length < 2 ? [] : [
        figure("accepted with each step", rate, "tokens a step"),
        figure("time of a step", seconds * 1e3, "ms"),
        figure("time of a step of plain decoding", plain.seconds * 1e3, "ms"),
        figure("speed", rate / seconds, "tokens a second"),
        figure("speed of plain decoding", 1 / plain.seconds, "tokens a second")
      ]
    ]
  }
  return continuation
})

const style = { accepted: "\u001b[32m", rejected: "\u001b[9;90m", end: "\u001b[0m" } as const

/** The text of a step for a terminal: accepted drafts green, the first rejected one grey and struck out. */
export const coloured = (tokenizer: Tokenizer, { drafts, accepted, tokens }: Step) => Effect.gen(function*() {
  const written = (ids: ReadonlyArray<number>) => ids.length === 0 ? Effect.succeed("") : tokenizer.decode(ids)
  const kept = Math.min(accepted, tokens.length)
  const own = tokens.slice(kept)
  // a rejected draft stands before the token that the model wrote in its place
  const rejected = drafts.slice(accepted, accepted + 1)
  return [
    kept > 0 ? `${style.accepted}${yield* written(tokens.slice(0, kept))}${style.end}` : "",
    rejected.length > 0 && own.length > 0 ? `${style.rejected}${yield* written(rejected)}${style.end}` : "",
    yield* written(own)
  ].join("")
})
