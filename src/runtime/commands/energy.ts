/** The energy of the molecule of a file by a method of quantum chemistry, with the dipole moment of its mean field. */
import { Effect } from "effect"
import { correlationEnergy } from "../../methods/chemistry/correlation-energy.ts"
import { dipoleMoment, meanField } from "../../methods/chemistry/mean-field.ts"
import { electrons, formula } from "../../methods/chemistry/molecule.ts"
import { readMolecule } from "../../methods/chemistry/read-molecule.ts"
import { layer } from "../backend.ts"
import { type EnergyRequest, figure, type Outcome } from "./request.ts"

const hartree = (value: number): string => value.toFixed(10)

export const energy = ({ basis, cartesian, charge, frozen, method, molecule: file, settings }: EnergyRequest) =>
  Effect.gen(function* () {
    const molecule = yield* readMolecule(file, charge === undefined ? {} : { charge })
    const field = yield* meanField(molecule, { basis, cartesian })
    const { total, correlation } = yield* correlationEnergy(field, method, frozen === undefined ? {} : { frozen })
    return {
      text: `${formula(molecule)}, ${electrons(molecule)} electrons in ${field.integrals.orbitals.count} orbitals `
        + `(${field.basis.name})`,
      tables: [{
        title: "Energies",
        heading: ["energy", "Ha"],
        rows: [
          ["nuclear repulsion", hartree(field.nuclearRepulsion)],
          ["mean field", hartree(field.energy)],
          [`correlation (${method})`, hartree(correlation)],
          ["total", hartree(total)]
        ]
      }],
      report: {
        method: "energy",
        backend: settings.backend,
        seed: settings.seed,
        laws: [],
        figures: [
          figure("total energy", total, "Ha"),
          figure("correlation energy", correlation, "Ha"),
          figure("mean-field energy", field.energy, "Ha"),
          figure("nuclear repulsion", field.nuclearRepulsion, "Ha"),
          figure("dipole moment", Math.hypot(...dipoleMoment(field)), "e bohr"),
          figure("mean-field iterations", field.iterations),
          figure("orbitals", field.integrals.orbitals.count),
          figure("electrons", electrons(molecule))
        ]
      }
    } satisfies Outcome
  }).pipe(Effect.provide(layer(settings)))
