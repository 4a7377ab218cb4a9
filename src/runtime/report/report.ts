/** The report of a run as a file: drawn without a browser, and written so that it is whole or not there. */
import { Data, Effect } from "effect"
import { parseHTML } from "linkedom"
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import type { ReportContent } from "./html.ts"
import { html } from "./html.ts"

export type { ReportContent }

/** The report could not be written. */
export class ReportNotWritten extends Data.TaggedError("ReportNotWritten")<{
  readonly file: string
  readonly message: string
}> {}

/** The report as the text of one HTML file. */
export const report = (content: ReportContent): string =>
  html(content, { document: parseHTML("<html><body></body></html>").document })

/** Writes the report into `file`, aside and then renamed: a file of that name is whole or the one before. */
export const writeReport = (file: string, content: ReportContent): Effect.Effect<string, ReportNotWritten> =>
  Effect.try({
    try: () => {
      const aside = `${file}.${process.pid}.part`
      mkdirSync(path.dirname(file), { recursive: true })
      try {
        writeFileSync(aside, report(content))
        renameSync(aside, file)
      } finally {
        rmSync(aside, { force: true })
      }
      return file
    },
    catch: (cause) => new ReportNotWritten({ file, message: `the report was not written: ${String(cause)}` })
  })
