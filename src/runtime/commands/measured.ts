/** Figures of this run, as opposed to those quoted from a paper. */
import type { Figure } from "../../core/document.ts"

/** A number that was measured in this run. */
export const measured = (name: string, value: number, unit = ""): Figure => ({ name, value, unit, source: "measured" })
