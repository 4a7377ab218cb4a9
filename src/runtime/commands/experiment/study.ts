/**
 * The experiment of multi-token prediction (2507.11851, section 4) on the embedded model, part by part: adapters for a
 * predictable kind of text and for prose, tokens a step by number of masks, every token compared with plain greedy
 * decoding, time beside plain decoding on models of several widths, and the ablations.
 */
import { Effect, Path } from "effect"
import * as Key from "../../../core/key.ts"
import { trackedForEach } from "../../../core/progress.ts"
import type { Tokens } from "../../../methods/language/corpus.ts"
import { hyperClone } from "../../../methods/language/hypercloning/index.ts"
import { open } from "../../../methods/language/model-folder.ts"
import type { Model } from "../../../methods/language/model.ts"
import { MultiToken, ownText, repeat } from "../../../methods/language/multi-token/index.ts"
import { embedded } from "../../embedded.ts"
import { parameterCount } from "../parameter-count.ts"
import { readText, tokensOf } from "../text.ts"
import { Ids, type Look, Pace, Rate, Repetition, Texts } from "./findings-codec.ts"
import type { Run } from "./learn.ts"
import { learn } from "./learn.ts"
import type { Decoding } from "./measure.ts"
import { counted, described, paced, plainTexts, promptsOf, repetition } from "./measure.ts"
import { part } from "./part.ts"
import type { Learning, Prompts, Size } from "./size.ts"

/** Kinds of text: the predictable one first. */
export const kinds = ["records", "prose"] as const
export type Kind = (typeof kinds)[number]

/** Prompts on which greedy text is compared: of both kinds, and such as the model has never seen. */
export const promptSets = [...kinds, "random tokens"] as const
type PromptSet = (typeof promptSets)[number]
type Prompted = ReadonlyArray<ReadonlyArray<number>>

/** What was found; lists are in the order of the parts. */
export interface Findings {
  readonly parameters: number
  readonly mains: ReadonlyArray<{ readonly kind: Kind, readonly looks: ReadonlyArray<Look> }>
  readonly rates: ReadonlyArray<{ readonly kind: Kind, readonly decoding: Decoding, readonly rate: Rate }>
  /** Of the greedy texts of each kind, how much is repetition. */
  readonly repetitions: ReadonlyArray<Repetition & { readonly kind: Kind }>
  readonly compared: ReadonlyArray<{ readonly prompts: string, readonly decoding: Decoding, readonly rate: Rate }>
  readonly paces: ReadonlyArray<{
    readonly kind: Kind, readonly width: number, readonly parameters: number, readonly pace: Pace
  }>
  readonly ablations: ReadonlyArray<{ readonly run: Run, readonly looks: ReadonlyArray<Look>, readonly rate?: Rate }>
}

/** Whole numbers from 1. */
const upTo = (last: number): ReadonlyArray<number> => Array.from({ length: last }, (_, index) => index + 1)

/** 1, 2, 4, ... up to a number of masks. */
const doubled = (masks: number): ReadonlyArray<number> =>
  upTo(masks).filter((count) => Number.isInteger(Math.log2(count)))

/** What tokens a step are counted for. */
const counting = (masks: number): ReadonlyArray<Decoding> => [
  ...upTo(masks).map((masks): Decoding => ({ scheme: "quadratic", masks, sampler: true })),
  ...doubled(masks).flatMap((masks): ReadonlyArray<Decoding> => [
    { scheme: "linear", masks, sampler: true },
    { scheme: "quadratic", masks, sampler: false },
    { scheme: "linear", masks, sampler: false },
    { scheme: "quadratic", masks, sampler: true, temperature: 1 }
  ])
]

const compared = (masks: number): ReadonlyArray<Decoding> =>
  (["linear", "quadratic"] as const).flatMap((scheme) => [true, false].map((sampler) => ({ scheme, masks, sampler })))

