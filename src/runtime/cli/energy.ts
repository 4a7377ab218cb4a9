/** `noether energy`: the energy of a molecule. */
import type { Effect } from "effect"
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { EnergyRequest, Outcome } from "../commands/request.ts"
import { energyMethods } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { maybeCount, settings } from "./flags.ts"

/** The command, around the body that does the work. */
export const energy = <E, R>(body: (request: EnergyRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("energy", {
    settings,
    molecule: Argument.String("molecule").pipe(
      Argument.withMetavar("FILE"),
      Argument.withDescription("Molecule: an XYZ file in angstrom, or QCSchema JSON in bohr")
    ),
    basis: Flag.String("basis").pipe(
      Flag.withDescription("Basis set: a packaged one, or a file ending in .json (default sto-3g)"),
      Flag.withDefault("sto-3g")
    ),
    method: Flag.Literals("method", energyMethods).pipe(
      Flag.withDescription("What gives the energy (default hf)"),
      Flag.withDefault(energyMethods[0])
    ),
    charge: Flag.Int("charge").pipe(
      Flag.withDescription("Charge of the molecule (default: as the file says, or 0)"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    frozen: maybeCount("frozen", "Lowest orbitals that are not correlated (default: none)", 0),
    cartesian: Flag.Boolean("cartesian").pipe(
      Flag.withDescription("Cartesian d and f functions in place of spherical ones"),
      Flag.withDefault(false)
    )
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Print the total and the correlation energy of a molecule"),
    Command.withExamples([
      {
        command: "noether energy water.xyz --basis 6-31g --method ccsd",
        description: "Coupled cluster with single and double excitations"
      }
    ])
  )
