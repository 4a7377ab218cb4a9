/**
 * The study of guiding states: every part of it measured here, in one report. The paper's own figures are not quoted:
 * its systems are larger, and its numbers were not at hand.
 */
import { Clock, Effect, Path } from "effect"
import { print } from "../../../../core/document.ts"
import { fromEither } from "../../../../core/codec.ts"
import { writeFileAside } from "../../../../methods/language/aside.ts"
import { layer } from "../../../backend.ts"
import { versions } from "../../../package.ts"
import { writeReport } from "../../../report/report.ts"
import { figure, type Outcome } from "../../request.ts"
import type { GuideStudyRequest } from "../request.ts"
import { chains } from "./chains.ts"
import { cores } from "./cores.ts"
import { dissociation } from "./dissociation.ts"
import { impurities } from "./impurities.ts"
import { verdicts } from "./part.ts"
import { phaseEstimation } from "./phases.ts"
import { piSystems } from "./pi-systems.ts"

/** Makes every part, and writes the report and the figures into the folder. */
export const guideStudy = ({ out, settings }: GuideStudyRequest) => Effect.gen(function*() {
  const path = yield* Path.Path
  const began = yield* Clock.currentTimeMillis
  const parts = yield* Effect.all([
    chains, dissociation, piSystems, impurities, cores, phaseEstimation(settings.seed)
  ])
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
  const tables = parts.flatMap((part) => part.tables)
  const plots = parts.flatMap((part) => part.plots)
  const report = {
    method: "guiding states", backend: settings.backend, seed: settings.seed,
    laws: verdicts(parts.flatMap((part) => part.seen)),
    figures: [...parts.flatMap((part) => part.figures), figure("time", seconds, "s")]
  }
  const file = yield* writeReport(path.join(out, "report.html"), {
    title: "Guiding states: how much of the ground state cheap states hold",
    summary: "Overlaps, as probabilities, of the mean field's determinant and of states of few natural orbitals with "
      + "the exact ground state, in the basis STO-3G: hydrogen chains and rings with their fragments, nitrogen pulled "
      + "apart, pi electrons, impurity models, projected cores; and phase estimation from them on a state vector "
      + "(after 2408.01940). Every number is measured here.",
    ran: {
      command: `noether experiment guiding-states --seed ${settings.seed}`, backend: settings.backend, threads: settings.threads,
      seed: settings.seed, ...versions()
    },
    laws: report.laws, figures: report.figures, plots, tables
  })
  const document = path.join(out, "figures.json")
  const text = yield* fromEither(print(report))
  yield* writeFileAside(document, [Effect.sync(() => new TextEncoder().encode(`${text}\n`))])
  return { report, tables, plots: [], written: { report: file, figures: document } } satisfies Outcome
}).pipe(Effect.provide(layer(settings)))
