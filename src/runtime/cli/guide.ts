/** `noether guide`: guiding states of a molecule. */
import type { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import type { GuideRequest } from "../commands/guide/request.ts"
import { cores } from "../commands/guide/request.ts"
import type { Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { basis, charge, count, maybeCount, maybePath, molecule, number, settings } from "./flags.ts"

/** "1-3,7" as 1 2 3 7; undefined where it is no such list. */
export const numbersIn = (text: string): ReadonlyArray<number> | undefined => {
  if (text.trim() === "") return []
  const parts = text.split(",").map((part) => /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(part))
  const ranges = parts.map((part) => [Number(part?.[1]), Number(part?.[2] ?? part?.[1])] as const)
  if (!ranges.every(([first, last]) => first >= 1 && last >= first && last < 10_000)) return undefined
  return [...new Set(ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => first + at)))]
}

/** The command, around the body that does the work. */
export const guide = <E, R>(body: (request: GuideRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("guide", {
    settings,
    molecule,
    basis,
    charge,
    embedding: Flag.Literals("embedding", cores).pipe(
      Flag.withDescription("Which electrons: all, those of atoms and their Schmidt bath, those projected out by "
        + "Huzinaga's operator, or the pi electrons of a molecule in the xy plane (default none)"),
      Flag.withDefault(cores[0])
    ),
    atoms: Flag.String("atoms").pipe(
      Flag.withMetavar("LIST"),
      Flag.withDescription("Atoms of the core, counted from 1, as 1-3,7"),
      Flag.withDefault(""),
      Flag.filter((text) => numbersIn(text) !== undefined, (text) => `expected atoms as 1-3,7, got ${text}`),
      Flag.map((text) => numbersIn(text) ?? [])
    ),
    frozen: maybeCount("frozen", "Lowest orbitals of the mean field that are frozen (default: none)", 0),
    active: maybeCount("active", "Orbitals of the mean field kept after them (default: all)"),
    bits: count("bits", 6, "Bits of the phase"),
    trotter: maybeCount("trotter", "Run the circuit by the product formula too, in so many steps"),
    runs: count("runs", 1000, "Runs of phase estimation that are drawn"),
    error: number("error", 0.0016, [1e-9, 10], "Error of the energy that costs are stated for, in Ha"),
    out: maybePath("out", "Folder of the report")
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Print how much of its ground state cheap states of a molecule hold, and what that costs"),
    Command.withExamples([
      {
        command: "noether guide water.xyz --basis sto-3g",
        description: "Overlaps, bounds, active spaces and phase estimation"
      },
      {
        command: "noether guide dimer.xyz --embedding huzinaga --atoms 1-3",
        description: "The first three atoms in the field of the others"
      }
    ])
  )
