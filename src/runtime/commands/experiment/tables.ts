/** The findings of the experiment as laws, figures, tables and plots. */
import type { Figure } from "../../../core/document.ts"
import type { Verdict } from "../../../core/law.ts"
import { judge, observe } from "../../../core/law.ts"
import { preservation } from "../../../methods/language/multi-token/index.ts"
import { quantity } from "../../figures.ts"
import type { Plot, Table } from "../../report/content.ts"
import { figure } from "../request.ts"
import type { Cost, Pace } from "./findings-codec.ts"
import type { Decoding } from "./measure.ts"
import { described, repeatedRun } from "./measure.ts"
import { paperRows } from "./paper.ts"
import type { Learning, Size } from "./size.ts"
import type { Findings, Kind } from "./study.ts"
import { kinds, timing } from "./study.ts"

const upTo = (last: number): ReadonlyArray<number> => Array.from({ length: last }, (_, index) => index + 1)
const fixed = (value: number, digits = 2): string => Number.isFinite(value) ? value.toFixed(digits) : ""

/** The acceptance rate of each decoding of a kind of text. */
const rateOf = ({ rates }: Findings, kind: Kind, of: Decoding): number => {
  const found = rates.find((each) => each.kind === kind && described(each.decoding) === described(of))
  return found === undefined ? NaN : preservation.rate(found.rate)
}

/**
 * The chance that a draft is accepted, if it were the same for every draft: the root of E = (1 - a^(k+1)) / (1 - a),
 * what quadratic decoding gives then.
 */
export const impliedAcceptance = (rate: number, masks: number): number => {
  let [low, high] = [0, 1]
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + high) / 2
    const expected = upTo(masks + 1).reduce((sum, _, power) => sum + middle ** power, 0)
    if (expected < rate) low = middle
    else high = middle
  }
  return (low + high) / 2
}

const decodings: ReadonlyArray<Omit<Decoding, "masks"> & { readonly name: string }> = [
  { name: "quadratic, sampler", scheme: "quadratic", sampler: true },
  { name: "quadratic, no sampler", scheme: "quadratic", sampler: false },
  { name: "linear, sampler", scheme: "linear", sampler: true },
  { name: "linear, no sampler", scheme: "linear", sampler: false },
  { name: "quadratic, temperature 1", scheme: "quadratic", sampler: true, temperature: 1 }
]

export const rateTable = (found: Findings, { masks }: Size): Table => ({
  title: "Tokens a step by number of masks",
  heading: ["text", "decoding", ...upTo(masks).map((k) => `k = ${k}`), "implied acceptance"],
  rows: [
    ...kinds.flatMap((kind) => decodings.map(({ name, ...decoding }) => {
      const rates = upTo(masks).map((masks) => rateOf(found, kind, { ...decoding, masks }))
      const last = rates.at(-1) ?? NaN
      return [kind, name, ...rates.map((rate) => fixed(rate)),
        decoding.scheme === "quadratic" ? fixed(impliedAcceptance(last, masks)) : ""]
    })),
    ...paperRows.map(({ text, rates }) => [`paper: ${text}`, "8B model",
      ...upTo(masks).map((k) => fixed(rates[k] ?? NaN)), fixed(impliedAcceptance(rates[masks] ?? NaN, masks))])
  ]
})

/** How many times as fast as plain decoding a way is, by the clock or by the processor. */
const speedUp = (of: keyof Cost, plain: Cost, { step, tokens, steps }: Pace["ways"][number]): number =>
  tokens / steps * plain[of] / step[of]

export const paceTable = ({ paces }: Findings, { masks }: Size): Table => ({
  title: "Time beside plain decoding, one thread, tenth percentiles",
  heading: [
    "text", "weights", "decoding", "entries", "tokens a step", "ms a step", "plain", "speed-up", "ms of processor",
    "plain", "break-even tokens a step", "speed-up"
  ],
  rows: paces.flatMap(({ kind, parameters, pace: { plain, ways } }) => ways.flatMap((way, index) => {
    const decoding = timing(masks)[index]
    if (decoding === undefined) return []
    const entries = decoding.scheme === "linear" ? 2 * decoding.masks + 1 : (decoding.masks + 1) ** 2
    return [[
      kind, parameters.toLocaleString("en"), described(decoding), quantity(entries), fixed(way.tokens / way.steps),
      fixed(way.step.clock * 1e3, 3), fixed(plain.clock * 1e3, 3), fixed(speedUp("clock", plain, way)),
      fixed(way.step.processor * 1e3, 3), fixed(plain.processor * 1e3, 3),
      fixed(way.step.processor / plain.processor), fixed(speedUp("processor", plain, way))
    ]]
  }))
})

export const ablationTable = ({ ablations }: Findings): Table => ({
  title: "Ablations: short runs on records, quadratic decoding",
  heading: [
    "run", "tokens a step", "loss of masks", "loss of the sampler", "latent consistency", "next-token loss before",
    "after"
  ],
  rows: ablations.map(({ run, looks, rate }) => {
    const [first, last] = [looks[0], looks.at(-1)]
    return [run.name, rate === undefined ? "" : fixed(preservation.rate(rate), 3), fixed(last?.masks ?? NaN, 3),
      fixed(last?.sampler ?? NaN, 3), fixed(last?.consistency ?? NaN, 3), fixed(first?.nextToken ?? NaN, 6),
      fixed(last?.nextToken ?? NaN, 6)]
  })
})

