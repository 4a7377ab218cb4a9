/**
 * The import rules of the house, checked: core imports nobody, algebra core, a method its own domain's shared part,
 * runtime everything; io-ts and fp-ts meet Effect in one file. `npm run imports` prints every violation by line.
 */
import { readdirSync, readFileSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"

/** One import that breaks a rule, at a line of a file given relative to the root. */
export interface Violation {
  readonly file: string
  readonly line: number
  readonly message: string
}

interface Import {
  readonly typesOnly: boolean
  readonly specifier: string
  readonly line: number
}

/** The one file where io-ts and fp-ts are turned into Effect. Types alone may be named on either side. */
const bridge = "src/core/codec.ts"

const pattern = /(?:^|[;\s}])(?:import|export)(\s+type\b)?\s[^"';]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/gm

const withoutComments = (text: string): string =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*$/gm, "$1")

const importsOf = (text: string): ReadonlyArray<Import> => {
  const code = withoutComments(text)
  return [...code.matchAll(pattern)].map((match) => {
    const specifier = match[2] ?? match[3] ?? ""
    const at = match.index + match[0].lastIndexOf(specifier)
    return { specifier, typesOnly: match[1] !== undefined, line: code.slice(0, at).split("\n").length }
  })
}

/** The room of a file: core, algebra, runtime, the index, or a domain of methods with its method folder, if any. */
type Room =
  | { readonly kind: "core" | "algebra" | "runtime" | "index" | "outside" }
  | { readonly kind: "methods"; readonly domain: string; readonly method: string | undefined }

/** The method folders of each domain; every other file and folder of a domain is what its methods share. */
const methods: Readonly<Record<string, ReadonlyArray<string>>> = {
  language: ["hypercloning", "multi-token", "sync-point-drop", "low-bit-communication", "dynamoe", "duo-llm"],
  speech: ["slick"],
  chemistry: ["guiding-states", "bootstrap-embedding", "multiscale-embedding", "free-quantum"]
}

const roomOf = (file: string): Room => {
  const [top, room, domain, ...rest] = file.split("/")
  if (top !== "src") return { kind: "outside" }
  if (room === "core" || room === "algebra" || room === "runtime") return { kind: room }
  if (room !== "methods" || domain === undefined) return { kind: "index" }
  const [folder] = rest
  const method = folder !== undefined && methods[domain]?.includes(folder) ? folder : undefined
  return { kind: "methods", domain, method }
}

const name = (room: Room): string =>
  room.kind !== "methods" ? room.kind : ["methods", room.domain, ...(room.method ? [room.method] : [])].join("/")

const mayImport = (from: Room, to: Room): boolean => {
  if (from.kind === "outside") return true
  if (to.kind === "outside") return false
  switch (from.kind) {
    case "core": return to.kind === "core"
    case "algebra": return to.kind === "core" || to.kind === "algebra"
    case "runtime": return true
    case "index": return true
    case "methods":
      if (to.kind === "core" || to.kind === "algebra") return true
      if (to.kind !== "methods" || to.domain !== from.domain) return false
      return to.method === undefined || to.method === from.method
  }
}

const isEffect = (specifier: string): boolean => /^(effect|@effect)(\/|$)/.test(specifier)
const isFpTs = (specifier: string): boolean => /^(io-ts|fp-ts)(\/|$)/.test(specifier)

/** The violations of one file. `file` is relative to the root, with forward slashes. */
export const violationsOf = (file: string, text: string): ReadonlyArray<Violation> => {
  const imports = importsOf(text)
  const from = roomOf(file)
  const between = imports.flatMap(({ specifier, line }): ReadonlyArray<Violation> => {
    if (!specifier.startsWith(".")) return []
    if (!/\.(ts|js|mjs|json)$/.test(specifier)) {
      return [{ file, line, message: `relative import "${specifier}" without its ending` }]
    }
    const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
    const to = roomOf(target)
    return mayImport(from, to) ? [] : [{ file, line, message: `${name(from)} may not import ${name(to)} (${target})` }]
  })
  const worlds = imports.filter(({ typesOnly }) => !typesOnly)
  const foreign = worlds.find(({ specifier }) => isFpTs(specifier))
  const meets = foreign !== undefined && file.startsWith("src/") && file !== bridge
    && worlds.some(({ specifier }) => isEffect(specifier))
  return meets
    ? [...between, { file, line: foreign.line, message: `"${foreign.specifier}" meets Effect outside ${bridge}` }]
    : between
}

const sources = (root: string, folder: string): ReadonlyArray<string> =>
  readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
    .sort()

/** What was looked at, and what was found. */
export interface Findings {
  readonly files: number
  readonly violations: ReadonlyArray<Violation>
}

/** Checks every TypeScript file under src/ of the tree at `root`. */
export const checkImports = (root: string): Findings => {
  const files = sources(root, "src")
  const violations = files.flatMap((file) => violationsOf(file, readFileSync(path.join(root, file), "utf8")))
  return { files: files.length, violations }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, violations } = checkImports(path.resolve(path.dirname(fileURLToPath(import.meta.url)), ".."))
  for (const { file, line, message } of violations) console.error(`${file}:${line}: ${message}`)
  console.log(`import rules: ${files} files, ${violations.length} violations`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
