/**
 * The document that every command prints under `--json`, as a codec: the method, where it ran, the laws that were
 * held to it and the figures it gave, or the error that stopped it. JSON has no NaN and no Infinity, so a number
 * that is not finite is refused under its own name, in reading and in writing alike.
 */
import * as E from "fp-ts/lib/Either.js"
import * as t from "io-ts"

const hasName = (value: unknown): value is { readonly name: string } =>
  typeof value === "object" && value !== null && "name" in value && typeof value.name === "string"

/** Numbers that satisfy `is`; a refusal says what was `expected` and of which named law or figure. */
const numbers = (expected: string, is: (value: number) => boolean) => {
  const admits = (value: unknown): value is number => typeof value === "number" && is(value)
  return new t.Type<number>(expected, admits, (value, context) => {
    if (admits(value)) return t.success(value)
    const owner = context.map(({ actual }) => actual).findLast(hasName)
    return t.failure(value, context, owner === undefined ? expected : `${expected} for "${owner.name}"`)
  }, t.identity)
}

/** A number that JSON can carry. */
export const Finite = numbers("a finite number", Number.isFinite)

/** How many: a whole number from 0. */
export const Count = numbers("a whole number from 0", (value) => Number.isSafeInteger(value) && value >= 0)

const record = <P extends t.Props>(props: P, name: string) => t.readonly(t.strict(props, name), name)

/**
 * What became of a law: whether it holds, the largest deviation that was seen (`worst`, in the law's own measure),
 * the deviation that is allowed, and in how many cases it was looked at.
 */
export const Verdict = record(
  { name: t.string, holds: t.boolean, worst: Finite, tolerance: Finite, cases: Count },
  "Verdict"
)
export type Verdict = t.TypeOf<typeof Verdict>

/** A number with its unit ("" for a pure number), measured in this run or quoted from a paper. */
export const Figure = record({
  name: t.string,
  value: Finite,
  unit: t.string,
  source: t.keyof({ measured: null, paper: null }, "measured or paper")
}, "Figure")
export type Figure = t.TypeOf<typeof Figure>

/** The result of a command; `text` is what a command that writes text has written. */
export const Report = t.readonly(t.exact(t.intersection([
  t.type({
    method: t.string,
    backend: t.string,
    seed: Count,
    laws: t.readonlyArray(Verdict),
    figures: t.readonlyArray(Figure)
  }),
  t.partial({ text: t.string })
])), "Report")
export type Report = t.TypeOf<typeof Report>

/** The error that stopped a command: its tag, one line, and the file and the field that it is about. */
export const Failure = record({
  error: t.readonly(t.exact(t.intersection([
    t.type({ tag: t.string, message: t.string }),
    t.partial({ file: t.string, field: t.string })
  ])))
}, "Failure")
export type Failure = t.TypeOf<typeof Failure>

/** The context of a value that is looked at as one of several. */
const seenAs = (type: t.Mixed, actual: unknown, context: t.Context): t.Context =>
  [...context.slice(0, -1), { key: context.at(-1)?.key ?? "", type, actual }]

/** What stands on standard output after a command with `--json`. */
export const Document = new t.Type<Report | Failure>(
  "Document",
  (value): value is Report | Failure => Report.is(value) || Failure.is(value),
  (value, context): t.Validation<Report | Failure> =>
    typeof value === "object" && value !== null && "error" in value
      ? Failure.validate(value, seenAs(Failure, value, context))
      : Report.validate(value, seenAs(Report, value, context)),
  t.identity
)
export type Document = Report | Failure

const bounded = (verdict: Verdict): Verdict =>
  verdict.worst === Infinity ? { ...verdict, worst: Number.MAX_VALUE } : verdict

/** A document as JSON can carry it: a law whose deviation has no bound keeps the largest double as its worst. */
export const portable = (document: Document): Document =>
  "error" in document ? document : { ...document, laws: document.laws.map(bounded) }

/** The text of a document, one line; a number that is not finite and a count that is not whole are refused. */
export const print = (document: Document): E.Either<t.Errors, string> =>
  E.map((checked) => JSON.stringify(checked))(Document.decode(portable(document)))
