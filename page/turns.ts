/** The worker does one job at a time: while one runs, its own button stops it and the others wait. */
import type { Laboratory } from "./laboratory.ts"

export interface Turns {
  /** Makes a button start work that runs in the worker, and stop it. */
  readonly button: (button: HTMLButtonElement, work: () => Promise<void>) => () => void
}

/** Turns at a worker. */
export const turnsAt = ({ stop }: Pick<Laboratory, "stop">): Turns => {
  const buttons = new Map<HTMLButtonElement, string>()
  let running: HTMLButtonElement | undefined
  const label = (): void => {
    for (const [button, name] of buttons) {
      button.disabled = running !== undefined && button !== running
      button.textContent = button === running ? "Stop" : name
      button.classList.toggle("stop", button === running)
    }
  }
  const take = async (button: HTMLButtonElement, work: () => Promise<void>): Promise<void> => {
    running = button
    label()
    try {
      await work()
    } finally {
      running = undefined
      label()
    }
  }
  return {
    button: (button, work) => {
      buttons.set(button, button.textContent ?? "")
      button.disabled = false
      const start = (): void => { if (running === undefined) void take(button, work) }
      button.addEventListener("click", () => running === button ? stop() : start())
      return start
    }
  }
}
