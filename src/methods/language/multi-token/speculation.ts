/**
 * Decoding that emits several tokens a step (2507.11851, section 2.4). A step reads the newest token, the drafts that
 * follow it and fresh masks; the drafts in front that the model itself would have written stay, with one more token of
 * its own. Linear: masks stand after the last draft, so after a rejection the next step has no drafts. Quadratic: masks
 * stand after every draft, so every step has k. Whatever is drafted, the text is that of the model alone
 * (law M10, laws/methods/language/multi-token/speculation.law.ts).
 */
import { Effect, Option, Stream } from "effect"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { Backend, BackendError } from "../../../algebra/backend.ts"
import * as Key from "../../../core/key.ts"
import type { DecodeError, Settings } from "../decode.ts"
import { plan, refuse } from "../decode.ts"
import type { Sampling } from "../sampling.ts"
import { candidates, draw } from "../sampling.ts"
import type { Transformer } from "../weights.ts"
import type { Proposal } from "./acceptance.ts"
import { certain, longestPrefix, settled } from "./acceptance.ts"
import { memory } from "./memory.ts"
import type { Adapted, Programs, Way } from "./verification.ts"
import { programs } from "./verification.ts"

/** One step: what had been drafted, how many drafts in front stay, and the tokens that come of it. */
export interface Step {
  readonly drafts: ReadonlyArray<number>
  readonly accepted: number
  /** The accepted drafts and the model's own next token, up to an end token or the last that was asked for. */
  readonly tokens: ReadonlyArray<number>
}

/** A text on its way: what is read next, from which position, the drafts at its end, and how many tokens were made. */
interface State {
  readonly tokens: ReadonlyArray<number>
  readonly from: number
  readonly drafts: ReadonlyArray<number>
  /** What each draft was drawn from; of those that were chosen nothing. */
  readonly proposals: ReadonlyArray<Proposal>
  readonly made: number
}

/** What a draft is verified to be. */
interface Verdict {
  readonly accepted: number
  /** The model's own token after the accepted drafts. */
  readonly bonus: number
}

/** Whether the drafts agree with the likeliest tokens. */
const greedily = (drafts: ReadonlyArray<number>, likeliest: Int32Array, vocabulary: number): Verdict => {
  const accepted = longestPrefix(drafts, likeliest)
  return { accepted, bonus: likeliest[accepted] ?? vocabulary }
}

/** Drafts accepted at random; two uniform numbers for the token at each place of the text. */
const randomly = (
  drafts: ReadonlyArray<number>, proposals: ReadonlyArray<Proposal>, logits: Float32Array, vocabulary: number,
  sampling: Sampling, key: Key.Key, made: number
): Verdict => {
  if (logits.some(Number.isNaN)) return { accepted: 0, bonus: vocabulary }
  const target = (place: number) =>
    candidates(logits.subarray(place * vocabulary, (place + 1) * vocabulary), sampling)
  for (const [place, draft] of drafts.entries()) {
    const [first = 0, second = 0] = Key.uniform(Key.fold(key, made + place), 2)
    const { token, accepted } = settled(target(place), proposals[place] ?? certain(draft), draft, [first, second])
    if (!accepted) return { accepted: place, bonus: token }
  }
  const [uniform = 0] = Key.uniform(Key.fold(key, made + drafts.length), 1)
  return { accepted: drafts.length, bonus: draw(target(drafts.length), uniform) }
}

/** Other drafts than the adapter's: given the token that they follow and its position. */
export type Drafts = (bonus: number, position: number) =>
  Effect.Effect<ReadonlyArray<number>, BackendError | ShapeError>

/** Drafts that follow a step, and with a temperature what each was drawn from. */
interface Next {
  readonly drafts: ReadonlyArray<number>
  readonly proposals: ReadonlyArray<Proposal>
}

/**
 * The steps by which a prompt is continued, with the adapter's drafts unless others are given. An end token is not
 * given. May be left between steps.
 */
export const stepsOf = (
  { architecture }: Transformer, made: Programs, given: ReadonlyArray<number>, settings: Settings, drafts?: Drafts
): Stream.Stream<Step, DecodeError | BackendError | ShapeError, Backend> => Stream.unwrap(Effect.gen(function*() {
  const { vocabulary, tokens: { end: ends } } = architecture
  const { sampling, allowed: [allowed = 0] } = yield* plan(architecture, [given], settings)
  if (allowed === 0) return Stream.empty
  const { key = Key.make(0), end = ends } = settings
  const { scheme } = made
  const { temperature } = sampling
  const { greedy, drawing } = yield* memory(made)

  /** What becomes of the drafts of a state, and how to draft on after that. */
  const judge = Effect.fnUntraced(function*({ tokens, from, drafts, proposals, made }: State) {
    const block = { tokens, from, judged: drafts.length + 1 }
    if (temperature === 0) {
      const { likeliest, drafts: next } = yield* greedy(block)
      const follow: Next = { drafts: Array.from(next), proposals: [] }
      return { verdict: greedily(drafts, likeliest, vocabulary), next: Effect.succeed(follow), done: Effect.void }
    }
    const { logits, draw, done } = yield* drawing(block, temperature)
    const verdict = randomly(drafts, proposals, logits, vocabulary, sampling, Key.fold(key, 0), made)
    const next = Effect.map(
      draw(verdict.bonus, scheme === "quadratic" ? verdict.accepted : 0, Key.fold(Key.fold(key, 1), made)),
      ({ drafts, proposals }): Next => ({
        drafts: Array.from(drafts),
        proposals: Array.from(drafts, (_, place): Proposal => (token) => proposals[place * vocabulary + token] ?? 0)
      }))
    return { verdict, next, done }
  })

  const step = Effect.fnUntraced(function*(state: State) {
    const { tokens, from, drafts: before, made } = state
    const { verdict: { accepted, bonus }, next, done } = yield* judge(state)
    if (bonus >= vocabulary) return yield* refuse("prompt 0", "the logits of the model are not numbers")
    const whole = [...before.slice(0, accepted), bonus].slice(0, allowed - made)
    const ended = whole.findIndex((token) => end.includes(token))
    const taken: Step = { drafts: before, accepted, tokens: ended === -1 ? whole : whole.slice(0, ended) }
    const total = made + whole.length
    if (ended !== -1 || total >= allowed) {
      yield* done
      return [[taken], Option.none<State>()] as const
    }
    const position = from + tokens.length - before.length + accepted
    // in linear decoding the one block of masks follows the last draft, and is of use if that was accepted
    const wasted = scheme === "linear" && accepted < before.length
    const follow: Next = wasted ? { drafts: [], proposals: [] }
      : drafts === undefined ? yield* next
      : { drafts: yield* drafts(bonus, position), proposals: [] }
    yield* done
    return [[taken], Option.some<State>(
      { ...follow, tokens: [bonus, ...follow.drafts], from: position, made: total })] as const
  })
  const start: State = { tokens: given, from: 0, drafts: [], proposals: [], made: 0 }
  return Stream.paginate(start, step)
}))

/** The steps by which a prompt is continued, with programs of its own. */
export const steps = (
  model: Transformer, adapted: Adapted, way: Way, given: ReadonlyArray<number>, settings: Settings, drafts?: Drafts
): Stream.Stream<Step, DecodeError | BackendError | ShapeError, Backend> =>
  Stream.unwrap(Effect.map(programs(model, adapted, way), (made) => stepsOf(model, made, given, settings, drafts)))
