/** A benchmark that runs in a process of its own: what it is told on the command line, and where its rows go. */
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import type { Row } from "./row.ts"

export interface Settings {
  /** How long each contestant is timed, about. */
  readonly milliseconds: number
  /** Small sizes only, to try the benchmark out. */
  readonly quick: boolean
  /** Threads of onnxruntime-web, which fixes them at its first use: one number a process. */
  readonly webThreads: number
}

/** Runs it with `[--milliseconds N] [--quick] [--web-threads N] [--json FILE]`, and ends the process. */
export const suite = async (measure: (settings: Settings) => Promise<ReadonlyArray<Row>>): Promise<never> => {
  const { values } = parseArgs({
    options: {
      milliseconds: { type: "string", default: "1000" }, quick: { type: "boolean", default: false },
      "web-threads": { type: "string", default: "1" }, json: { type: "string" }
    }
  })
  const rows = await measure({
    milliseconds: Number(values.milliseconds), quick: values.quick, webThreads: Number(values["web-threads"])
  })
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows))
  // engines leave threads behind that would keep the process alive
  process.exit(0)
}
