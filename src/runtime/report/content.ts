/** What a report shows beside laws and figures: line plots and tables, as plain data. */

/** A line of a plot; a point that is not finite breaks the line. */
export interface Series {
  readonly name: string
  readonly points: ReadonlyArray<readonly [x: number, y: number]>
}

/** A line plot. `x` and `y` are the labels of the axes, units included: `"tokens seen (millions)"`. */
export interface Plot {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: ReadonlyArray<Series>
  /** A logarithmic y axis; points at or below zero are then left out. */
  readonly logY?: boolean
}

/** A table of cells that are already text. */
export interface Table {
  readonly title: string
  readonly heading: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}
