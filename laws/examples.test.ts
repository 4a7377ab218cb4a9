import { execFile } from "node:child_process"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { beforeAll, describe, expect, it } from "vitest"
import { temporaryFolder, writeModel } from "./runtime/scratch.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const model = path.join(temporaryFolder(), "model")
const run = promisify(execFile)

/** What an example prints, line by line, run as a reader runs it. */
const printed = async (name: string, ...args: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const file = path.join("examples", name)
  const { stdout } = await run(process.execPath, ["--conditions=noether-source", file, ...args], { cwd: root })
  return stdout.trimEnd().split("\n")
}

/** The first number after a word. */
const numberAfter = (word: string, line = ""): number =>
  Number(new RegExp(`${word}\\s*(-?[\\d.]+(?:e[-+]?\\d+)?)`).exec(line)?.[1] ?? NaN)

/** That a grown model has twice the width, the same perplexity and the same text. */
const keepsTheFunction = ([small, large]: ReadonlyArray<string>): void => {
  expect(numberAfter("width", large)).toBe(2 * numberAfter("width", small))
  expect(numberAfter("perplexity", large) / numberAfter("perplexity", small)).toBeCloseTo(1, 4)
  expect(large?.replace(/^.*?"/, "")).toBe(small?.replace(/^.*?"/, ""))
}

describe("the examples", () => {
  beforeAll(() => writeModel(model))

  it("grow.ts: the grown model has the perplexity and the greedy text of its source", async () => {
    const lines = await printed("grow.ts", model)
    expect(lines).toHaveLength(2)
    keepsTheFunction(lines)
    const [small = "", large = ""] = lines
    expect(() => keepsTheFunction([small, large.replace(/perplexity \d/, "perplexity 7.")])).toThrow()
  })

  it("attention.ts: the norm of the gradient is the slope along it", async () => {
    const [attention, norm, slope] = await printed("attention.ts")
    expect(attention).toBe("attention over time, head, memory: 72 weights")
    expect(numberAfter("gradient:", norm)).toBeGreaterThan(0)
    expect(numberAfter("gradient:", slope) / numberAfter("gradient:", norm)).toBeCloseTo(1, 7)
  })

  it("train.ts: the loss goes from that of a uniform guess to less than half of it", async () => {
    const losses = (await printed("train.ts")).map((line) => numberAfter("loss", line))
    expect(losses).toHaveLength(20)
    expect(Math.abs((losses[0] ?? NaN) - Math.log(256))).toBeLessThan(0.1)
    expect(losses.at(-1)).toBeLessThan(Math.log(256) / 2)
  })
})
