/**
 * The energy of the molecule of a file by bootstrap embedding: its fragments, how their densities came to agree, and
 * what each has of the energy. In a folder it keeps a report and the state of the matching, from which it goes on.
 */
import { Effect, FileSystem, Path } from "effect"
import type { Configuration, Embedding } from "../../methods/chemistry/bootstrap-embedding/index.ts"
import { BootstrapEmbedding, conservation, EmbeddingError } from "../../methods/chemistry/bootstrap-embedding/index.ts"
import type { MethodName } from "../../methods/chemistry/correlation/solver.ts"
import { named } from "../../methods/chemistry/correlation/solver.ts"
import { symbolOf } from "../../methods/chemistry/elements.ts"
import { meanField } from "../../methods/chemistry/mean-field.ts"
import type { Molecule } from "../../methods/chemistry/molecule.ts"
import { electrons, formula } from "../../methods/chemistry/molecule.ts"
import { atomicResult } from "../../methods/chemistry/qcschema.ts"
import { readMolecule } from "../../methods/chemistry/read-molecule.ts"
import { writeFileAside } from "../../methods/language/aside.ts"
import { layer } from "../backend.ts"
import { version, versions } from "../package.ts"
import type { Plot, Table } from "../report/content.ts"
import { writeReport } from "../report/report.ts"
import { loadState, saveState } from "./embed-state.ts"
import { figure, type Outcome, type Settings } from "./request.ts"

/** The energy of a molecule by its fragments. */
export interface EmbedRequest {
  readonly settings: Settings
  readonly molecule: string
  readonly basis: string
  /** What solves fragments. */
  readonly solver: MethodName
  /** As the file says, or 0, when undefined. */
  readonly charge: number | undefined
  readonly configuration: Configuration
  /** Where the report, the result and the state of the matching go; nowhere when undefined. */
  readonly out: string | undefined
  /** Go on from the state that the folder holds. */
  readonly resume: boolean
}

const hartree = (value: number): string => value.toFixed(10)

/** Atoms as people count them: C1 C2 H3. */
const atoms = ({ atomicNumbers }: Molecule, chosen: ReadonlyArray<number>): string =>
  chosen.map((atom) => `${symbolOf(atomicNumbers[atom] ?? 0)}${atom + 1}`).join(" ")

const tables = (molecule: Molecule, { fragments, ...found }: Embedding, solver: MethodName): ReadonlyArray<Table> => [
  {
    title: "Fragments",
    heading: [
      "fragment", "centres", "edges", "orbitals", "bath", "electrons", "on centres", "energy (Ha)", "correlation (Ha)"
    ],
    rows: fragments.map((fragment, at) => [
      String(at + 1), atoms(molecule, fragment.centres),
      atoms(molecule, fragment.atoms.filter((atom) => !fragment.centres.includes(atom))),
      String(fragment.sites), String(fragment.bath), String(fragment.electrons), fragment.population.toFixed(6),
      hartree(fragment.meanField + fragment.correlation), hartree(fragment.correlation)
    ])
  },
  {
    title: "Energies",
    heading: ["energy", "Ha"],
    rows: [
      ["mean field", hartree(found.meanField)],
      ["mean field by fragments", hartree(found.meanFieldByFragments)],
      [`correlation (${solver})`, hartree(found.correlation)],
      ["total", hartree(found.total)]
    ]
  }
]

const plots = ({ fragments, matching }: Embedding): ReadonlyArray<Plot> => [
  ...(matching.length < 2 ? [] : [{
    title: "Matching", x: "step", y: "root mean square (electrons of one spin)", logY: true,
    series: [{ name: "densities and electrons", points: matching.map(({ step, error }) => [step, error] as const) }]
  }]),
  ...(fragments.length < 2 ? [] : [{
    title: "Correlation energy of the centres of each fragment", x: "fragment", y: "Ha",
    series: [{ name: "correlation", points: fragments.map(({ correlation }, at) => [at + 1, correlation] as const) }]
  }])
]

