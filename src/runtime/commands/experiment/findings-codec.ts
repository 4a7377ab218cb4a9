/** What the files of an experiment hold, as codecs. */
import * as t from "io-ts"

/** The codec of a result, which is written as it encodes it. */
export type ResultCodec<A> = t.Type<A, unknown>

/** A part: what it was asked for with, and its result. */
export const partOf = <A>(result: ResultCodec<A>) => t.strict({ asked: t.UnknownRecord, result }, "a part")

/** A list of token ids, and texts of them. */
export const Ids = t.readonlyArray(t.number)
export const Texts = t.readonlyArray(Ids)

/** A look at an adapter after `step` steps: losses on held-out windows, and the digest of the next-token logits. */
export const Look = t.readonly(t.intersection([
  t.strict({
    step: t.number, seconds: t.number, nextToken: t.number, masks: t.number, consistency: t.number, logits: t.string,
    /** The loss of every step since the look before. */
    losses: t.readonlyArray(t.number)
  }),
  t.partial({ sampler: t.number })
]), "a look at an adapter")
export type Look = t.TypeOf<typeof Look>

/** Tokens and steps of a decoding, prompts' own steps left out, and how many tokens are not those of plain decoding. */
export const Rate = t.readonly(t.strict({
  tokens: t.number, steps: t.number, compared: t.number, differing: t.number
}), "tokens a step")
export type Rate = t.TypeOf<typeof Rate>

/** What a step takes: seconds by the clock, and seconds of processors that this process was given. */
export const Cost = t.readonly(t.strict({ clock: t.number, processor: t.number }), "the cost of a step")
export type Cost = t.TypeOf<typeof Cost>

/** Tenth percentiles of the cost of a step, of plain decoding and of others by turns; tokens and steps of these. */
export const Pace = t.readonly(t.strict({
  plain: Cost,
  ways: t.readonlyArray(t.readonly(t.strict({ step: Cost, tokens: t.number, steps: t.number })))
}), "times of steps")
export type Pace = t.TypeOf<typeof Pace>

/** How much of greedy text is repeated, and tokens and steps where it is not. */
export const Repetition = t.readonly(t.strict({ share: t.number, tokens: t.number, steps: t.number }), "repetition")
export type Repetition = t.TypeOf<typeof Repetition>
