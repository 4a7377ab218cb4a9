/** The tables of docs/benchmarks.md, made from the results of each topic and set between the page's markers. */
import { bars, verdict } from "./bars.ts"
import type { Results, Row, Topic } from "./row.ts"
import { Suite, topicNames } from "./row.ts"

/** The newest results of each topic that there are. */
export type Found = Readonly<Partial<Record<Topic, Results>>>

/** Three digits, without an exponent. */
const digits = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3)

const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map((_, column) => (column === 0 ? "---" : "---:")), ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`).join("\n")

const rowsTable = (rows: ReadonlyArray<Row>, unit: string): string =>
  table(["", "threads", unit, "least to most", "rounds", "Noether over it"], rows.map((row) => [
    row.name, String(row.threads), digits(row.median), `${digits(row.min)} to ${digits(row.max)}`, String(row.rounds),
    row.ratio === null ? "" : digits(row.ratio)
  ]))

const suiteTables = (rows: ReadonlyArray<Row>): string => rows.length === 0 ? "Not measured."
  : [...new Set(rows.map(({ group }) => group))].map((group) => {
    const own = rows.filter((row) => row.group === group)
    return `**${group}**\n\n${rowsTable(own, own[0]?.unit ?? "")}`
  }).join("\n\n")

const barsTable = (rows: ReadonlyArray<Row>): string =>
  table(["bar", "measured", "verdict"], bars(rows).map((bar) => [
    bar.name, bar.found.map(({ what, ratio }) => `${what} ${digits(ratio)}`).join("; "), verdict(bar)
  ]))

const machineTable = (found: Found): string => {
  const lines = topicNames.flatMap((topic) => {
    const results = found[topic]
    if (results === undefined) return []
    const { date, seconds, quick, machine } = results
    const { processor, cores, memoryBytes, system, loadBefore, loadAfter, versions } = machine
    return [[
      topic, `${date}, in ${Math.round(seconds)} s${quick ? ", in a hurry: these numbers say little" : ""}`,
      `${processor}, ${cores} cores, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB, ${system}`,
      `${loadBefore.toFixed(2)}, ${loadAfter.toFixed(2)}`,
      Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")
    ]]
  })
  return table(["topic", "measured", "machine", "load average before, after", "software"], lines)
}

/** A page with the text between `<!-- NAME -->` and `<!-- end of NAME -->` replaced. Throws where one is missing. */
const replace = (page: string, name: string, text: string): string => {
  const [open, close] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  const [from, to] = [page.indexOf(open), page.indexOf(close)]
  if (from < 0 || to < from) throw new Error(`the page lacks "${open}" or, after it, "${close}"`)
  return `${page.slice(0, from + open.length)}\n${text}\n${page.slice(to)}`
}

/** The page with every table made anew. */
export const render = (page: string, found: Found): string => {
  const rows = topicNames.flatMap((topic) => found[topic]?.rows ?? [])
  const sections: ReadonlyArray<readonly [string, string]> = [
    ["machine", machineTable(found)],
    ["bars", barsTable(rows)],
    ...Object.keys(Suite.keys).map((suite) => [suite, suiteTables(rows.filter((row) => row.suite === suite))] as const)
  ]
  return sections.reduce((text, [name, content]) => replace(text, name, content), page)
}