const figures = (found: Embedding, orbitals: number) => [
  figure("total energy", found.total, "Ha"),
  figure("correlation energy", found.correlation, "Ha"),
  figure("mean-field energy", found.meanField, "Ha"),
  figure("fragments", found.fragments.length),
  figure("largest fragment with bath", Math.max(...found.fragments.map(({ bath, sites }) => bath + sites)), "orbitals"),
  figure("orbitals", orbitals),
  figure("electrons on centres", found.population),
  figure("frozen orbitals", found.frozen),
  figure("matching steps", found.matching.at(-1)?.step ?? 0),
  figure("matching error", found.matching.at(-1)?.error ?? NaN)
]

/** What decides which densities are matched, in one line. */
const identity = (
  { atomicNumbers, charge, positions }: Molecule, { basis, configuration, solver }: EmbedRequest
): string => {
  const { concurrency: _, iterations: __, tolerance: ___, ...deciding } = configuration
  return JSON.stringify([formula({ atomicNumbers, charge, positions, multiplicity: 1 }), charge,
    Array.from(positions, (x) => Number(x.toFixed(8))), basis, solver, deciding])
}

/** Reads, embeds, and writes where asked. */
export const embed = (request: EmbedRequest) => Effect.gen(function*() {
  const { basis, charge, configuration, molecule: file, out, resume, settings, solver } = request
  const path = yield* Path.Path
  const fs = yield* FileSystem.FileSystem
  const molecule = yield* readMolecule(file, charge === undefined ? {} : { charge })
  const place = (name: string): string => path.join(out ?? "", name)
  const of = identity(molecule, request)
  if (out !== undefined) yield* fs.makeDirectory(out, { recursive: true })
  else if (resume) return yield* EmbeddingError.of("resume", "expected --out, the folder of the state to go on from")
  const start = resume && out !== undefined ? yield* loadState(place("matching.json"), of) : undefined
  const { matching = "chemical-potential" } = configuration
  // a molecule that cannot be cut is refused before its integrals are computed
  yield* BootstrapEmbedding.cut(molecule, configuration)
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const field = yield* meanField(molecule, { basis })
  const found = yield* BootstrapEmbedding.embed(field, configuration, {
    ...(start === undefined ? {} : { start }),
    watch: (state) => out === undefined || matching === "one-shot"
      ? Effect.void
      : saveState(place("matching.json"), of, state).pipe(Effect.provideContext(context))
  })
  const name = `${configuration.fragments ?? "be2"}-${solver}`
  const shown = {
    laws: conservation.verdicts(found, matching !== "one-shot"),
    figures: figures(found, field.integrals.orbitals.count),
    tables: tables(molecule, found, solver),
    plots: plots(found)
  }
  const summary = `${formula(molecule)}, ${electrons(molecule)} electrons in ${field.integrals.orbitals.count} orbitals `
    + `(${field.basis.name}), ${name}, ${matching}`
  const written: Record<string, string> = {}
  if (out !== undefined) {
    written["report"] = yield* writeReport(place("report.html"), {
      title: `Bootstrap embedding of ${formula(molecule)}`, summary, ...shown,
      ran: {
        command: "noether embed", molecule: file, basis: field.basis.name, solver, backend: settings.backend,
        threads: settings.threads, ...configuration.localisation !== undefined && { sites: configuration.localisation },
        ...versions()
      }
    })
    const result = atomicResult({
      field, method: "hf", energy: found, version, model: { name, keywords: configuration, routine: "noether embed" }
    })
    const bytes = new TextEncoder().encode(`${JSON.stringify(result)}\n`)
    yield* writeFileAside(place("qcschema.json"), [Effect.succeed(bytes)])
    written["QCSchema"] = place("qcschema.json")
    if (matching !== "one-shot") written["matching"] = place("matching.json")
  }
  return {
    text: summary, tables: shown.tables, plots: shown.plots, written,
    report: {
      method: BootstrapEmbedding.name, backend: settings.backend, seed: settings.seed,
      laws: shown.laws, figures: shown.figures
    }
  } satisfies Outcome
}).pipe(Effect.provide(named(request.solver)), Effect.provide(layer(request.settings)))
