/** The file of a mean field, from which another one starts: what it is of, how far it has come, and its density. */
import * as t from "io-ts"
import { Count, Finite } from "../../../core/document.ts"

export const StateFile = t.readonly(t.strict({
  format: t.literal("noether mean field"),
  atomicNumbers: t.readonlyArray(Count),
  charge: Finite,
  basis: t.string,
  cartesian: t.boolean,
  converged: t.boolean,
  energy: Finite,
  iterations: Count,
  /** Spin-summed, row-major over the atomic orbitals. */
  density: t.readonlyArray(Finite)
}), "mean field")
export type StateFile = t.TypeOf<typeof StateFile>
