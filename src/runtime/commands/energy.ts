/**
 * The energy of the molecule of a file by a method of quantum chemistry, with the dipole moment of its mean field, and,
 * where they are asked for, its gradient, a result in QCSchema, a state to go on from and a report.
 */
import { Effect, FileSystem, Path } from "effect"
import { energyMethods } from "./request.ts"
import { basisNamed } from "../../methods/chemistry/basis.ts"
import type { MethodName } from "../../methods/chemistry/correlation-energy.ts"
import { solved } from "../../methods/chemistry/correlation-energy.ts"
import { natural } from "../../methods/chemistry/correlation/density-matrices.ts"
import type { Solution } from "../../methods/chemistry/correlation/solver.ts"
import { named } from "../../methods/chemistry/correlation/solver.ts"
import { symbolOf } from "../../methods/chemistry/elements.ts"
import { gradient as gradientOf } from "../../methods/chemistry/gradient.ts"
import type { RestrictedMeanField } from "../../methods/chemistry/mean-field.ts"
import { dipoleMoment, meanField } from "../../methods/chemistry/mean-field.ts"
import { MeanFieldError } from "../../methods/chemistry/mean-field/restricted.ts"
import { readDensity, writeState } from "../../methods/chemistry/mean-field/state-file.ts"
import type { Molecule } from "../../methods/chemistry/molecule.ts"
import { electrons, formula } from "../../methods/chemistry/molecule.ts"
import { atomicResult } from "../../methods/chemistry/qcschema.ts"
import { readInput } from "../../methods/chemistry/read-molecule.ts"
import { layer } from "../backend.ts"
import { version, versions } from "../package.ts"
import type { Plot, Table } from "../report/content.ts"
import { writeReport } from "../report/report.ts"
import { type EnergyRequest, figure, type Outcome } from "./request.ts"

const hartree = (value: number): string => value.toFixed(10)

const methodNamed = (name: string | undefined): Effect.Effect<MethodName, MeanFieldError> => {
  const lower = (name ?? energyMethods[0]).toLowerCase()
  const found = lower === "scf" ? "hf" : energyMethods.find((method) => method === lower)
  return found === undefined
    ? Effect.fail(MeanFieldError.of("method", `expected ${energyMethods.join(", ")}, got "${name}"`))
    : Effect.succeed(found)
}

/** The mean field from where `restart` left it, leaving there how far it came, converged or not. */
const resumed = (request: EnergyRequest, molecule: Molecule, basisName: string) => Effect.gen(function* () {
  const { cartesian, fitting, independent, iterations, levelShift, memory, restart, settings } = request
  const fs = yield* FileSystem.FileSystem
  const basis = yield* basisNamed(basisName)
  const of = { molecule, basis, cartesian }
  const density = restart !== undefined && (yield* fs.exists(restart)) ? yield* readDensity(restart, of) : undefined
  const solving = meanField(molecule, {
    basis, cartesian, levelShift, maximumIterations: iterations, threads: settings.threads,
    dependent: independent ? "refuse" : "leave out",
    ...(memory === undefined ? {} : { memory }),
    ...(fitting ? { fitting: "def2-universal-jkfit" } : {}),
    ...(density === undefined ? {} : { density })
  })
  if (restart === undefined) return yield* solving
  const field = yield* solving.pipe(
    Effect.tapErrorTag("NotConverged", ({ state }) => writeState(restart, of, state, false))
  )
  yield* writeState(restart, of, field, true)
  return field
})

const plots = (field: RestrictedMeanField, solution: Solution | undefined, orbitals: number): ReadonlyArray<Plot> => {
  const level = (from: number, to: number) => Array.from(field.orbitalEnergies.subarray(from, to), (energy, at) =>
    [from + at + 1, energy] as const)
  const last = field.history.at(-1)?.energy ?? 0
  const convergence: Plot = {
    title: "Convergence of the mean field", x: "iteration", y: "Ha", logY: true,
    series: [
      {
        name: "energy above the last",
        points: field.history.map(({ energy }, at) => [at + 1, Math.abs(energy - last)])
      },
      { name: "commutator", points: field.history.map(({ commutator }, at) => [at + 1, commutator]) }
    ]
  }
  const levels: Plot = {
    title: "Orbital energies", x: "orbital", y: "Ha",
    series: [
      { name: "occupied", points: level(0, field.occupied) },
      { name: "virtual", points: level(field.occupied, field.orbitalEnergies.length) }
    ]
  }
  const matrices = solution?.densityMatrices
  if (matrices === undefined) return [levels, convergence]
  const { occupations } = natural(matrices.one, orbitals)
  return [levels, convergence, {
    title: "Natural occupations", x: "natural orbital", y: "electrons", logY: true,
    series: [{ name: "occupation", points: Array.from(occupations, (value, at) => [at + 1, value] as const) }]
  }]
}

