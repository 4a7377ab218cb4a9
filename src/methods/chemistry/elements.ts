/** The chemical elements by symbol and number, from elements.json. */
import table from "./elements.json" with { type: "json" }

const numbers: ReadonlyMap<string, number> =
  new Map(table.symbols.map((symbol, at) => [symbol.toLowerCase(), at + 1]))

/** The number of the element with this symbol, in any case; `undefined` for what is no element. */
export const atomicNumber = (symbol: string): number | undefined => numbers.get(symbol.toLowerCase())

/** The symbol of an element by its number, from 1. */
export const symbolOf = (number: number): string => table.symbols[number - 1] ?? `element ${number}`
