/** The file that the matching of an embedding goes on from. */
import * as t from "io-ts"
import { Count, Finite } from "../../core/document.ts"

export const StateFile = t.readonly(t.strict({
  format: t.literal("noether matching"),
  /** Molecule, basis set and settings that decide what is matched. */
  of: t.string,
  step: Count,
  error: Finite,
  unknowns: t.readonlyArray(Finite)
}), "matching")
