/** The machine and software that a benchmark runs on, as its results state them. */
import { existsSync, readFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { root, versions } from "../src/runtime/package.ts"
import type { Machine } from "./row.ts"

/** Where the software that Noether is measured against is installed. */
export const folder = path.join(root, "bench")

const packages = (): ReadonlyArray<string> => {
  const manifest: { readonly devDependencies: Readonly<Record<string, string>> } =
    JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"))
  return Object.keys(manifest.devDependencies)
}

const installed = (name: string): string | undefined => {
  const file = path.join(folder, "node_modules", name, "package.json")
  if (!existsSync(file)) return undefined
  const { version }: { readonly version: string } = JSON.parse(readFileSync(file, "utf8"))
  return version
}

/** The packages of bench/package.json that are not installed. */
export const missing = (): ReadonlyArray<string> => packages().filter((name) => installed(name) === undefined)

/** The load average of the last minute: how many threads wanted a core. */
export const load = (): number => os.loadavg()[0] ?? NaN

/** The machine after a run that began at a load average. */
export const machine = (loadBefore: number, others: Readonly<Record<string, string>>): Machine => ({
  processor: os.cpus()[0]?.model.trim() ?? "unknown",
  cores: os.availableParallelism(),
  memoryBytes: os.totalmem(),
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  loadBefore,
  loadAfter: load(),
  versions: {
    ...versions(),
    ...Object.fromEntries(packages().flatMap((name) => {
      const version = installed(name)
      return version === undefined ? [] : [[name, version]]
    })),
    ...others
  }
})
