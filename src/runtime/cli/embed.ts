/** `noether embed`: the energy of a molecule by its fragments. */
import type { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import type { Configuration } from "../../methods/chemistry/bootstrap-embedding/index.ts"
import {
  energyForms, fragmentKinds, localisations, matchings
} from "../../methods/chemistry/bootstrap-embedding/configuration.ts"
import type { EmbedRequest } from "../commands/embed.ts"
import type { Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { basis, charge, count, maybePath, molecule, number, resume, settings } from "./flags.ts"

/** What can solve a fragment: methods that have density matrices, the default first. */
const solvers = ["ccsd", "fci", "hf"] as const

/** The command, around the body that does the work. */
export const embed = <E, R>(body: (request: EmbedRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("embed", {
    settings,
    molecule,
    basis,
    solver: Flag.Literals("solver", solvers).pipe(
      Flag.withDescription("What solves each fragment (default ccsd)"),
      Flag.withDefault(solvers[0])
    ),
    fragments: Flag.Literals("fragments", fragmentKinds).pipe(
      Flag.withDescription("How far fragments reach: be2 is each motif with its neighbours (default be2)"),
      Flag.withDefault("be2")
    ),
    matching: Flag.Literals("matching", matchings).pipe(
      Flag.withDescription("What fragments agree on: nothing, the number of electrons, or densities too "
        + "(default chemical-potential)"),
      Flag.withDefault("chemical-potential")
    ),
    localisation: Flag.Literals("localisation", localisations).pipe(
      Flag.withDescription("Orbitals of atoms; iao for bases larger than minimal (default lowdin)"),
      Flag.withDefault("lowdin")
    ),
    energy: Flag.Literals("energy", energyForms).pipe(
      Flag.withDescription("What the energy is made of (default cumulant)"),
      Flag.withDefault("cumulant")
    ),
    frozenCore: Flag.Boolean("frozen-core").pipe(
      Flag.withDescription("Leave inner shells uncorrelated"),
      Flag.withDefault(false)
    ),
    hydrogens: Flag.Literals("hydrogens", ["attached", "nearest", "separate"]).pipe(
      Flag.withDescription("Hydrogens go with the atom they are bonded to, with the nearest of several, or are motifs "
        + "(default attached)"),
      Flag.withDefault("attached")
    ),
    charge,
    tolerance: number("tolerance", 1e-7, [1e-12, 1], "Root mean square of what is matched, in electrons of one spin"),
    iterations: count("iterations", 100, "Most steps of the matching"),
    concurrency: count("concurrency", 1, "Fragments that are solved side by side"),
    out: maybePath("out", "Folder of the report, the result in QCSchema and the state of the matching"),
    resume
  }, ({ basis, charge, molecule, out, resume, settings, solver, ...chosen }) => {
    const configuration: Configuration = chosen
    return answer(settings, body({ basis, charge, molecule, out, resume, settings, solver, configuration }))
  }).pipe(
    Command.withDescription("Print the energy of a molecule by bootstrap embedding: fragments, each with a bath"),
    Command.withExamples([
      {
        command: "noether embed octane.xyz --basis sto-3g --fragments be2 --solver ccsd",
        description: "Each carbon with its neighbours, by coupled cluster"
      },
      {
        command: "noether embed octane.xyz --matching full --out out/octane",
        description: "Densities matched, with a report; --resume goes on after an interruption"
      }
    ])
  )
