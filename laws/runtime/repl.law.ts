import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { beforeAll, describe, expect, it } from "vitest"
import { tries } from "../../src/runtime/repl/banner.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

const node = (args: ReadonlyArray<string>, input = "") =>
  spawnSync(process.execPath, args, { cwd: root, input, encoding: "utf8" })

const lines = [
  "Effect.succeed(41).pipe(Effect.map((x) => x + 1))",
  "const late = await new Promise<number>((done) => setTimeout(() => done(6), 50))",
  "function twice(a: number) {",
  "  return 2 * a",
  "}",
  "twice(late + 1)",
  "core.Key.make(7)",
  ".type core.Key.make",
  "core.Key.make('seven')",
  `Effect.fail({ _tag: "ShapeError", message: "model: 3 against 4" })`,
  ...tries,
  "const named = await run(Effect.succeed(8))",
  "named * 2",
  "language.Checkpoint.open('nowhere')",
  "'the end'"
]

describe("the REPL", () => {
  let said = { stdout: "", stderr: "", status: -1 as number | null }
  beforeAll(() => {
    const { status, stdout } = node(["scripts/build.ts", "--if-stale"])
    expect([status, stdout]).toEqual([0, ""])
    said = node(["bin/repl.mjs"], `${lines.join("\n")}\n`)
  }, 120_000)

  it("takes piped lines in their order, awaits included, and ends with them", () => {
    const shown = said.stdout.split("\n").map((line) => line.replace(/^(\| )+/, "").trim())
    const values = shown.filter((line) => ["42", "14", "[ 0, 7 ]", "16", "'the end'"].includes(line))
    expect(values).toEqual(["42", "14", "[ 0, 7 ]", "16", "'the end'"])
    expect(said.status).toBe(0)
  })

  it("knows the types of the library", () => {
    expect(said.stdout).toContain("(seed: number) =>")
    expect(said.stderr).toContain("Argument of type 'string' is not assignable to parameter of type 'number'")
  })

  it("does what its banner says: computes, refuses, and shows a type", () => {
    expect(said.stdout).toContain("f32 over time 4\n  0.032059  0.087144  0.23688  0.64391\n")
    expect(said.stderr).toContain(`ShapeError: contract: axis "time" is 4 on one side and 5 on the other`)
    expect(said.stdout).toMatch(/const softmax: <D extends .*Float, A extends string, X extends A>/)
  })

  it("has the services of the platform", () => {
    expect(said.stderr).toContain("NotFound: nowhere/config.json: no such file or folder\n")
  })

  it("runs an Effect that fails, and says its error in one line", () => {
    expect(said.stderr).toContain("ShapeError: model: 3 against 4\n")
  })
})
