/**
 * A line plot as SVG text, drawn by Observable Plot in whatever document there is: a browser's, or one without a
 * browser. Colours are variables of the page (`--series-1` and so on), so that one drawing serves light and dark.
 */
import * as Plotter from "@observablehq/plot"
import type { Plot } from "./content.ts"

/** Where a plot is drawn, and how wide in pixels. */
export interface Canvas {
  readonly document: Document
  readonly width?: number
}

/** How many series have a colour of their own; further ones begin again, dashed. */
export const colours = 8

const colour = (series: number): string => `var(--series-${(series % colours) + 1})`

/** The plot as one `<svg>` element, or undefined when it has no point to show. */
export const lines = (
  { title, x, y, series, logY = false }: Plot, { document, width = 760 }: Canvas
): string | undefined => {
  const shown = series.map(({ name, points }) => ({
    name,
    points: points.map(([at, value]) => ({ x: at, y: Number.isFinite(value) && (!logY || value > 0) ? value : NaN }))
  }))
  if (!shown.some(({ points }) => points.some((point) => Number.isFinite(point.x) && Number.isFinite(point.y)))) {
    return undefined
  }
  const drawing = Plotter.plot({
    document,
    width,
    height: Math.max(240, width / 2),
    marginLeft: 64,
    marginBottom: 46,
    marginTop: 30,
    ariaLabel: title,
    style: { background: "none", overflow: "visible", fontSize: "13px", fontFamily: "system-ui, sans-serif" },
    x: { label: `${x} →`, labelAnchor: "center", labelArrow: "none", nice: true, labelOffset: 40 },
    y: { label: `↑ ${y}`, labelArrow: "none", grid: true, nice: !logY, ...(logY ? { type: "log", ticks: 6 } : {}) },
    marks: shown.map(({ points }, at) =>
      Plotter.lineY(points, {
        x: "x",
        y: "y",
        stroke: colour(at),
        strokeWidth: 2,
        strokeLinejoin: "round",
        ...(at >= colours ? { strokeDasharray: "6 4" } : {})
      }))
  })
  return drawing.outerHTML
}

/** The legend of a plot: a stroke of the line's own colour before each name. */
export const legend = ({ series }: Plot): ReadonlyArray<{ readonly name: string; readonly colour: string }> =>
  series.map(({ name }, at) => ({ name, colour: colour(at) }))
