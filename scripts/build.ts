/**
 * Builds dist/ with plain tsc, aside and then moved, so that a broken build never replaces a working one.
 * With `--if-stale` it does nothing when dist/ is younger than every source.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..")
const entry = path.join(root, "dist/src/index.js")

const newest = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((found) => found.isFile())
    .reduce((latest, found) => Math.max(latest, statSync(path.join(found.parentPath, found.name)).mtimeMs), 0)

const fresh = (): boolean => existsSync(entry) && newest(path.join(root, "src")) < statSync(entry).mtimeMs

if (!(process.argv.includes("--if-stale") && fresh())) {
  const aside = path.join(root, `out/dist.${process.pid}`)
  const compiler = path.join(root, "node_modules/typescript7/bin/tsc")
  const { status } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", aside], {
    cwd: root,
    stdio: "inherit"
  })
  if (status === 0) {
    rmSync(path.join(root, "dist"), { recursive: true, force: true })
    renameSync(aside, path.join(root, "dist"))
    console.error("built dist/")
  } else {
    rmSync(aside, { recursive: true, force: true })
  }
  process.exitCode = status ?? 1
}
