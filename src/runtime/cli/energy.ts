/** `noether energy`: the energy of a molecule. */
import type { Effect } from "effect"
import { Option } from "effect"
import { Command, Flag } from "effect/cli"
import type { EnergyRequest, Outcome } from "../commands/request.ts"
import { energyMethods } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { charge, count, maybeCount, molecule, number, settings } from "./flags.ts"

const maybe = <A>(flag: Flag.Flag<A>): Flag.Flag<A | undefined> =>
  flag.pipe(Flag.optional, Flag.map(Option.getOrUndefined))

const switched = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

const file = (name: string, description: string) =>
  maybe(Flag.String(name).pipe(Flag.withMetavar("PATH"), Flag.withDescription(description)))

/** The command, around the body that does the work. */
export const energy = <E, R>(body: (request: EnergyRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("energy", {
    settings,
    molecule,
    basis: maybe(Flag.String("basis").pipe(
      Flag.withDescription("Basis set: a packaged one, or a file ending in .json (default as the file says, or sto-3g)")
    )),
    method: maybe(Flag.Literals("method", energyMethods).pipe(
      Flag.withDescription(`What gives the energy (default as the file says, or ${energyMethods[0]})`)
    )),
    charge,
    multiplicity: maybe(Flag.Int("multiplicity").pipe(
      Flag.withDescription("Spin multiplicity; the methods here are for 1 (default: as the file says, or the lowest)")
    )),
    frozen: maybeCount("frozen", "Lowest orbitals that are not correlated (default: none)", 0),
    cartesian: switched("cartesian", "Cartesian d and f functions in place of spherical ones"),
    fitting: switched("density-fitting", "Fit densities in def2-universal-jkfit: less memory, errors of about 1e-5 Ha"),
    gradient: switched("gradient", "The gradient of the mean field's energy (method hf, without density fitting)"),
    levelShift: number("level-shift", 0, [0, 100], "How far virtual orbitals are raised, in Ha"),
    iterations: count("iterations", 100, "Most iterations of the mean field", 2),
    independent: switched("refuse-dependence", "Refuse a linearly dependent basis set, leave nothing out"),
    memory: maybe(number("memory", 0, [0.001, 1e6], "GiB that may be taken").pipe(
      Flag.withDescription("GiB that may be taken (default: half of the machine's)"),
      Flag.map((gibibytes) => (gibibytes > 0 ? gibibytes * 2 ** 30 : undefined))
    )),
    restart: file("restart", "File to start the mean field from, if it is there, and to leave its last state in"),
    qcschema: file("qcschema", "File for the result as QCSchema JSON"),
    out: file("out", "Folder for a report with plots")
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Print the total and the correlation energy of a molecule"),
    Command.withExamples([
      {
        command: "noether energy water.xyz --basis 6-31g --method ccsd",
        description: "Coupled cluster with single and double excitations"
      },
      { command: "noether energy input.json --qcschema result.json", description: "QCSchema in, QCSchema out" }
    ])
  )
