/**
 * A report as HTML text: what was run, its laws with what was seen, its figures with their source, plots and tables,
 * whole as one file that needs nothing else, or in sections for a page that has a head of its own.
 */
import type { Figure, Verdict } from "../../core/document.ts"
import { quantity, valueOf } from "../figures.ts"
import type { Plot, Table } from "./content.ts"
import type { Canvas } from "./lines.ts"
import { legend, lines } from "./lines.ts"
import { style } from "./style.ts"

/** What a report shows. */
export interface Shown {
  readonly laws: ReadonlyArray<Verdict>
  readonly figures: ReadonlyArray<Figure>
  readonly plots?: ReadonlyArray<Plot>
  readonly tables?: ReadonlyArray<Table>
}

/** What a report says. `ran` lists what was run by name: command, seed, backend, versions, data. */
export interface ReportContent extends Shown {
  readonly title: string
  readonly summary: string
  readonly ran: Readonly<Record<string, string | number>>
}

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
    number(valueOf(figure)),
    { text: figure.unit },
    figure.source === "paper" ? { text: "from the paper", kind: "paper" } : { text: "measured here" }
  ]))

const tableGrid = ({ heading, rows }: Table): string => {
  const numeric = heading.map((_, at) => rows.length > 0 && rows.every((cells) => /^[-+∞\d]|^$/.test(cells[at] ?? "")))
  const cell = (text: string, at: number): Cell => (numeric[at] === true ? number(text) : { text })
  return grid(heading.map(cell), rows.map((cells) => cells.map(cell)))
}

/** A plot with its title and legend. */
export const plotFigure = (plot: Plot, canvas: Canvas): string => {
  const names = legend(plot).map(({ name, colour }) =>
    `<li><i style="background:${colour}"></i>${escape(name)}</li>`).join("")
  const drawing = lines(plot, canvas) ?? "<p>No finite point to show.</p>"
  return `<figure><h3>${escape(plot.title)}</h3><ul class="legend">${names}</ul>${drawing}</figure>`
}

const section = (title: string, body: string): string => `<section><h2>${escape(title)}</h2>\n${body}\n</section>`

/** Laws, figures, plots and tables, each under its heading. */
export const sections = ({ laws, figures, plots = [], tables = [] }: Shown, canvas: Canvas): string => [
  ...(laws.length === 0 ? [] : [section("Laws", lawGrid(laws))]),
  ...(figures.length === 0 ? [] : [section("Figures", figureGrid(figures))]),
  ...(plots.length === 0 ? [] : [section("Plots", plots.map((plot) => plotFigure(plot, canvas)).join("\n"))]),
  ...tables.map((table) => section(table.title, tableGrid(table)))
].join("\n")

/** The report as the text of one HTML file. */
export const html = ({ title, summary, ran, ...shown }: ReportContent, canvas: Canvas): string => {
  const facts = Object.entries(ran)
    .map(([name, value]) => `<dt>${escape(name)}</dt><dd><code>${escape(String(value))}</code></dd>`)
    .join("\n")
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
${sections(shown, canvas)}
<footer>A law is stated with the worst deviation that was seen and the deviation it allows.</footer>
</body>
</html>
`
}

