/**
 * How a command answers. An outcome is one JSON document or text and tables on standard output; an error is one line
 * on standard error or one `{ error }` document on standard output. Progress goes to standard error in both cases.
 */
import { Cause, Console, Data, Effect } from "effect"
import { CliError } from "effect/cli"
import { PlatformError } from "effect/PlatformError"
import { decode } from "../../core/codec.ts"
import { Document, portable } from "../../core/document.ts"
import type { Failure, Figure, Report, Verdict } from "../../core/document.ts"
import type { Outcome, Settings } from "../commands/request.ts"
import { quantity, table, valueOf } from "../figures.ts"
import { chart } from "../report/chart.ts"

/** A law that the command promised does not hold. The command ends with an error status, after its answer. */
export class BrokenLaw extends Data.TaggedError("BrokenLaw")<{ readonly law: string; readonly message: string }> {}

const printed = (document: Document) =>
  Effect.flatMap(decode(Document, "document")(portable(document)), (checked) => Console.log(JSON.stringify(checked)))

/** The laws of a report as a table. */
export const lawRows = (laws: ReadonlyArray<Verdict>): ReadonlyArray<ReadonlyArray<string>> =>
  laws.map(({ name, holds, worst, tolerance, cases }) =>
    [name, holds ? "holds" : "BROKEN", quantity(worst), quantity(tolerance), quantity(cases)])

/** The figures of a report as a table. */
export const figureRows = (figures: ReadonlyArray<Figure>): ReadonlyArray<ReadonlyArray<string>> =>
  figures.map((one) => [one.name, valueOf(one), one.unit, one.source])

const forPeople = ({ report, text, tables = [], plots = [], written = {} }: Outcome): string => [
  ...(text === undefined ? [] : [text]),
  ...tables.map(({ title, heading, rows }) => `${title}\n\n${table(heading, rows)}`),
  ...plots.map((plot) => chart(plot, { colours: process.stdout.isTTY === true })),
  ...(report.figures.length === 0 ? [] : [table(["figure", "value", "unit", "source"], figureRows(report.figures))]),
  ...(report.laws.length === 0 ? [] : [table(["law", "", "worst", "tolerance", "cases"], lawRows(report.laws))]),
  `${report.method} on ${report.backend}, seed ${report.seed}`,
  ...Object.entries(written).map(([what, file]) => `${what}: ${file}`)
].join("\n\n")

const held = ({ laws }: Report): Effect.Effect<void, BrokenLaw> => {
  const broken = laws.find(({ holds }) => !holds)
  return broken === undefined ? Effect.void : Effect.fail(new BrokenLaw({
    law: broken.name,
    message: `"${broken.name}": worst deviation ${quantity(broken.worst)}, allowed ${quantity(broken.tolerance)}`
  }))
}

/** Runs the body of a command, and prints its outcome as the settings ask. */
export const answer = <E, R>({ json }: Settings, body: Effect.Effect<Outcome, E, R>) =>
  Effect.gen(function* () {
    const outcome = yield* body
    yield* json ? printed(outcome.report) : Console.log(forPeople(outcome))
    yield* held(outcome.report)
  })

const text = (value: unknown, ...keys: ReadonlyArray<string>): string | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  const found = Object.entries(value).find(([key, held]) => keys.includes(key) && typeof held === "string")
  return found === undefined ? undefined : String(found[1])
}

const isUsage = (error: unknown): error is CliError.ShowHelp => CliError.isCliError(error) && error._tag === "ShowHelp"

/** What the operating system refused, by its code, as a tag and in words. */
const refusals: Readonly<Record<string, readonly [tag: string, words: string]>> = {
  ENOENT: ["NotFound", "no such file or folder"],
  EEXIST: ["AlreadyExists", "is there already"],
  EISDIR: ["BadResource", "expected a file, found a folder"],
  ENOTDIR: ["BadResource", "expected a folder on the way there, found a file"],
  EACCES: ["PermissionDenied", "permission denied"],
  EPERM: ["PermissionDenied", "not permitted"],
  EROFS: ["PermissionDenied", "the disk can only be read"],
  ENOSPC: ["NoSpace", "no space left on the disk"],
  EDQUOT: ["NoSpace", "the quota of the disk is used up"]
}

/** An error of the operating system, under its own tag and with the path it is about. */
const systemFailure = ({ reason, message }: PlatformError): Failure => {
  if (reason._tag === "BadArgument") return { error: { tag: reason._tag, message } }
  const { pathOrDescriptor: path } = reason
  const plain = message.replace(`${reason._tag}: `, "")
  const [tag, words] = refusals[text(reason.cause, "code") ?? ""] ?? [reason._tag, plain]
  if (path === undefined) return { error: { tag, message: words } }
  const file = String(path)
  return { error: { tag, message: words.includes(file) ? words : `${file}: ${words}`, file } }
}

/** Any error as the `{ error }` of the document: its tag, its message, and the file and field that it carries. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof PlatformError) return systemFailure(error)
  if (isUsage(error) && error.errors.length > 0) {
    const wrong = error.errors
    const failures = wrong.map((each) => failureOf(each).error)
    const path = error.commandPath.join(" ")
    const message = `${failures.map((failure) => failure.message).join("; ")} (usage: ${path} --help)`
    return { error: { ...failureOf(wrong[0]).error, message } }
  }
  const bare = typeof error === "object" ? "an error without a message" : String(error)
  const own = error instanceof Error ? error.message : text(error, "message") ?? bare
  const file = text(error, "file", "path", "source", "folder")
  const field = text(error, "field", "tensor", "option", "argument")
  const tag = text(error, "_tag") ?? (error instanceof Error ? error.name : "Error")
  const message = own === "" ? tag : own
  return { error: { tag, message, ...(file === undefined ? {} : { file }), ...(field === undefined ? {} : { field }) } }
}

/** An error in one line: its tag, its file and field where the message does not name them, and its message. */
export const line = ({ error: { tag, message, file, field } }: Failure): string => {
  const where = [file, field].filter((part) => part !== undefined && !message.includes(part))
  return `${tag}: ${where.length === 0 ? "" : `${where.join(": ")}: `}${message.replace(/\s*\n\s*/g, " ")}`
}

/** Prints why a command stopped. Help that was asked for is no error, and neither is a broken law already in JSON. */
export const explain = (cause: Cause.Cause<unknown>, json: boolean): Effect.Effect<void> =>
  Effect.suspend(() => {
    const interrupted = Cause.hasInterruptsOnly(cause)
    const error = interrupted ? { _tag: "Interrupted", message: "stopped before the end" } : Cause.squash(cause)
    if ((isUsage(error) && error.errors.length === 0) || (json && error instanceof BrokenLaw)) return Effect.void
    const failure = failureOf(error)
    if (json) return Console.log(JSON.stringify(failure))
    const defect = !interrupted && Cause.hasDies(cause) ? `\n${Cause.pretty(cause)}` : ""
    return Console.error(`${line(failure)}${defect}`)
  })
