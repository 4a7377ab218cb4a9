/** The choice of a backend and of threads; what this browser lacks is greyed out, with the reason. */
import { backendNames, type BackendName } from "./names.ts"
import { element, found } from "./element.ts"
import type { Machine, Place } from "./messages.ts"

const described: Readonly<Record<BackendName, string>> = {
  cpu: "WebAssembly with SIMD and threads",
  webgpu: "the graphics processor, through WebGPU"
}

/** Offers what the browser has, and gives what is chosen. */
export const choice = ({ refusals, threads, alone }: Machine): { readonly chosen: () => Place } => {
  const list = found("backends", HTMLElement)
  const buttons = backendNames.map((name) => {
    const refusal = refusals[name]
    const button = element("input", { type: "radio", name: "backend", value: name, id: `backend-${name}` })
    button.disabled = refusal !== undefined
    button.checked = name === backendNames.find((each) => refusals[each] === undefined)
    list.append(element("label", { for: `backend-${name}`, ...(refusal !== undefined && { class: "refused" }) },
      button, element("strong", {}, name), element("small", {}, refusal ?? described[name])))
    return button
  })
  const count = found("threads", HTMLInputElement)
  count.max = String(threads)
  count.value = String(threads)
  count.disabled = threads === 1
  if (alone !== undefined) found("alone", HTMLElement).textContent = alone
  return {
    chosen: () => ({
      backend: backendNames.find((_, at) => buttons[at]?.checked) ?? "cpu",
      threads: Math.max(1, Math.min(threads, Math.round(count.valueAsNumber) || 1))
    })
  }
}
