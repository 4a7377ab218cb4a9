/**
 * The main job, on the model that this project trained: how well it predicts held-out text; grown by every variant of
 * HyperCloning with every logit unchanged; and then trained on, against the same architecture from random weights.
 */
import { Clock, Effect, FileSystem, Path } from "effect"
import type { Figure } from "../../../core/document.ts"
import * as Stage from "../../../core/stage.ts"
import { open } from "../../../methods/language/model-folder.ts"
import { perplexity } from "../../../methods/language/score.ts"
import { layer } from "../../backend.ts"
import { embedded } from "../../embedded.ts"
import { versions } from "../../package.ts"
import { writeReport } from "../../report/report.ts"
import { print } from "../../../core/document.ts"
import { fromEither } from "../../../core/codec.ts"
import { writeFileAside } from "../../../methods/language/aside.ts"
import { parameterCount } from "../grow.ts"
import { figure, type Outcome, type RunRequest } from "../request.ts"
import { readText, tokensOf } from "../text.ts"
import { compare, curvePlots, curveTable, fewer, finalLoss } from "./compare.ts"
import { conserve, conservedTable } from "./conserve.ts"
import type { Size } from "./size.ts"
import { brief, full as whole } from "./size.ts"

const load = Stage.make("load", () => Effect.gen(function*() {
  const model = yield* open(embedded.model)
  const tokens = (file: string) => Effect.flatMap(readText(file), (text) => tokensOf(text, file, model))
  return {
    model, train: yield* tokens(embedded.prose.train),
    heldOut: yield* tokens(embedded.prose.heldOut), records: yield* tokens(embedded.records.heldOut)
  }
}))

type Loaded = Effect.Success<ReturnType<typeof load.run>>

const study = (size: Size, seed: number) =>
  Stage.make("study", ({ model, train, heldOut, records }: Loaded) =>
    Effect.gen(function* () {
      const scored = yield* perplexity(model, heldOut.slice(0, size.heldOut))
      const recorded = yield* perplexity(model, records.slice(0, size.heldOut))
      const conserved = yield* conserve(model, heldOut, size, seed)
      const curves = yield* compare(model, train, heldOut, size, seed)
      return { model, scored, recorded, conserved, curves }
    })
  )

/** Runs the job, writes its report and figures into the folder, and gives what the terminal shows. */
export const run = ({ full, out, settings }: RunRequest) => Effect.scoped(Effect.gen(function*() {
  const path = yield* Path.Path
  const fs = yield* FileSystem.FileSystem
  // a place that cannot be a folder is refused before the work, not after it
  yield* fs.exists(path.join(out, "report.html"))
  const began = yield* Clock.currentTimeMillis
  const size = full ? whole : brief
  const { model, scored, recorded, conserved, curves } =
    yield* Stage.andThen(load, study(size, settings.seed)).run(undefined)
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000

  const random = curves.find(({ start }) => start === "random")
  const level = random === undefined ? NaN : finalLoss(random)
  const parameters = parameterCount(model.architecture)
  const figures: ReadonlyArray<Figure> = [
    figure("parameters of the source", parameters, "weights"),
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
    {
      name: "fewer steps to the random start's final accuracy, least of three models",
      value: 2.2,
      unit: "times",
      source: "paper"
    },
    {
      name: "fewer steps to the random start's final accuracy, most of three models",
      value: 4,
      unit: "times",
      source: "paper"
    },
    figure("time", seconds, "s")
  ]
  const report = {
    method: "HyperCloning", backend: settings.backend, seed: settings.seed,
    laws: conserved.flatMap(({ logits, text }) => [logits, text]), figures
  }
  const tables = [conservedTable(conserved), curveTable(curves)]
  const plots = curvePlots(curves)
  const { training } = size
  const file =
    yield* writeReport(path.join(out, "report.html"), {
      title: "HyperCloning: a wider model, and every logit the same",
      summary: `A model of ${parameters.toLocaleString("en")} parameters that this project trained is made ${size.width} times as wide by the four variants of HyperCloning (2409.12903). Its logits and its greedy text on held-out prose are compared with those of its source. Then the grown model, the grown model with noise, and random weights of the same size are trained for ${training.steps} steps on the same batches of ${training.batch} x ${training.time} tokens.`,
      ran: {
        command: `noether run${full ? " --full" : ""} --seed ${settings.seed}`,
        backend: settings.backend,
        threads: settings.threads,
        seed: settings.seed,
        model: "models/default",
        data: "data/prose (public domain)",
        ...versions()
      },
      laws: report.laws,
      figures,
      plots,
      tables
    })
  const document = path.join(out, "figures.json")
  const text = yield* fromEither(print(report))
  yield* writeFileAside(document, [Effect.sync(() => new TextEncoder().encode(`${text}\n`))])
  return { report, tables, plots, written: { report: file, figures: document } } satisfies Outcome
})).pipe(Effect.provide(layer(settings)))
