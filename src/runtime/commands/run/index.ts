/**
 * The main job, on the model that this project trained: how well it predicts held-out text; grown by every variant of
 * HyperCloning with every logit unchanged; and then trained on, against the same architecture from random weights.
 */
import { Effect, FileSystem, Path } from "effect"
import { fromEither } from "../../../core/codec.ts"
import { print } from "../../../core/document.ts"
import { writeFileAside } from "../../../methods/language/aside.ts"
import { layer } from "../../backend.ts"
import { embedded } from "../../embedded.ts"
import { versions } from "../../package.ts"
import { writeReport } from "../../report/report.ts"
import type { Outcome, RunRequest } from "../request.ts"
import { findings } from "./findings.ts"
import { brief, full as whole } from "./size.ts"
import { study } from "./study.ts"

/** Runs the job, writes its report and figures into the folder, and gives what the terminal shows. */
export const run = ({ full, out, settings }: RunRequest) => Effect.gen(function*() {
  const path = yield* Path.Path
  const fs = yield* FileSystem.FileSystem
  // a place that cannot be a folder is refused before the work, not after it
  yield* fs.exists(path.join(out, "report.html"))
  const size = full ? whole : brief
  const { title, summary, report, tables, plots } =
    findings(yield* study(embedded, size, settings.seed), size, settings)
  const file =
    yield* writeReport(path.join(out, "report.html"), {
      title,
      summary,
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
      figures: report.figures,
      plots,
      tables
    })
  const document = path.join(out, "figures.json")
  const text = yield* fromEither(print(report))
  yield* writeFileAside(document, [Effect.sync(() => new TextEncoder().encode(`${text}\n`))])
  return { report, tables, plots, written: { report: file, figures: document } } satisfies Outcome
}).pipe(Effect.provide(layer(settings)))