const gradientTable = ({ atomicNumbers }: Molecule, gradient: Float64Array): Table => ({
  title: "Gradient of the energy, Ha/bohr",
  heading: ["atom", "x", "y", "z"],
  rows: atomicNumbers.map((number, atom) =>
    [`${atom + 1} ${symbolOf(number)}`, ...[0, 1, 2].map((axis) => hartree(gradient[3 * atom + axis] ?? NaN))])
})

export const energy = (request: EnergyRequest) => Effect.gen(function* () {
  const { charge, frozen, memory, multiplicity, out, qcschema, settings } = request
  const asked = yield* readInput(request.molecule, {
    ...(charge === undefined ? {} : { charge }), ...(multiplicity === undefined ? {} : { multiplicity })
  })
  const { molecule } = asked
  const method = yield* methodNamed(request.method ?? asked.method)
  const wantsGradient = request.gradient || asked.driver === "gradient"
  if (wantsGradient && method !== "hf")
    return yield* MeanFieldError.of("gradient", `there is one for the method hf alone, not for ${method}`)
  const field = yield* resumed(request, molecule, request.basis ?? asked.basis ?? "sto-3g")
  const window = { ...(frozen === undefined ? {} : { frozen }), ...(memory === undefined ? {} : { memory }) }
  const solution = method === "hf" ? undefined
    : yield* solved(field, window).pipe(Effect.provide(named(method, {
      threads: settings.threads, ...(memory === undefined ? {} : { memory })
    })))
  const correlation = solution?.correlation ?? 0
  const total = field.energy + correlation
  const gradient = wantsGradient ? yield* gradientOf(field) : undefined
  const dipole = dipoleMoment(field)
  const report = {
    method: "energy",
    backend: settings.backend,
    seed: settings.seed,
    laws: [],
    figures: [
      figure("total energy", total, "Ha"),
      figure("correlation energy", correlation, "Ha"),
      figure("mean-field energy", field.energy, "Ha"),
      figure("nuclear repulsion", field.nuclearRepulsion, "Ha"),
      figure("dipole moment", Math.hypot(...dipole), "e bohr"),
      figure("mean-field iterations", field.iterations),
      figure("orbitals", field.integrals.orbitals.count),
      figure("functions left out", field.dropped),
      figure("electrons", electrons(molecule))
    ]
  }
  const shown = plots(field, method === "fci" ? solution : undefined, field.orbitalEnergies.length - (frozen ?? 0))
  const summary = `${formula(molecule)}, ${electrons(molecule)} electrons in `
    + `${field.integrals.orbitals.count} orbitals (${field.basis.name})`
  const tables: ReadonlyArray<Table> = [
    {
      title: "Energies",
      heading: ["energy", "Ha"],
      rows: [
        ["nuclear repulsion", hartree(field.nuclearRepulsion)],
        ["mean field", hartree(field.energy)],
        [`correlation (${method})`, hartree(correlation)],
        ["total", hartree(total)]
      ]
    },
    { title: "Dipole moment, e bohr", heading: ["x", "y", "z"], rows: [dipole.map((value) => value.toFixed(8))] },
    ...(gradient === undefined ? [] : [gradientTable(molecule, gradient)])
  ]
  const written: Record<string, string> = request.restart === undefined ? {} : { state: request.restart }
  if (qcschema !== undefined) {
    const fs = yield* FileSystem.FileSystem
    const result = atomicResult({
      field, method, energy: { total, correlation }, version, ...(gradient === undefined ? {} : { gradient })
    })
    yield* fs.writeFileString(qcschema, `${JSON.stringify(result, null, 1)}\n`)
    written["QCSchema"] = qcschema
  }
  if (out !== undefined) {
    const path = yield* Path.Path
    written["report"] = yield* writeReport(path.join(out, "report.html"), {
      title: `Energy of ${formula(molecule)}`,
      summary,
      ran: { command: "noether energy", molecule: request.molecule, method, backend: settings.backend, ...versions() },
      laws: [], figures: report.figures, plots: shown, tables
    })
  }
  return { text: summary, tables, report, written } satisfies Outcome
}).pipe(Effect.provide(layer(request.settings)))
