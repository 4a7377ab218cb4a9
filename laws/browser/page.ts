/** The page that a browser is shown: it runs the programs on as many threads as its address says, and reports back. */
import { Effect } from "effect"
import { layerWith } from "../../src/algebra/backends/cpu/index.ts"
import { programs } from "./programs.ts"

const threads = Number(new URLSearchParams(globalThis.location.search).get("threads"))

/** What the page tells the server that served it. */
export interface Report {
  /** Whether the page may share memory with workers. */
  readonly isolated: boolean
  readonly computed?: Readonly<Record<string, string>>
  readonly error?: string
}

const { crossOriginIsolated: isolated } = globalThis
const report: Report = await Effect.runPromise(Effect.provide(programs, layerWith({ threads }))).then(
  (computed) => ({ isolated, computed }),
  (error: unknown) => ({ isolated, error: error instanceof Error ? `${error}\n${error.stack}` : String(error) })
)
await fetch("/report", { method: "POST", body: JSON.stringify(report) })
