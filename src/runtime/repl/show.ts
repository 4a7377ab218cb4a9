/** How the REPL shows a value: tensors as `legible.ts` says, anything else as Node does. */
import { inspect } from "node:util"
import { legible, titled } from "./legible.ts"

/** The text of a value. */
export const show = (value: unknown): string =>
  titled(value) ?? inspect(legible(value, 6), { colors: process.stdout.isTTY === true, depth: 4 })
