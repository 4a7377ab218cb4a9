/**
 * Guiding states of the molecule of a file, or of a core of it: their overlaps with the exact ground state beside the
 * bounds, what phase estimation costs from them, and its outcomes.
 */
import { Effect, Path } from "effect"
import type { RestrictedMeanField } from "../../../methods/chemistry/mean-field.ts"
import { meanField } from "../../../methods/chemistry/mean-field.ts"
import { MeanFieldError } from "../../../methods/chemistry/mean-field/restricted.ts"
import { molecularHamiltonian } from "../../../methods/chemistry/molecular-hamiltonian.ts"
import { electrons, formula } from "../../../methods/chemistry/molecule.ts"
import { readMolecule } from "../../../methods/chemistry/read-molecule.ts"
import {
  coreHamiltonian, overlaps, piCore, Projection, schmidtCore
} from "../../../methods/chemistry/guiding-states/index.ts"
import { atomsOf } from "../../../methods/chemistry/localisation/localised.ts"
import { layer } from "../../backend.ts"
import { versions } from "../../package.ts"
import { writeReport } from "../../report/report.ts"
import { figure, type Outcome } from "../request.ts"
import { phasePlot, phasesOf, phaseTable, successes } from "./phases.ts"
import type { GuideRequest } from "./request.ts"
import { lawsOf, orbitalTable, overlapFigures, overlapPlots, spaceTable, stateTable } from "./shown.ts"

const few = ["schmidt", "huzinaga"]

/** The Hamiltonian that is asked about, and its name. */
const chosen = (field: RestrictedMeanField, { embedding, atoms, frozen, active }: GuideRequest) =>
  Effect.gen(function*() {
    const inside = atoms.map((atom) => atom - 1)
    if (few.includes(embedding) && atoms.length === 0)
      return yield* MeanFieldError.of("atoms", `expected the atoms of the core (--atoms) for --embedding ${embedding}`)
    if (embedding !== "none" && (frozen !== undefined || active !== undefined))
      return yield* MeanFieldError.of("embedding", "expected no --frozen and no --active with a core")
    const count = field.molecule.atomicNumbers.length
    if (inside.some((atom) => atom >= count))
      return yield* MeanFieldError.of("atoms", `expected atoms from 1 to ${count}, got ${atoms.join(",")}`)
    switch (embedding) {
      case "none": return yield* molecularHamiltonian(field, {
        ...(frozen === undefined ? {} : { frozen }), ...(active === undefined ? {} : { active })
      })
      case "schmidt": {
        const of = atomsOf(field.integrals.orbitals)
        return yield* schmidtCore(field, Array.from(of.keys()).filter((site) => inside.includes(of[site] ?? -1)))
      }
      case "huzinaga": return yield* coreHamiltonian(
        field, yield* Projection.project(field, yield* Projection.partition(field, inside))
      )
      case "pi": return yield* coreHamiltonian(field, yield* piCore(field))
    }
  })

/** Reads, measures, and writes a report where asked. */
export const guide = (request: GuideRequest) => Effect.gen(function*() {
  const { basis, charge, embedding, atoms, error, molecule: file, out, settings } = request
  const path = yield* Path.Path
  const molecule = yield* readMolecule(file, charge === undefined ? {} : { charge })
  const field = yield* meanField(molecule, { basis })
  const of = yield* chosen(field, request)
  const found = yield* overlaps(of, { threads: settings.threads })
  const phases = yield* phasesOf(of, found, { ...request, seed: settings.seed })
  const shown = {
    laws: [...lawsOf(of, found), ...phases.laws],
    figures: [
      ...overlapFigures(of, found, error),
      figure("runs drawn that found the ground state", successes(phases)),
      ...(phases.words === undefined ? [] : [figure("Pauli words", phases.words)])
    ],
    tables: [stateTable(of, found, error), spaceTable(found), orbitalTable(found), phaseTable(phases)],
    plots: [...overlapPlots(found), phasePlot(phases)]
  }
  const inside = atoms.length === 0 ? "" : ` of atoms ${atoms.join(" ")}`
  const core = embedding === "none" ? "" : `, ${embedding} core${inside}`
  const text = `${formula(molecule)}, ${electrons(molecule)} electrons in ${field.integrals.orbitals.count} orbitals `
    + `(${field.basis.name})${core}: ${of.electrons} electrons in ${of.orbitals} orbitals are correlated`
  const written: Record<string, string> = {}
  if (out !== undefined)
    written["report"] = yield* writeReport(path.join(out, "report.html"), {
      title: `Guiding states of ${formula(molecule)}`, summary: text, ...shown,
      ran: {
        command: "noether guide", molecule: file, basis: field.basis.name, embedding, backend: settings.backend,
        threads: settings.threads, seed: settings.seed, ...versions()
      }
    })
  return {
    text, tables: shown.tables, plots: shown.plots, written,
    report: {
      method: "guiding states", backend: settings.backend, seed: settings.seed, laws: shown.laws, figures: shown.figures
    }
  } satisfies Outcome
}).pipe(Effect.provide(layer(request.settings)))
