import * as fc from "fast-check"
import * as E from "fp-ts/lib/Either.js"
import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { decode, decodeJson } from "../../src/core/codec.ts"
import { type Document, Document as codec, type Figure, print, type Report } from "../../src/core/document.ts"

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value))

const verdicts = fc.record({
  name: fc.string(),
  holds: fc.boolean(),
  worst: finite,
  tolerance: finite,
  cases: fc.nat()
})

const figures: fc.Arbitrary<Figure> = fc.record({
  name: fc.string(),
  value: finite,
  unit: fc.string(),
  source: fc.constantFrom("measured" as const, "paper" as const)
})

const reports: fc.Arbitrary<Report> = fc.record({
  method: fc.string(),
  backend: fc.string(),
  seed: fc.nat(),
  laws: fc.array(verdicts),
  figures: fc.array(figures),
  text: fc.string()
}, { requiredKeys: ["method", "backend", "seed", "laws", "figures"] })

const failures = fc.record({
  error: fc.record(
    { tag: fc.string(), message: fc.string(), file: fc.string(), field: fc.string() },
    { requiredKeys: ["tag", "message"] }
  )
})

const documents: fc.Arbitrary<Document> = fc.oneof(reports, failures)

const read = (text: string): Document => Effect.runSync(decodeJson(codec, "document")(text))

type Printer = (document: Document) => E.Either<unknown, string>

const roundTrips = (printer: Printer) =>
  fc.property(documents, (document) => {
    const text = printer(document)
    expect(E.isRight(text) && read(text.right)).toEqual(document)
  })

const refuses = (printer: Printer) =>
  fc.property(reports, figures, fc.constantFrom(NaN, Infinity, -Infinity), (report, figure, value) => {
    expect(E.isLeft(printer({ ...report, figures: [...report.figures, { ...figure, value }] }))).toBe(true)
  })

describe("the document of a command", () => {
  it("is read back as it was printed", () => fc.assert(roundTrips(print)))

  it("refuses a figure that is not finite", () => fc.assert(refuses(print)))

  it("names the figure that is not finite", async () => {
    const figure = { name: "perplexity", value: NaN, unit: "", source: "measured" }
    const report = { method: "m", backend: "cpu", seed: 1, laws: [], figures: [figure] }
    const exit = await Effect.runPromiseExit(decode(codec, "document")(report))
    expect(Exit.isFailure(exit) && String(exit.cause)).toMatch(/figures\.0\.value: expected a finite number for "perple/)
  })

  it("prints a law without bound as broken by the largest double", () => {
    const broken = { name: "every logit is kept", holds: false, worst: Infinity, tolerance: 1e-4, cases: 1 }
    const text = print({ method: "m", backend: "cpu", seed: 1, laws: [broken], figures: [] })
    expect(E.isRight(text) && read(text.right)).toMatchObject({ laws: [{ holds: false, worst: Number.MAX_VALUE }] })
  })

  it("keeps nothing that the document does not name", () => {
    const verdict = { name: "l", holds: true, worst: 0, tolerance: 0, cases: 1, where: "logits[3]" }
    const text = print({ method: "m", backend: "cpu", seed: 1, laws: [verdict], figures: [] })
    expect(E.isRight(text) && text.right).not.toContain("where")
  })

  it("is not plain JSON: printing without the codec breaks both laws", () => {
    const plain: Printer = (document) => E.right(JSON.stringify(document))
    expect(fc.check(refuses(plain)).failed).toBe(true)
    const forgetful: Printer = (document) => E.right(JSON.stringify({ ...document, figures: [] }))
    expect(fc.check(roundTrips(forgetful)).failed).toBe(true)
  })
})
