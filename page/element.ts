/** Elements of the page: made with their attributes and contents, or found by their name. */

/** A new element. */
export const element = <K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Readonly<Record<string, string>> = {}, ...contents: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[K] => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...contents)
  return made
}

/** The element of this id, which index.html has. */
export const found = <E extends Element>(id: string, kind: new () => E): E => {
  const element = document.getElementById(id)
  if (element instanceof kind) return element
  throw new Error(`index.html: expected a ${kind.name} with the id ${id}`)
}
