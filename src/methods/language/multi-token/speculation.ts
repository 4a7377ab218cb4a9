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
import { Backend as Backends } from "../../../algebra/backend.ts"
import * as Key from "../../../core/key.ts"
import type { DecodeError, Settings } from "../decode.ts"
import { plan, refuse } from "../decode.ts"
import type { Sampling } from "../sampling.ts"
import { candidates, draw } from "../sampling.ts"
import type { Transformer } from "../weights.ts"
import { certain, longestPrefix, settled } from "./acceptance.ts"
import type { Scheme } from "./configuration.ts"
import type { Adapted, MaskLatents } from "./verification.ts"
import { drafter, verifier } from "./verification.ts"

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
  drafts: ReadonlyArray<number>, logits: Float32Array, vocabulary: number, sampling: Sampling, key: Key.Key,
  made: number
): Verdict => {
  const target = (place: number) =>
    candidates(logits.subarray(place * vocabulary, (place + 1) * vocabulary), sampling)
  for (const [place, draft] of drafts.entries()) {
    const [first = 0, second = 0] = Key.uniform(Key.fold(key, made + place), 2)
    const { token, accepted } = settled(target(place), certain(draft), draft, [first, second])
    if (!accepted) return { accepted: place, bonus: token }
  }
  const [uniform = 0] = Key.uniform(Key.fold(key, made + drafts.length), 1)
  return { accepted: drafts.length, bonus: draw(target(drafts.length), uniform) }
}

/** Where drafts come from: given the token that they follow and its position, and the latents of the masks after it. */
export type Drafts = (bonus: number, position: number, latents: MaskLatents, groups: number, group: number) =>
  Effect.Effect<ReadonlyArray<number>, BackendError | ShapeError>

/**
 * The steps by which a prompt is continued, with the adapter's drafts unless others are given. An end token is not
 * given. May be left between steps.
 */
export const steps = (
  model: Transformer, adapted: Adapted, scheme: Scheme, given: ReadonlyArray<number>, settings: Settings,
  drafts?: Drafts
): Stream.Stream<Step, DecodeError | BackendError | ShapeError, Backend> => Stream.unwrap(Effect.gen(function*() {
  const { vocabulary, tokens: { end: ends } } = model.architecture
  const { sampling, allowed: [allowed = 0] } = yield* plan(model.architecture, [given], settings)
  if (allowed === 0) return Stream.empty
  const { key = Key.make(0), end = ends } = settings
  const { masks } = adapted.shape
  const backend = yield* Backends
  const room = 64 * Math.ceil((given.length + allowed + masks) / 64)
  const { read } = yield* verifier(model, adapted, room, scheme === "quadratic" ? masks + 1 : 1)
  const own = yield* drafter(model, adapted)
  const draft: Drafts = drafts ?? ((bonus, _, latents, groups, group) => own(latents, groups, group, bonus))

  const step = Effect.fnUntraced(function*({ tokens, from, drafts, made }: State) {
    const newest = tokens.length - 1 - drafts.length
    const masked = scheme === "linear" ? [tokens.length - 1]
      : Array.from({ length: drafts.length + 1 }, (_, group) => newest + group)
    const { likeliest, logits, latents } = yield* read(
      { tokens, from, judged: drafts.length + 1, masked }, sampling.temperature === 0 ? "likeliest" : "logits")
    const verdict = logits === undefined ? greedily(drafts, likeliest, vocabulary)
      : logits.some(Number.isNaN) ? { accepted: 0, bonus: vocabulary }
      : randomly(drafts, logits, vocabulary, sampling, Key.fold(key, 0), made)
    const { accepted, bonus } = verdict
    if (bonus >= vocabulary) return yield* refuse("prompt 0", "the logits of the model are not numbers")

    const whole = [...drafts.slice(0, accepted), bonus].slice(0, allowed - made)
    const ended = whole.findIndex((token) => end.includes(token))
    const done: Step = { drafts, accepted, tokens: ended === -1 ? whole : whole.slice(0, ended) }
    const total = made + whole.length
    if (ended !== -1 || total >= allowed) {
      yield* backend.free(latents)
      return [[done], Option.none<State>()] as const
    }
    // in linear decoding the one block of masks follows the last draft, and is of use if that was accepted
    const group = scheme === "quadratic" ? accepted : accepted === drafts.length ? 0 : undefined
    const position = from + newest + accepted + 1
    const next = group === undefined ? [] : yield* draft(bonus, position, latents, masked.length, group)
    yield* backend.free(latents)
    const state: State = { tokens: [bonus, ...next], from: position, drafts: next, made: total }
    return [[done], Option.some(state)] as const
  })
  const start: State = { tokens: given, from: 0, drafts: [], made: 0 }
  return Stream.paginate(start, step)
}))
