/** The playground's part of the page: code that Shift-Enter runs, what it printed and gave, and examples to click. */
import { element, found } from "./element.ts"
import { examples } from "./examples.ts"
import type { Laboratory } from "./laboratory.ts"
import type { Ending, Place } from "./messages.ts"
import type { Turns } from "./turns.ts"

const shown = (ending: Ending): readonly [kind: string, text: string] | undefined => {
  switch (ending.kind) {
    case "value": return ending.text === undefined ? undefined : ["value", ending.text]
    case "failed": return ["failed", ending.message]
    case "stopped": return ["stopped", ending.message]
    case "found": return undefined
  }
}

/** Makes the part work. */
export const playgroundPart = ({ run }: Laboratory, turns: Turns, chosen: () => Place): void => {
  const code = found("code", HTMLTextAreaElement)
  const output = found("output", HTMLElement)

  const perform = async (): Promise<void> => {
    const text = code.value
    if (text.trim() === "") return
    const entry = element("article", {}, element("pre", { class: "given" }, text.trimEnd()))
    const say = (kind: string, said: string): void => entry.append(element("pre", { class: kind }, said))
    output.append(entry)
    const ending = await run({ kind: "code", place: chosen(), code: text }, (news) => {
      if (news.kind === "printed") say("printed", news.text)
    })
    const last = shown(ending)
    if (last !== undefined) say(...last)
    entry.dataset.ended = ending.kind
    entry.scrollIntoView({ block: "nearest" })
  }
  const start = turns.button(found("run-code", HTMLButtonElement), perform)
  code.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey) return
    event.preventDefault()
    start()
  })
  found("examples", HTMLElement).append(...examples.map(({ name, code: text }) => {
    const button = element("button", { type: "button", class: "example" }, name)
    button.addEventListener("click", () => {
      code.value = text
      code.focus()
    })
    return button
  }))
  found("clear", HTMLButtonElement).addEventListener("click", () => output.replaceChildren())
  code.value = examples[0]?.code ?? ""
}
