/**
 * The text of a value as Node's REPL writes it, in a browser: literals as they are written in code, short things on one
 * line, deep and long ones cut.
 */
import { ownText } from "../src/runtime/repl/legible.ts"

const columns = 76
/** Levels and items that are shown. */
const most = { depth: 4, items: 100 }

const string = (text: string): string => {
  const quote = !text.includes("'") ? "'" : !text.includes('"') ? '"' : !text.includes("`") ? "`" : "'"
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  return `${quote}${quote === "'" ? inner.replaceAll("'", "\\'") : inner}${quote}`
}

const key = (name: PropertyKey): string =>
  typeof name === "symbol" ? `[${String(name)}]` : /^[a-zA-Z_][a-zA-Z_0-9]*$/.test(String(name)) ? String(name) : string(String(name))

/** Items between brackets: on one line where they fit, else a line each. */
const bracketed = (open: string, items: ReadonlyArray<string>, close: string): string => {
  if (items.length === 0) return `${open}${close}`
  const length = items.reduce((sum, item) => sum + item.length + 2, open.length + 3)
  return length <= columns && !items.some((item) => item.includes("\n"))
    ? `${open} ${items.join(", ")} ${close}`
    : `${open}\n${items.map((item) => `  ${item.replaceAll("\n", "\n  ")}`).join(",\n")}\n${close}`
}

const cut = <A>(items: ReadonlyArray<A>, text: (item: A) => string): ReadonlyArray<string> => {
  const rest = items.length - most.items
  const more = rest > 0 ? [`... ${rest} more item${rest > 1 ? "s" : ""}`] : []
  return [...items.slice(0, most.items).map(text), ...more]
}

/** Numbers in lines of many: a column of them is no easier to read. */
const filled = (items: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (items.length <= 6 || items.some((item) => item.length > 16 || item.includes("\n"))) return items
  const width = Math.max(...items.map(({ length }) => length)) + 2
  const perLine = Math.max(1, Math.floor(columns / width))
  return Array.from({ length: Math.ceil(items.length / perLine) }, (_, line) =>
    items.slice(line * perLine, (line + 1) * perLine).join(", "))
}

const nameOf = (value: object): string => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null) return "[Object: null prototype]"
  return typeof value.constructor === "function" ? value.constructor.name : "Object"
}

const callable = (value: { readonly name: string }): string =>
  /^class\b/.test(Function.prototype.toString.call(value))
    ? `[class ${value.name || "(anonymous)"}]`
    : `[${nameOf(value)}${value.name === "" ? " (anonymous)" : `: ${value.name}`}]`

const own = (value: object): string | undefined => {
  const text: unknown = Reflect.get(value, ownText)
  return typeof text === "function" ? String(text.call(value)) : undefined
}

const object = (value: object, within: ReadonlyArray<object>): string => {
  if (within.includes(value)) return "[Circular]"
  const name = nameOf(value)
  const text = own(value)
  if (text !== undefined) return text
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString()
  if (value instanceof RegExp) return String(value)
  if (within.length > most.depth) return Array.isArray(value) ? "[Array]" : `[${name}]`
  const inner = (item: unknown): string => write(item, [...within, value])
  const sized = (size: number): string => `${name}(${size}) `
  if (Array.isArray(value)) return bracketed("[", filled(cut(value, inner)), "]")
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    // every view but a DataView is an array of numbers
    const numbers = Array.from(value as Float64Array)
    return bracketed(`${sized(numbers.length)}[`, filled(cut(numbers, inner)), "]")
  }
  if (value instanceof Map)
    return bracketed(`${sized(value.size)}{`, cut([...value], ([from, to]) => `${inner(from)} => ${inner(to)}`), "}")
  if (value instanceof Set) return bracketed(`${sized(value.size)}{`, cut([...value], inner), "}")
  const fields = cut(Reflect.ownKeys(value).filter((field) => Object.prototype.propertyIsEnumerable.call(value, field)),
    (field) => `${key(field)}: ${inner(Reflect.get(value, field))}`)
  return bracketed(name === "Object" ? "{" : `${name} {`, fields, "}")
}

const write = (value: unknown, within: ReadonlyArray<object>): string => {
  switch (typeof value) {
    case "string": return string(value)
    case "bigint": return `${value}n`
    case "number": return Object.is(value, -0) ? "-0" : String(value)
    case "function": return callable(value)
    case "object": return value === null ? "null" : object(value, within)
    default: return String(value)
  }
}

/** The text of a value. */
export const inspect = (value: unknown): string => write(value, [])
