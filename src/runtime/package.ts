/** This package as it is installed: where its files lie, its version, and the versions that a report states. */
import { existsSync, readFileSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"

const above = (folder: string): string => {
  const parent = path.dirname(folder)
  return existsSync(path.join(folder, "package.json")) || parent === folder ? folder : above(parent)
}

/** The folder of package.json, whether this file runs from its source or from the built package. */
export const root = above(path.dirname(fileURLToPath(import.meta.url)))

const versionIn = (file: string): string => {
  const content: unknown = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined
  return typeof content === "object" && content !== null && "version" in content ? String(content.version) : "unknown"
}

export const version = versionIn(path.join(root, "package.json"))

/** What a figure may depend on, by name: this package, Node, V8 and the libraries that compute. */
export const versions = (): Readonly<Record<string, string>> => ({
  noether: version,
  node: process.versions.node,
  v8: process.versions.v8,
  effect: versionIn(path.join(root, "node_modules/effect/package.json"))
})
