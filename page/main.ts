/** The page: what is chosen, the main job and the playground, over one worker. */
import { found } from "./element.ts"
import { jobPart } from "./job.ts"
import { open } from "./laboratory.ts"
import { choice } from "./place.ts"
import { playgroundPart } from "./playground.ts"
import { turnsAt } from "./turns.ts"

const laboratory = open()
try {
  const { chosen } = choice(await laboratory.machine)
  const turns = turnsAt(laboratory)
  jobPart(laboratory, turns, chosen)
  playgroundPart(laboratory, turns, chosen)
  document.body.dataset.ready = "yes"
} catch (error) {
  found("alone", HTMLElement).textContent = `the page could not start: ${String(error)}`
}
