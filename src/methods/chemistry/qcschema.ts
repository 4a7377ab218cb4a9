/**
 * Results in QCSchema (Smith et al., WIREs Comput. Mol. Sci. 11, e1491 (2021)), the JSON that programs of quantum
 * chemistry exchange: the AtomicResult of one molecule, with where it came from. Positions in bohr, energies in Ha.
 */
import type { MethodName } from "./correlation/solver.ts"
import { symbolOf } from "./elements.ts"
import type { Energy } from "./energy-method.ts"
import type { RestrictedMeanField } from "./mean-field.ts"
import { dipoleMoment } from "./mean-field.ts"
import { trace } from "./mean-field/dense.ts"
import { electrons } from "./molecule.ts"

/** What was computed, by what. */
export interface Result {
  readonly field: RestrictedMeanField
  readonly method: MethodName
  readonly energy: Energy
  /** Of the energy with respect to the atoms' positions, in Ha a bohr, when it was asked for. */
  readonly gradient?: Float64Array
  readonly version: string
  /** What else the model is called, what was asked of it, and by which command, where it is more than a method. */
  readonly model?: { readonly name: string; readonly keywords: object; readonly routine: string }
}

/** What each method calls its energy; full configuration interaction has no name there. */
const names: Readonly<Record<MethodName, string | undefined>> =
  { hf: undefined, mp2: "mp2", ccsd: "ccsd", "ccsd(t)": "ccsd_prt_pr", fci: undefined }

/** The AtomicResult, version 1. */
export const atomicResult = ({ field, method, energy: { total, correlation }, gradient, version, model }: Result) => {
  const { molecule, basis, density, integrals, iterations, orbitalEnergies } = field
  const provenance = { creator: "noether", version, routine: model?.routine ?? "noether energy" }
  const oneElectron = trace(density, integrals.coreHamiltonian)
  const name = names[method]
  return {
    schema_name: "qcschema_output",
    schema_version: 1,
    driver: gradient === undefined ? "energy" : "gradient",
    model: { method: model?.name ?? method, basis: basis.name },
    molecule: {
      schema_name: "qcschema_molecule",
      schema_version: 2,
      symbols: molecule.atomicNumbers.map(symbolOf),
      geometry: Array.from(molecule.positions),
      molecular_charge: molecule.charge,
      molecular_multiplicity: molecule.multiplicity,
      fix_com: true,
      fix_orientation: true,
      provenance
    },
    keywords: model?.keywords ?? {},
    properties: {
      calcinfo_natom: molecule.atomicNumbers.length,
      calcinfo_nbasis: integrals.orbitals.count,
      calcinfo_nmo: orbitalEnergies.length,
      calcinfo_nalpha: electrons(molecule) / 2,
      calcinfo_nbeta: electrons(molecule) / 2,
      nuclear_repulsion_energy: field.nuclearRepulsion,
      return_energy: total,
      scf_one_electron_energy: oneElectron,
      scf_two_electron_energy: field.energy - field.nuclearRepulsion - oneElectron,
      scf_total_energy: field.energy,
      scf_iterations: iterations,
      scf_dipole_moment: dipoleMoment(field),
      ...(name === undefined ? {} : { [`${name}_total_energy`]: total, [`${name}_correlation_energy`]: correlation }),
      ...(gradient === undefined ? {} : { return_gradient: Array.from(gradient) })
    },
    return_result: gradient === undefined ? total : Array.from(gradient),
    extras: { correlation_energy: correlation },
    success: true,
    provenance
  }
}
