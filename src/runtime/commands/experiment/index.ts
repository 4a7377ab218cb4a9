/**
 * An experiment with a published method, long enough to be repeated rather than run with the tests: it goes on where it
 * was stopped, and its report is made from the files that its parts leave.
 */
import { Clock, Effect, Path } from "effect"
import { fromEither } from "../../../core/codec.ts"
import { print } from "../../../core/document.ts"
import { writeFileAside } from "../../../methods/language/aside.ts"
import { MultiToken } from "../../../methods/language/multi-token/index.ts"
import { layer } from "../../backend.ts"
import { versions } from "../../package.ts"
import { writeReport } from "../../report/report.ts"
import type { ExperimentRequest, Outcome } from "../request.ts"
import { brief, full as whole } from "./size.ts"
import { study } from "./study.ts"
import { ablationTable, comparedTable, figuresOf, lawsOf, paceTable, plotsOf, rateTable, summaryOf } from "./tables.ts"

export const experiment = ({ full, out, settings }: ExperimentRequest) => Effect.scoped(Effect.gen(function*() {
  const path = yield* Path.Path
  const began = yield* Clock.currentTimeMillis
  const size = full ? whole : brief
  const found = yield* study(out, size, settings.seed)
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
  const tables = [rateTable(found, size), paceTable(found, size), ablationTable(found), comparedTable(found)]
  const plots = plotsOf(found, size)
  const report = {
    method: MultiToken.name, backend: settings.backend, seed: settings.seed,
    laws: lawsOf(found), figures: figuresOf(found, size, seconds)
  }
  const file = yield* writeReport(path.join(out, "report.html"), {
    title: "Multi-token prediction with gated LoRA: several tokens a step, and not one token changed",
    summary: summaryOf(found, size),
    ran: {
      command: `noether experiment multi-token${full ? " --full" : ""} --seed ${settings.seed}`,
      backend: settings.backend, threads: settings.threads, seed: settings.seed,
      model: "models/default", data: "data/records, data/prose (public domain)", ...versions()
    },
    laws: report.laws, figures: report.figures, plots, tables
  })
  const document = path.join(out, "figures.json")
  const text = yield* fromEither(print(report))
  yield* writeFileAside(document, [Effect.sync(() => new TextEncoder().encode(`${text}\n`))])
  return { report, tables, plots, written: { report: file, figures: document } } satisfies Outcome
})).pipe(Effect.provide(layer(settings)))
