/**
 * Numbers as people read them: four significant digits, a duration by its two largest units, a table with aligned
 * columns. Nothing here rounds what is stored or sent: only what is shown.
 */

/** A number in at most `digits` significant digits; whole numbers stay whole, very large and small ones in powers. */
export const quantity = (value: number, digits = 4): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞"
  const size = Math.abs(value)
  if (value === 0) return "0"
  if (Number.isInteger(value) && size < 1e9) return value.toLocaleString("en")
  if (size >= 1e6 || size < 1e-3) return value.toExponential(Math.min(digits - 1, 2))
  return String(Number(value.toPrecision(digits)))
}

/** A figure's value: energies to the tenth decimal that methods are compared at, other figures as quantities. */
export const valueOf = ({ value, unit }: { readonly value: number; readonly unit: string }): string =>
  unit === "Ha" && Math.abs(value) >= 1e-6 ? value.toFixed(10) : quantity(value)

/** Seconds as a duration: `0.25 s`, `12.3 s`, `4 min 05 s`, `1 h 02 min`. */
export const duration = (seconds: number): string => {
  if (seconds < 59.95) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const two = (value: number): string => String(value).padStart(2, "0")
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
    : `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

/** Rows under a heading, columns as wide as their widest cell; a column of numbers is aligned to the right. */
export const table = (heading: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const numeric = heading.map((_, column) =>
    rows.length > 0 && rows.every((row) => /^[-+∞\d]|^$/.test(row[column] ?? "")))
  const widths = heading.map((title, column) =>
    Math.max([...title].length, ...rows.map((row) => [...(row[column] ?? "")].length)))
  const shown = (row: ReadonlyArray<string>): string =>
    row.map((cell, column) => {
      const gap = " ".repeat(Math.max(0, (widths[column] ?? 0) - [...cell].length))
      return numeric[column] === true ? gap + cell : cell + gap
    }).join("  ").trimEnd()
  return [shown(heading), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(shown)].join("\n")
}