export const comparedTable = ({ compared }: Findings): Table => ({
  title: "Greedy text beside plain decoding, token by token",
  heading: ["prompts", "decoding", "tokens", "that differ", "tokens a step"],
  rows: compared.map(({ prompts, decoding, rate }) =>
    [prompts, described(decoding), quantity(rate.compared), quantity(rate.differing), fixed(preservation.rate(rate))])
})

const trained = ({ steps, batch, time, rank }: Learning): string => `${steps} steps of ${batch} x ${time} tokens, rank ${rank}`

/** What was done, in words. */
export const summaryOf = (
  { parameters }: Findings, { masks, main: { records, prose }, own, ablation, counted }: Size
): string => [
  `A model of ${parameters.toLocaleString("en")} parameters that this project trained gets ${masks} mask tokens, gated`,
  "low-rank terms and a sampler head (2507.11851), one adapter for each kind of text: records",
  `(${trained(records)}) and prose (${trained(prose)}). They learn from ${own.texts.toLocaleString("en")} greedy`,
  `continuations by the model itself of ${own.given} tokens of training text.`,
  `Tokens a step are counted on ${counted.count} continuations of held-out text by ${counted.tokens} tokens; the step`,
  "that reads a prompt is left out. Every text is compared with plain greedy decoding, token by token.\n\n",
  `Ablations are short runs on records (${trained(ablation)} where nothing else is said).`,
  "Wider models are this model with every feature repeated by HyperCloning, and its adapter likewise: text and drafts",
  "are the same, and only the time differs. Rows of the paper are of a model 16,000 times as large on other text."
].join(" ")

export const lawsOf = ({ mains, ablations, compared, rates }: Findings): ReadonlyArray<Verdict> => {
  const all = [...compared, ...rates].map(({ rate }) => rate)
  // each look of a run beside its first, when the adapter had learned nothing
  const gated = [...mains, ...ablations.filter(({ run }) => run.gated !== false)]
    .map(({ looks }) => looks.map(({ logits }) => logits))
  const wrong = gated.flatMap((of) => of.filter((digest) => digest !== of[0])).length
  return [
    judge(preservation.sameGreedyText, {
      ...observe(all.reduce((sum, { differing }) => sum + differing, 0), ""),
      cases: all.reduce((sum, { compared }) => sum + compared, 0)
    }),
    judge(preservation.sameBits, { ...observe(wrong, ""), cases: gated.flat().length })
  ]
}

export const figuresOf = (found: Findings, { masks }: Size, seconds: number): ReadonlyArray<Figure> => [
  figure("parameters of the model", found.parameters, "weights"),
  ...kinds.map((kind) => figure(`${kind}: accepted with each step, ${masks} masks, quadratic`,
    rateOf(found, kind, { scheme: "quadratic", masks, sampler: true }), "tokens a step")),
  ...found.repetitions.flatMap(({ kind, share, ...fresh }) => [
    figure(`${kind}: greedy tokens that end a run of ${repeatedRun} seen before in the text`, share, "of 1"),
    figure(`${kind}: accepted with each step that begins with another token`, preservation.rate(fresh), "tokens a step")
  ]),
  ...found.paces.map(({ kind, parameters, pace: { plain, ways } }) => figure(
    `${kind}: best speed-up on ${parameters.toLocaleString("en")} weights, processor time`,
    Math.max(...ways.map((way) => speedUp("processor", plain, way))), "times")),
  figure("time of this invocation", seconds, "s")
]

const nextTokenOf = (found: Findings) => found.ablations
  .filter(({ run }) => run.name === "as the paper" || run.gated === false)
  .map(({ run, looks }) => ({
    name: run.gated === false ? "plain LoRA" : "gated LoRA",
    points: looks.map(({ step, nextToken }) => [step, nextToken] as const)
  }))

/** Means of single losses over a few steps, which are too noisy to read. */
const smooth = (losses: ReadonlyArray<number>, span: number): ReadonlyArray<readonly [number, number]> =>
  losses.map((_, index) => {
    const near = losses.slice(Math.max(0, index - span + 1), index + 1)
    return [index + 1, near.reduce((sum, loss) => sum + loss, 0) / near.length]
  })

export const plotsOf = (found: Findings, size: Size): ReadonlyArray<Plot> => [
  {
    title: "Tokens a step by number of masks", x: "masks", y: "tokens a step",
    series: kinds.flatMap((kind) => [true, false].map((sampler) => ({
      name: `${kind}, quadratic${sampler ? "" : ", no sampler"}`,
      points: upTo(size.masks).map((masks) =>
        [masks, rateOf(found, kind, { scheme: "quadratic", masks, sampler })] as const)
    })))
  },
  {
    title: "Next-token loss on held-out records while an adapter is trained", x: "step", y: "loss (nats a token)",
    series: nextTokenOf(found)
  },
  {
    title: "Training loss, mean of 20 steps", x: "step", y: "loss (nats an entry)",
    series: found.mains.map(({ kind, looks }) =>
      ({ name: kind, points: smooth(looks.flatMap(({ losses }) => losses), 20) }))
  }
]
