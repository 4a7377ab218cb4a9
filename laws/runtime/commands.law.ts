import { Cause, Effect, Exit, Fiber } from "effect"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { gzipSync } from "node:zlib"
import { beforeAll, describe, expect, it } from "vitest"
import { type Figure, Report } from "../../src/core/document.ts"
import { type Observer, Progress, silent } from "../../src/core/progress.ts"
import { variants } from "../../src/methods/language/hypercloning/index.ts"
import { Progress as State } from "../../src/methods/language/training/report.ts"
import { prose, temporaryFolder, writeModel } from "./scratch.ts"
import { read, say } from "./speaking.ts"

const root = temporaryFolder()
const place = (...names: ReadonlyArray<string>): string => path.join(root, ...names)
const model = place("model")
const text = place("prose.txt")

beforeAll(async () => {
  await writeModel(model)
  writeFileSync(text, prose)
  writeFileSync(`${text}.gz`, gzipSync(prose))
})

/** The report of an invocation that succeeds: the one document on standard output. */
const report = async (...args: ReadonlyArray<string>): Promise<Report> => {
  const { exit, out, errors } = await say([...args, "--threads", "1", "--json"])
  expect([Exit.isSuccess(exit), out.length, errors]).toEqual([true, 1, []])
  const document = read(out[0])
  if (!Report.is(document)) throw new Error(`expected a report, got ${out[0]}`)
  return document
}

const timed = ({ unit }: Figure): boolean => unit === "s" || unit === "tokens a second"

/** What a seed determines. */
const determined = (of: Report): Report => ({ ...of, figures: of.figures.filter((figure) => !timed(figure)) })

const valueOf = ({ figures }: Report, name: string): number =>
  figures.find((figure) => figure.name === name)?.value ?? NaN

const commands: ReadonlyArray<readonly [string, (seed: number) => ReadonlyArray<string>]> = [
  ["inspect", () => ["inspect", model]],
  ["evaluate", () => ["evaluate", model, "--text", text]],
  ["generate", (seed) => [
    "generate", model, "--prompt", "A whale", "--tokens", "12", "--temperature", "1", "--seed", `${seed}`
  ]],
  ["grow", (seed) => [
    "grow", model, "--out", place("again"), "--overwrite", "--variant", "noisy-symmetric", "--seed", `${seed}`
  ]],
  ["train", (seed) => ["train", "--text", text, "--out", place("runs", crypto.randomUUID()), "--from", model,
    "--steps", "2", "--batch", "1", "--context", "8", "--seed", `${seed}`]]
]

/** Commands whose answer depends on the seed. */
const drawn = ["generate", "train"]

describe.each(commands)("%s", (_, args) => {
  it("gives the same document for the same seed", async () => {
    const [first, second] = [await report(...args(5)), await report(...args(5))]
    expect(determined(first)).toEqual(determined(second))
    expect(first.laws.every(({ holds }) => holds)).toBe(true)
  })
})

describe.each(commands.filter(([name]) => drawn.includes(name)))("%s", (_, args) => {
  it("gives another document for another seed", async () => {
    const [first, second] = [await report(...args(5)), await report(...args(6))]
    expect({ ...determined(first), seed: 6 }).not.toEqual(determined(second))
  })
})

describe("commands in a row", () => {
  it.each(variants)("grow (%s), then evaluate, gives the same perplexity", async (variant) => {
    const out = place(`grown-${variant}`)
    const before = valueOf(await report("evaluate", model, "--text", text), "perplexity")
    const grown = await report("grow", model, "--out", out, "--variant", variant)
    const after = valueOf(await report("evaluate", out, "--text", text), "perplexity")
    expect(valueOf(grown, "parameters")).toBeGreaterThan(2 * valueOf(grown, "parameters of the source"))
    expect(Math.abs(after / before - 1)).toBeLessThan(1e-4)
  })

  it("evaluate reads compressed text as the text", async () => {
    expect((await report("evaluate", model, "--text", `${text}.gz`)).figures)
      .toEqual((await report("evaluate", model, "--text", text)).figures)
  })

  it("train, then evaluate, gives a lower perplexity on what was learned", async () => {
    const out = place("learned")
    await report("train", "--text", text, "--out", out, "--from", model, "--steps", "12", "--batch", "4",
      "--context", "32", "--rate", "0.01")
    const before = valueOf(await report("evaluate", model, "--text", text), "loss")
    const after = valueOf(await report("evaluate", path.join(out, "model"), "--text", text), "loss")
    expect(after).toBeLessThan(before - 0.1)
  })
})

describe("train", () => {
  const args = (out: string) => ["train", "--text", text, "--out", out, "--from", model, "--steps", "9", "--batch", "2",
    "--context", "16", "--seed", "3", "--threads", "1", "--json"]

  /** Interrupts an invocation when its training has made so many steps. */
  const interruptedAfter = (steps: number, invocation: ReadonlyArray<string>) =>
    say(invocation, (program) => Effect.gen(function*() {
      const reached = Promise.withResolvers<void>()
      const changed: Observer["changed"] = ({ name, current }) => {
        if (name === "training" && current >= steps) reached.resolve()
      }
      const fiber = yield* Effect.forkChild(Effect.provideService(program, Progress, { ...silent, changed }))
      yield* Effect.promise(() => reached.promise)
      yield* Fiber.interrupt(fiber)
      yield* Fiber.join(fiber)
    }))

  /** The losses of all steps to the bit, as the last snapshot has them, and the weights. */
  const trained = (out: string) => {
    const [last = ""] = readdirSync(path.join(out, "state")).sort().toReversed()
    const state: unknown = JSON.parse(readFileSync(path.join(out, "state", last, "state.json"), "utf8"))
    if (!State.is(state)) throw new Error("expected the state of a run")
    return {
      history: state.history.map(({ tokensPerSecond: _, ...rest }) => rest),
      weights: readFileSync(path.join(out, "model", "model.safetensors")).toString("base64")
    }
  }

  it("stopped at any step and resumed gives the losses and weights of the run that was not, to the bit", async () => {
    await say(args(place("whole")))
    const whole = trained(place("whole"))
    expect(whole.history).toHaveLength(9)
    for (const stops of [[1], [4], [2, 7]]) {
      const out = place(`stopped-${stops.join("-")}`)
      for (const stop of stops) {
        const resume = stop === stops[0] ? [] : ["--resume"]
        const { exit, out: said } = await interruptedAfter(stop, [...args(out), ...resume])
        expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true)
        expect(read(said[0])).toMatchObject({ error: { tag: "Interrupted" } })
        expect(readdirSync(out)).toEqual(["state"])
      }
      await say([...args(out), "--resume"])
      expect(trained(out)).toEqual(whole)
    }
  })

  it("would not, if it drew its batches anew", async () => {
    await say(args(place("another")).map((word) => word === "3" ? "4" : word))
    expect(trained(place("another"))).not.toEqual(trained(place("whole")))
  })

  it("goes on only with the run that it is", async () => {
    const { out } = await say([...args(place("whole")).map((word) => word === "3" ? "4" : word), "--resume"])
    expect(read(out[0])).toMatchObject({ error: { tag: "SnapshotMismatch", field: "configuration.seed" } })
  })
})
