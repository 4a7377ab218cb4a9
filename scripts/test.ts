/**
 * Every check of the project, one after the other: types, lint, import rules, then unit tests and laws. One line a
 * part; the output of a part is shown when it fails, and that of the tests always. All parts run even when one fails.
 * `--seed N` draws the cases of the laws anew (`random`: from a seed that is printed); the rest goes to the tests.
 */
import { spawnSync } from "node:child_process"
import path from "node:path"
import { fileURLToPath } from "node:url"

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..")
const binary = (file: string): string => path.join(root, "node_modules", file)

/** The seed that was asked for, and the arguments without it. */
const asked = (given: ReadonlyArray<string>) => {
  const at = given.indexOf("--seed")
  if (at < 0) return { seed: "1", rest: given }
  const wanted = given[at + 1] ?? ""
  const seed = wanted === "random" ? String(Math.floor(Math.random() * 2 ** 31)) : wanted
  return { seed, rest: given.toSpliced(at, 2) }
}
const { seed, rest } = asked(process.argv.slice(2))

interface Part {
  readonly name: string
  readonly command: ReadonlyArray<string>
  readonly shown: boolean
}

const parts: ReadonlyArray<Part> = [
  { name: "types", command: [binary("typescript7/bin/tsc"), "--noEmit", "-p", "tsconfig.json"], shown: false },
  {
    name: "lint",
    command: [binary("eslint/bin/eslint.js"), "--cache", "--cache-location", "node_modules/.cache/eslint/", "."],
    shown: false
  },
  { name: "import rules", command: ["scripts/check-imports.ts"], shown: false },
  { name: "tests and laws", command: [binary("vitest/vitest.mjs"), "run", ...rest], shown: true }
]

const passes = ({ name, command, shown }: Part): boolean => {
  const started = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: root,
    env: { ...process.env, LAWS_SEED: seed },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: shown ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"]
  })
  const passed = status === 0
  if (!passed && !shown) process.stderr.write(`${stdout}${stderr}`)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${passed ? "passed" : "FAILED"}  ${name}  ${seconds} s`)
  return passed
}

console.log(`seed of the laws: ${seed}`)
const verdicts = parts.map(passes)
const failed = verdicts.filter((passed) => !passed).length
console.log(`checks: ${verdicts.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
