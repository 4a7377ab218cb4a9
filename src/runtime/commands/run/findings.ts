/** What the main job found, for people and for machines: laws, figures, tables and curves, and what a report says. */
import type { Figure, Report } from "../../../core/document.ts"
import { measured as figure } from "../measured.ts"
import { parameterCount } from "../parameter-count.ts"
import { curvePlots, curveTable, fewer, finalLoss } from "./curves.ts"
import { conservedTable } from "./conserve.ts"
import type { Size } from "./size.ts"
import type { Study } from "./study.ts"

const quoted = (name: string, value: number): Figure => ({ name, value, unit: "times", source: "paper" })

const figuresOf = ({ architecture, scored, recorded, conserved, curves, seconds }: Study): ReadonlyArray<Figure> => {
  const random = curves.find(({ start }) => start === "random")
  const level = random === undefined ? NaN : finalLoss(random)
  return [
    figure("parameters of the source", parameterCount(architecture), "weights"),
    figure("perplexity of the source on held-out prose", scored.perplexity, "a token"),
    figure("perplexity of the source on held-out records", recorded.perplexity, "a token"),
    figure("held-out tokens of each", scored.tokens, "tokens"),
    ...conserved.map(({ variant, deviation }) =>
      figure(`largest difference of a logit (${variant})`, deviation.absolute, "")
    ),
    ...curves.map((curve) => figure(`final held-out loss (${curve.start})`, finalLoss(curve), "nats a token")),
    ...curves
      .filter(({ start }) => start !== "random")
      .flatMap((curve) => {
        const ratio = fewer(curve, level)
        return ratio === undefined
          ? []
          : [figure(`fewer steps to the random start's final loss (${curve.start})`, ratio, "times")]
      }),
    quoted("fewer steps to the random start's final accuracy, least of three models", 2.2),
    quoted("fewer steps to the random start's final accuracy, most of three models", 4),
    figure("time", seconds, "s")
  ]
}

const summary = (study: Study, { width, training: { steps, batch, time } }: Size): string =>
  `A model of ${parameterCount(study.architecture).toLocaleString("en")} parameters that this project trained is made ${width} times as wide by the four variants of HyperCloning (2409.12903). Its logits and its greedy text on held-out prose are compared with those of its source. Then the grown model, the grown model with noise, and random weights of the same size are trained for ${steps} steps on the same batches of ${batch} x ${time} tokens.`

/** The document of the job, its tables and plots, and the words of its report. */
export const findings = (study: Study, size: Size, { backend, seed }: Pick<Report, "backend" | "seed">) => ({
  title: "HyperCloning: a wider model, and every logit the same",
  summary: summary(study, size),
  report: {
    method: "HyperCloning", backend, seed,
    laws: study.conserved.flatMap(({ logits, text }) => [logits, text]),
    figures: figuresOf(study)
  } satisfies Report,
  tables: [conservedTable(study.conserved), curveTable(study.curves)],
  plots: curvePlots(study.curves)
})

/** What the job found, as it is shown. */
export type Findings = ReturnType<typeof findings>
