/**
 * A line plot in text, for a terminal: braille dots, two columns and four rows of them a character. Each series has a
 * colour of its own where the terminal shows colours, and where lines cross the later one is on top.
 */
import { quantity } from "../figures.ts"
import type { Plot, Series } from "./content.ts"

/** The size of the drawing in characters, and whether it may use colours. */
export interface ChartOptions {
  readonly columns?: number
  readonly rows?: number
  readonly colours?: boolean
}

/** The dots of a braille character by column and row, as bits above U+2800. */
const dots = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]] as const

const palette = [36, 33, 35, 32, 34, 31] as const

const paint = (text: string, series: number, colours: boolean): string =>
  colours ? `\u001b[${palette[series % palette.length] ?? 39}m${text}\u001b[0m` : text

const extent = (values: ReadonlyArray<number>): readonly [number, number] => {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity)
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity)
  if (least < most) return [least, most]
  const margin = Math.abs(least) / 2 || 1
  return [least - margin, most + margin]
}

/** The plot as lines of text: title, drawing with the bounds of both axes, and a legend. */
export const chart = (plot: Plot, { columns = 64, rows = 14, colours = false }: ChartOptions = {}): string => {
  const scale = plot.logY === true ? Math.log10 : (value: number): number => value
  const series = plot.series.map(({ name, points }): Series => ({
    name,
    points: points
      .map(([x, y]) => [x, scale(y)] as const)
      .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))
  }))
  const all = series.flatMap(({ points }) => points)
  if (all.length === 0) return `${plot.title}\n(no finite points)`
  const [left, right] = extent(all.map(([x]) => x))
  const [low, high] = extent(all.map(([, y]) => y))
  const width = columns * 2
  const height = rows * 4
  const bits = new Uint8Array(columns * rows)
  const owner = new Int16Array(columns * rows).fill(-1)

  const mark = (column: number, row: number, which: number): void => {
    const cell = Math.floor(row / 4) * columns + Math.floor(column / 2)
    bits[cell] = (bits[cell] ?? 0) | (dots[column % 2]?.[row % 4] ?? 0)
    owner[cell] = which
  }
  series.forEach(({ points }, which) => {
    const placed = points.map(([x, y]) => [
      Math.round(((x - left) / (right - left)) * (width - 1)),
      Math.round(((high - y) / (high - low)) * (height - 1))
    ] as const)
    placed.forEach(([column, row], at) => {
      const [fromColumn, fromRow] = placed[at - 1] ?? [column, row]
      const steps = Math.max(Math.abs(column - fromColumn), Math.abs(row - fromRow), 1)
      for (let step = 0; step <= steps; step++) {
        const along = step / steps
        const between = (from: number, to: number): number => Math.round(from + along * (to - from))
        mark(between(fromColumn, column), between(fromRow, row), which)
      }
    })
  })

  const value = (y: number): string => quantity(plot.logY === true ? 10 ** y : y, 3)
  const labels = Array.from({ length: rows }, (_, row) =>
    row === 0 || row === rows - 1 || row === Math.floor(rows / 2)
      ? value(high - (row / (rows - 1)) * (high - low))
      : "")
  const margin = Math.max(...labels.map((label) => label.length))
  const drawing = labels.map((label, row) => {
    const cells = Array.from({ length: columns }, (_, column) => {
      const cell = row * columns + column
      const character = String.fromCodePoint(0x2800 + (bits[cell] ?? 0))
      const which = owner[cell] ?? -1
      return which < 0 ? character : paint(character, which, colours)
    })
    return `${label.padStart(margin)} ${label === "" ? "│" : "┤"}${cells.join("")}`
  })
  const ends = [quantity(left, 3), plot.x, quantity(right, 3)]
  const space = Math.max(2, columns - ends.join("").length)
  const axis = `${ends[0]}${" ".repeat(Math.floor(space / 2))}${ends[1]}${" ".repeat(Math.ceil(space / 2))}${ends[2]}`
  const legend = series.map(({ name, points }, which) =>
    `${paint("━━", which, colours)} ${name}${points.length === 0 ? " (no finite points)" : ""}`)
  return [
    `${plot.title}   (${plot.y}${plot.logY === true ? ", logarithmic" : ""})`,
    ...drawing,
    `${" ".repeat(margin)} └${"─".repeat(columns)}`,
    `${" ".repeat(margin + 2)}${axis}`,
    `${" ".repeat(margin + 2)}${legend.join("   ")}`
  ].join("\n")
}