/** What is timed. */
export const timing = (masks: number): ReadonlyArray<Decoding> =>
  (["linear", "quadratic"] as const).flatMap((scheme) =>
    doubled(masks).map((masks) => ({ scheme, masks, sampler: true })))

/** The runs of the ablations: the first is what the others differ from. */
const ablations = ({ ablation: learning, ranks }: Size): ReadonlyArray<Run> => [
  { name: "as the paper", learning },
  { name: "plain LoRA", learning, gated: false },
  { name: "no latent consistency", learning, consistency: 0 },
  { name: "no sampler head", learning, sampler: false },
  ...ranks.filter((rank) => rank !== learning.rank)
    .map((rank) => ({ name: `rank ${rank}`, learning: { ...learning, rank } }))
]

const slug = (name: string): string => name.replaceAll(/[^a-z0-9]+/gi, "-")

/** The stages of the experiment, each of which leaves its parts in the folder and finds those that are there. */
export const stages = Effect.fnUntraced(function*(folder: string, size: Size, seed: number) {
  const path = yield* Path.Path
  const model = yield* open(embedded.model)
  const { architecture } = model
  const read = (file: string) => Effect.flatMap(readText(file), (text) => tokensOf(text, file, model))
  const heldOut = { records: yield* read(embedded.records.heldOut), prose: yield* read(embedded.prose.heldOut) }
  const parts = path.join(folder, "parts")
  const load = (name: string) => MultiToken.load(architecture, path.join(folder, "adapters", name))

  /** The model's own continuations of pieces of the training text. */
  const own = (kind: Kind) => part(parts, `own-${kind}`, { kind, seed, ...size.own }, Ids,
    Effect.gen(function*() {
      const tokens = yield* read(embedded[kind].train)
      return Array.from(yield* ownText(model, tokens, { ...size.own, key: Key.fold(Key.make(seed), 11) }))
    })).pipe(Effect.map((ids): Tokens => Uint32Array.from(ids)))

  const run = (kind: Kind, of: Run) => Effect.flatMap(own(kind), (tokens) =>
    learn(folder, model, tokens, heldOut[kind], size, seed, { ...of, name: slug(of.name) }))

  const main = (kind: Kind) =>
    Effect.map(run(kind, { name: kind, learning: size.main[kind] }), (looks) => ({ kind, looks }))

  const greedy = (name: string, prompts: Prompted, asked: Prompts) =>
    part(parts, slug(`plain-${name}`), { ...asked, seed }, Texts, plainTexts(model, prompts, asked.tokens))

  const count = Effect.fnUntraced(function*(
    name: string, { adapter, learning }: { readonly adapter: string, readonly learning: Learning },
    decoding: Decoding, prompts: Prompted, asked: Prompts, plain: Prompted
  ) {
    return yield* part(parts, slug(`${name}-${described(decoding)}`), { adapter, learning, decoding, asked, seed }, Rate,
      Effect.scoped(Effect.flatMap(load(adapter), (adapted) =>
        counted(model, adapted, decoding, prompts, asked.tokens, plain))))
  })

  const rates = Effect.fnUntraced(function*(kind: Kind) {
    const prompts = promptsOf(heldOut[kind], size.counted)
    const plain = yield* greedy(`counted-${kind}`, prompts, size.counted)
    const of = { adapter: kind, learning: size.main[kind] }
    return yield* trackedForEach({ name: `tokens a step of ${kind}`, unit: "way" }, counting(size.masks), (decoding) =>
      Effect.map(count(`rate-${kind}`, of, decoding, prompts, size.counted, plain), (rate) => ({ kind, decoding, rate })))
  })

  const repeats = (kind: Kind) => Effect.scoped(Effect.gen(function*() {
    const way = { scheme: "quadratic", masks: size.masks } as const
    const asked = { adapter: kind, learning: size.main[kind], way, asked: size.counted, seed }
    const found = yield* part(parts, `repetition-${kind}`, asked, Repetition, Effect.flatMap(load(kind), (adapted) =>
      repetition(model, adapted, way, promptsOf(heldOut[kind], size.counted), size.counted.tokens)))
    return { kind, ...found }
  }))

  const sets: Readonly<Record<PromptSet, { readonly adapter: Kind, readonly prompts: Prompted }>> = {
    records: { adapter: "records", prompts: promptsOf(heldOut.records, size.compared) },
    prose: { adapter: "prose", prompts: promptsOf(heldOut.prose, size.compared) },
    "random tokens": {
      adapter: "records",
      prompts: Key.split(Key.fold(Key.make(seed), 12), size.compared.count).map((key) =>
        Array.from(Key.integers(key, size.compared.length, architecture.vocabulary)))
    }
  }

  const compare = Effect.fnUntraced(function*(set: PromptSet) {
    const { adapter, prompts } = sets[set]
    const plain = yield* greedy(`compared-${set}`, prompts, size.compared)
    const of = { adapter, learning: size.main[adapter] }
    return yield* trackedForEach({ name: `compared on ${set}`, unit: "way" }, compared(size.masks), (decoding) =>
      Effect.map(count(`compared-${set}`, of, decoding, prompts, size.compared, plain), (rate) =>
        ({ prompts: set, decoding, rate })))
  })

  const pace = (kind: Kind, width: number) => Effect.scoped(Effect.gen(function*() {
    // the same function, so what an adapter of the model drafts is what the widened adapter drafts
    const wide: Model = width === 1 ? model : yield* hyperClone(model, { width, tiedHead: "untie", seed })
    const asked = { width, timed: size.timed, learning: size.main[kind], seed }
    const found = yield* part(parts, `pace-${kind}-${width}`, asked, Pace, Effect.gen(function*() {
      const narrow = yield* load(kind)
      const adapted = width === 1 ? narrow : yield* repeat(model, narrow, wide)
      const prompts = promptsOf(heldOut[kind], size.timed)
      return yield* paced(wide, adapted, timing(size.masks), prompts, size.timed.tokens)
    }))
    return { kind, width, parameters: parameterCount(wide.architecture), pace: found }
  }))

  const ablation = Effect.fnUntraced(function*(of: Run) {
    const looks = yield* run("records", of)
    // without a gate the text is not the model's, so there is nothing to count
    if (of.gated === false) return { run: of, looks }
    const prompts = promptsOf(heldOut.records, size.counted)
    const plain = yield* greedy("counted-records", prompts, size.counted)
    const decoding: Decoding = { scheme: "quadratic", masks: size.masks, sampler: of.sampler ?? true }
    const what = { adapter: slug(of.name), learning: of.learning }
    return { run: of, looks, rate: yield* count(`ablation-${of.name}`, what, decoding, prompts, size.counted, plain) }
  })

  return {
    parameters: parameterCount(architecture), ablations: ablations(size),
    main, rates, repeats, compare, pace, ablation
  }
})

export const study = (folder: string, size: Size, seed: number) => Effect.gen(function*() {
  const stage = yield* stages(folder, size, seed)
  const mains = yield* trackedForEach({ name: "adapters", unit: "adapter" }, kinds, stage.main)
  const rates = yield* Effect.forEach(kinds, stage.rates)
  const repetitions = yield* Effect.forEach(kinds, stage.repeats)
  const compared = yield* Effect.forEach(promptSets, stage.compare)
  const paces = yield* trackedForEach({ name: "timed", unit: "width" }, size.widths, (width) =>
    Effect.forEach(kinds, (kind) => stage.pace(kind, width)))
  const ablations = yield* trackedForEach({ name: "ablations", unit: "run" }, stage.ablations, stage.ablation)
  return {
    parameters: stage.parameters, mains, rates: rates.flat(), repetitions, compared: compared.flat(),
    paces: paces.flat(), ablations
  } satisfies Findings
})
