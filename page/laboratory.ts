/**
 * The worker as the page sees it: one job at a time, heard of while it runs, and stopped by interruption. Work that
 * does not listen is ended with its worker, and a new one takes its place: the page stays usable whatever was run.
 */
import type { Ending, Job, Machine, News, Reply, Request } from "./messages.ts"

/** How long an interrupted job may take to end by itself. */
const patienceMilliseconds = 4_000

const endings: ReadonlySet<Reply["kind"]> = new Set<Ending["kind"]>(["found", "value", "failed", "stopped"])
const isEnding = (reply: Reply): reply is Ending => endings.has(reply.kind)

export interface Laboratory {
  /** What the browser offers, once the worker has looked. */
  readonly machine: Promise<Machine>
  /** Runs a job; resolves when it has ended, however it did. */
  readonly run: (job: Job, hear: (news: News) => void) => Promise<Ending>
  /** Interrupts the job that runs, if any. */
  readonly stop: () => void
}

interface Running {
  readonly hear: (news: News) => void
  readonly end: (ending: Ending) => void
}

/** Starts the worker. */
export const open = (): Laboratory => {
  const machine = Promise.withResolvers<Machine>()
  let running: Running | undefined
  const end = (ending: Ending): void => {
    const { end } = running ?? {}
    running = undefined
    end?.(ending)
  }
  const start = (): Worker => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })
    let began = false
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      began = true
      if (data.kind === "machine") machine.resolve(data.machine)
      else if (isEnding(data)) end(data)
      else running?.hear(data)
    })
    worker.addEventListener("error", ({ message = "it cannot be loaded" }) => {
      machine.reject(new Error(message))
      const failed: Ending = { kind: "failed", message: `the worker failed: ${message}` }
      // one that never began would not begin the next time either
      if (began) replace(failed)
      else end(failed)
    })
    return worker
  }
  let worker = start()
  const tell = (request: Request): void => worker.postMessage(request)
  const replace = (ending: Ending): void => {
    worker.terminate()
    worker = start()
    end(ending)
  }
  return {
    machine: machine.promise,
    run: (job, hear) => new Promise((resolve) => {
      running = { hear, end: resolve }
      tell(job)
    }),
    stop: () => {
      const stopped = running
      if (stopped === undefined) return
      tell({ kind: "stop" })
      setTimeout(() => {
        if (running !== stopped) return
        replace({ kind: "stopped", message: "stopped; it did not listen, so its worker was ended and another begun" })
      }, patienceMilliseconds)
    }
  }
}
