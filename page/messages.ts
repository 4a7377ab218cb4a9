/** What the page and its worker tell each other: plain data, one job at a time. */
import type { Outcome, Tracked } from "../src/core/progress.ts"
import type { Findings } from "../src/runtime/commands/run/findings.ts"
import type { BackendName } from "./names.ts"
import type { Effort } from "./size.ts"

/** Where a job computes. */
export interface Place {
  readonly backend: BackendName
  /** Threads of the cpu backend, from 1. */
  readonly threads: number
}

/** The main job. */
export interface MainJob {
  readonly kind: "main job"
  readonly place: Place
  readonly effort: Effort
  readonly seed: number
}

/** Code of the playground. */
export interface Code {
  readonly kind: "code"
  readonly place: Place
  readonly code: string
}

export type Job = MainJob | Code

/** What the page asks of its worker. */
export type Request = Job | { readonly kind: "stop" }

/** What the browser offers. */
export interface Machine {
  /** Threads that the cpu backend may use; 1 where memory cannot be shared. */
  readonly threads: number
  /** Why memory cannot be shared, where it cannot. */
  readonly alone: string | undefined
  /** Why a backend cannot be had, by name; absent where it can. */
  readonly refusals: Readonly<Partial<Record<BackendName, string | undefined>>>
}

/** What is heard of a job on its way. */
export type News =
  | { readonly kind: "opened" | "changed"; readonly work: Tracked }
  | { readonly kind: "closed"; readonly work: Tracked; readonly outcome: Outcome }
  | { readonly kind: "printed"; readonly text: string }

/** How a job ended. */
export type Ending =
  | { readonly kind: "found"; readonly findings: Findings; readonly document: string }
  | { readonly kind: "value"; readonly text: string | undefined }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "stopped"; readonly message: string }

/** What the worker tells the page. */
export type Reply = { readonly kind: "machine"; readonly machine: Machine } | News | Ending
