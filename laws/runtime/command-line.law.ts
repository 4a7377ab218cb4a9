import * as fc from "fast-check"
import { NodeServices } from "@effect/platform-node"
import { Console, Data, Effect, Exit, Fiber } from "effect"
import { Command } from "effect/cli"
import { describe, expect, it } from "vitest"
import { Document, type Report } from "../../src/core/document.ts"
import { failureOf } from "../../src/runtime/cli/answer.ts"
import { invoke, noether } from "../../src/runtime/cli/command-line.ts"
import { grow } from "../../src/runtime/cli/grow.ts"
import { inspect } from "../../src/runtime/cli/inspect.ts"
import type { GrowRequest, Outcome } from "../../src/runtime/commands/request.ts"
import { hear, read, type Said, spoken } from "./speaking.ts"

const report: Report = {
  method: "HyperCloning",
  backend: "reference",
  seed: 7,
  laws: [{ name: "growing keeps every logit", holds: true, worst: 1e-7, tolerance: 1e-4, cases: 2048 }],
  figures: [{ name: "perplexity", value: 12.5, unit: "", source: "measured" }]
}

const say = <E>(body: (request: GrowRequest) => Effect.Effect<Outcome, E>, args: string): Promise<Said> =>
  hear(noether.pipe(Command.withSubcommands([grow(body)])), args.split(" "))

class Missing extends Data.TaggedError("Missing")<{ readonly file: string; readonly message: string }> {}

describe("the command line", () => {
  it("gives the body every flag, decoded, with its defaults", async () => {
    const requests: Array<GrowRequest> = []
    const body = (request: GrowRequest) => Effect.sync(() => {
      requests.push(request)
      return { report }
    })
    await say(body, "grow model --out grown --ffn 3 --variant noisy-diagonal --json --seed 7 --backend reference")
    expect(requests).toMatchObject([{
      folder: "model", out: "grown", dtype: "f32",
      configuration: { feedForward: 3, variant: "noisy-diagonal", decibels: 10 },
      settings: { json: true, seed: 7, backend: "reference" }
    }])
  })

  it("prints one document under --json, and a table for people otherwise", async () => {
    const json = await say(() => Effect.succeed({ report }), "grow m --out g --json")
    expect(json.out).toHaveLength(1)
    expect(read(json.out[0])).toEqual(report)
    const people = await say(() => Effect.succeed({ report }), "grow m --out g")
    expect(people.out.join("\n")).toMatch(/growing keeps every logit +holds +1\.00e-7/)
    expect(people.errors).toEqual([])
  })

  it("answers an error with its tag and its file, and fails", async () => {
    const body = () => Effect.fail(new Missing({ file: "m/config.json", message: "no such file" }))
    const json = await say(body, "grow m --out g --json")
    expect(read(json.out[0])).toEqual({ error: { tag: "Missing", message: "no such file", file: "m/config.json" } })
    expect(Exit.isFailure(json.exit)).toBe(true)
    const people = await say(body, "grow m --out g")
    expect([people.out, people.errors]).toEqual([[], ["Missing: m/config.json: no such file"]])
  })

  it.each([
    ["grow m --json", "MissingOption", "out"],
    ["grow m --out g --width wide --json", "InvalidValue", "width"],
    ["grow m --out g --variant sideways --json", "InvalidValue", "variant"],
    ["grow --out g --json", "MissingArgument", "folder"],
    ["grow m --out g --sides 3 --json", "UnrecognizedOption", "--sides"]
  ])("answers `%s` with %s about %s", async (args, tag, field) => {
    const { out, exit } = await say(() => Effect.succeed({ report }), args)
    expect(out).toHaveLength(1)
    expect(read(out[0])).toMatchObject({ error: { tag, field } })
    expect(Exit.isFailure(exit)).toBe(true)
  })

  it("fails when a law is broken, and still prints the whole document", async () => {
    const laws = report.laws.map((law) => ({ ...law, holds: false, worst: Infinity }))
    const { out, exit } = await say(() => Effect.succeed({ report: { ...report, laws } }), "grow m --out g --json")
    expect(out.map(read)).toMatchObject([{ laws: [{ holds: false, worst: Number.MAX_VALUE }] }])
    expect(Exit.isFailure(exit)).toBe(true)
  })

  it("refuses to print a figure that is not a number, and says which", async () => {
    const figures = [{ name: "loss", value: NaN, unit: "", source: "measured" as const }]
    const { out } = await say(() => Effect.succeed({ report: { ...report, figures } }), "grow m --out g --json")
    expect(read(out[0])).toMatchObject({ error: { tag: "CodecError", field: "figures.0.value" } })
  })

  it("runs the finalizers of a body that is interrupted", async () => {
    const { console } = spoken()
    let closed = false
    const body = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (closed = true)))
    const program = invoke(noether.pipe(Command.withSubcommands([inspect(body)])), ["inspect", "m"])
    const fiber = Effect.runFork(program.pipe(
      Effect.provide(NodeServices.layer),
      Effect.provideService(Console.Console, console)
    ))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await Effect.runPromise(Fiber.interrupt(fiber))
    expect(closed).toBe(true)
  })
})

type Explain = typeof failureOf

const keepsTag = (explain: Explain) =>
  fc.property(fc.record({ _tag: fc.string({ minLength: 1 }), message: fc.string({ minLength: 1 }), file: fc.string() }),
    (error) => {
      const { tag, message, file } = explain(error).error
      expect({ _tag: tag, message, file }).toEqual(error)
    })

describe("an error", () => {
  it("keeps its tag, message and file in the document", () => fc.assert(keepsTag(failureOf)))

  it("is one of the documents that the codec reads, whatever was thrown", () => {
    fc.assert(fc.property(fc.anything(), (thrown) => {
      expect(Document.is(failureOf(thrown))).toBe(true)
    }))
  })

  it("would lose its tag if only its message were kept", () => {
    expect(fc.check(keepsTag((error) => ({ error: { tag: "Error", message: String(error) } }))).failed).toBe(true)
  })
})
