/**
 * The report of a run as one HTML file that needs nothing else: what was run, its laws with what was seen, its figures
 * with their source, plots and tables. Every number comes from the run or is marked as the paper's.
 */
import { Data, Effect } from "effect"
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import type { Figure, Verdict } from "../../core/document.ts"
import { quantity } from "../figures.ts"
import type { Plot, Table } from "./content.ts"
import { legend, lines } from "./lines.ts"
import { style } from "./style.ts"

/** What a report says. `ran` lists what was run by name: command, seed, backend, versions, data. */
export interface ReportContent {
  readonly title: string
  readonly summary: string
  readonly ran: Readonly<Record<string, string | number>>
  readonly laws: ReadonlyArray<Verdict>
  readonly figures: ReadonlyArray<Figure>
  readonly plots?: ReadonlyArray<Plot>
  readonly tables?: ReadonlyArray<Table>
}

/** The report could not be written. */
export class ReportNotWritten extends Data.TaggedError("ReportNotWritten")<{
  readonly file: string
  readonly message: string
}> {}

const entities: Readonly<Record<string, string>> =
  { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? character)

interface Cell {
  readonly text: string
  readonly kind?: "number" | "holds" | "broken" | "paper"
}

const open = (tag: "td" | "th", { kind }: Cell): string => (kind === undefined ? `<${tag}>` : `<${tag} class="${kind}">`)

const row = (tag: "td" | "th", cells: ReadonlyArray<Cell>): string =>
  `<tr>${cells.map((cell) => `${open(tag, cell)}${escape(cell.text)}</${tag}>`).join("")}</tr>`

const grid = (heading: ReadonlyArray<Cell>, rows: ReadonlyArray<ReadonlyArray<Cell>>): string =>
  `<div class="scroll"><table><thead>${row("th", heading)}</thead><tbody>${
    rows.map((cells) => row("td", cells)).join("\n")}</tbody></table></div>`

const number = (text: string): Cell => ({ text, kind: "number" })

const lawGrid = (laws: ReadonlyArray<Verdict>): string =>
  grid([{ text: "law" }, { text: "" }, number("worst"), number("tolerance"), number("cases")], laws.map((law) => [
    { text: law.name },
    law.holds ? { text: "holds", kind: "holds" } : { text: "broken", kind: "broken" },
    number(quantity(law.worst)),
    number(quantity(law.tolerance)),
    number(quantity(law.cases))
  ]))

const figureGrid = (figures: ReadonlyArray<Figure>): string =>
  grid([{ text: "figure" }, number("value"), { text: "unit" }, { text: "source" }], figures.map((figure) => [
    { text: figure.name },
    number(quantity(figure.value)),
    { text: figure.unit },
    figure.source === "paper" ? { text: "from the paper", kind: "paper" } : { text: "measured here" }
  ]))

const tableGrid = ({ heading, rows }: Table): string => {
  const numeric = heading.map((_, at) => rows.length > 0 && rows.every((cells) => /^[-+∞\d]|^$/.test(cells[at] ?? "")))
  const cell = (text: string, at: number): Cell => (numeric[at] === true ? number(text) : { text })
  return grid(heading.map(cell), rows.map((cells) => cells.map(cell)))
}

const plotFigure = (plot: Plot): string => {
  const names = legend(plot).map(({ name, colour }) =>
    `<li><i style="background:${colour}"></i>${escape(name)}</li>`).join("")
  const drawing = lines(plot) ?? "<p>No finite point to show.</p>"
  return `<figure><h3>${escape(plot.title)}</h3><ul class="legend">${names}</ul>${drawing}</figure>`
}

const section = (title: string, body: string): string => `<section><h2>${escape(title)}</h2>\n${body}\n</section>`

/** The report as the text of one HTML file. */
export const report = ({ title, summary, ran, laws, figures, plots = [], tables = [] }: ReportContent): string => {
  const facts = Object.entries(ran)
    .map(([name, value]) => `<dt>${escape(name)}</dt><dd><code>${escape(String(value))}</code></dd>`)
    .join("\n")
  const parts = [
    ...(laws.length === 0 ? [] : [section("Laws", lawGrid(laws))]),
    ...(figures.length === 0 ? [] : [section("Figures", figureGrid(figures))]),
    ...(plots.length === 0 ? [] : [section("Plots", plots.map(plotFigure).join("\n"))]),
    ...tables.map((table) => section(table.title, tableGrid(table)))
  ]
  const paragraphs = summary.split(/\n\s*\n/).map((text) => `<p>${escape(text)}</p>`).join("\n")
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escape(title)}</h1>
${paragraphs}
<dl>
${facts}
</dl>
${parts.join("\n")}
<footer>A law is stated with the worst deviation that was seen and the deviation it allows.</footer>
</body>
</html>
`
}

/** Writes the report into `file`, aside and then renamed: a file of that name is whole or the one before. */
export const writeReport = (file: string, content: ReportContent): Effect.Effect<string, ReportNotWritten> =>
  Effect.try({
    try: () => {
      const aside = `${file}.${process.pid}.part`
      mkdirSync(path.dirname(file), { recursive: true })
      try {
        writeFileSync(aside, report(content))
        renameSync(aside, file)
      } finally {
        rmSync(aside, { force: true })
      }
      return file
    },
    catch: (cause) => new ReportNotWritten({ file, message: `the report was not written: ${String(cause)}` })
  })
