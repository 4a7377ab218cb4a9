/** The main job's part of the page: its settings, its progress and growing curves, and what it found. */
import type { ReportContent } from "../src/runtime/report/html.ts"
import { html, plotFigure, sections } from "../src/runtime/report/html.ts"
import { curvePlots } from "../src/runtime/commands/run/curves.ts"
import { draw } from "./bars.ts"
import { growing } from "./curves.ts"
import { element, found } from "./element.ts"
import type { Laboratory } from "./laboratory.ts"
import type { Ending, MainJob, Place } from "./messages.ts"
import type { Turns } from "./turns.ts"

/** Milliseconds between two drawings of growing curves. */
const pace = 250

const width = (place: HTMLElement): number => Math.max(300, Math.min(760, place.clientWidth - 40))

const content = (
  { findings: { report, title, summary, plots, tables } }: Ending & { readonly kind: "found" },
  { place: { backend, threads }, effort }: MainJob
): ReportContent => ({
  title, summary, laws: report.laws, figures: report.figures, plots, tables,
  ran: {
    where: navigator.userAgent, backend, ...(backend === "cpu" && { threads }), seed: report.seed, ...effort,
    model: "models/default", data: "data/prose (public domain)"
  }
})

/** A link that saves a file. */
const saving = (words: string, file: string, type: string, text: string): HTMLElement => {
  const href = URL.createObjectURL(new Blob([text], { type }))
  return element("a", { href, download: file, class: "button" }, words)
}

/** Links to the files that the command line writes. */
const files = (report: ReportContent, figures: string): HTMLElement => element("p", { class: "controls" },
  saving("Save the report", "report.html", "text/html", html(report, { document })),
  saving("Save the figures", "figures.json", "application/json", `${figures}\n`))

/** Makes the part work. */
export const jobPart = ({ run }: Laboratory, turns: Turns, chosen: () => Place): void => {
  const steps = found("steps", HTMLInputElement)
  const tokens = found("tokens", HTMLInputElement)
  const seed = found("seed", HTMLInputElement)
  const status = found("job-status", HTMLElement)
  const live = found("curves", HTMLElement)
  const findings = found("findings", HTMLElement)
  const whole = (field: HTMLInputElement): number =>
    Math.max(Number(field.min), Math.min(Number(field.max), Math.round(field.valueAsNumber) || Number(field.min)))

  const perform = async (): Promise<void> => {
    const effort = { steps: whole(steps), tokens: whole(tokens) }
    const job: MainJob = { kind: "main job", place: chosen(), effort, seed: whole(seed) }
    const bars = draw(found("progress", HTMLElement))
    const { curves, hear } = growing()
    let drawn = -Infinity
    const plot = (): void => {
      drawn = performance.now()
      live.innerHTML = curvePlots(curves()).map((each) => plotFigure(each, { document, width: width(live) })).join("")
    }
    live.replaceChildren()
    findings.replaceChildren()
    status.textContent = ""
    const ending = await run(job, (news) => {
      bars(news)
      if (hear(news) && performance.now() - drawn > pace) plot()
    })
    if (ending.kind !== "found") {
      if (curves().length > 0) plot()
      status.textContent = ending.kind === "value" ? "" : ending.message
      return
    }
    const report = content(ending, job)
    live.replaceChildren()
    findings.innerHTML = sections(report, { document, width: width(findings) })
    findings.append(files(report, ending.document))
    status.textContent = "done"
  }
  turns.button(found("run-job", HTMLButtonElement), perform)
}
