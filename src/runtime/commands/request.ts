/**
 * What the command line asks of the library, decoded: one typed request a command, and the outcome that every command
 * gives back. A command's body is a function from its request to an Effect of an `Outcome`, in the file of its name.
 */
import type { Report } from "../../core/document.ts"
import type { MethodName } from "../../methods/chemistry/correlation-energy.ts"
import { methods } from "../../methods/chemistry/correlation-energy.ts"
import type { Projection } from "../../methods/language/adapt.ts"
import type { Configuration } from "../../methods/language/hypercloning/index.ts"
import type { Scheme } from "../../methods/language/multi-token/index.ts"
import type { Format } from "../../methods/language/storage.ts"
import type { Plot, Table } from "../report/content.ts"

/** Where a command runs, and how it answers. */
export interface Settings {
  /** One JSON document on standard output in place of text for people. */
  readonly json: boolean
  readonly backend: BackendName
  /** Threads that the backend may use, from 1. */
  readonly threads: number
  /** The root of every random number of the command. */
  readonly seed: number
}

/** Names of backends, the default first. */
export const backendNames = ["cpu", "native", "wasm", "webgpu", "reference"] as const
export type BackendName = (typeof backendNames)[number]

/** The main job: load, measure, grow by every variant, check every law, train, report into the folder `out`. */
export interface RunRequest {
  readonly settings: Settings
  /** The paper's comparison at the largest size that fits in about an hour. */
  readonly full: boolean
  readonly out: string
}

/** The experiment with multi-token prediction, into the folder `out`, where it goes on if it was stopped. */
export interface ExperimentRequest {
  readonly settings: Settings
  /** What the results that are kept with the project were made with. */
  readonly full: boolean
  readonly out: string
}

/** Train a model on the text of a file, into the folder `out`; from the folder `from`, or else from random weights. */
export interface TrainRequest {
  readonly settings: Settings
  readonly text: string
  readonly from: string | undefined
  readonly out: string
  readonly steps: number
  readonly batch: number
  readonly context: number
  readonly rate: number
  /** Go on from the last state that `out` holds. */
  readonly resume: boolean
}

/** Train an adapter of the model in `folder` on the text of a file, into the folder `out`. */
export interface AdaptRequest {
  readonly settings: Settings
  readonly folder: string
  readonly text: string
  /** Text whose beginnings are continued to count accepted tokens; that which is learned when undefined. */
  readonly heldOut: string | undefined
  readonly out: string
  /** How many pieces of the text are continued by the model itself, to learn from in place of the text; 0 for none. */
  readonly own: number
  readonly masks: number
  readonly rank: number
  /** Maps that have a gated term; all where empty. */
  readonly projections: ReadonlyArray<Projection>
  readonly sampler: boolean
  readonly consistency: number
  readonly steps: number
  readonly batch: number
  readonly context: number
  readonly rate: number
  /** Go on from the last state that `out` holds. */
  readonly resume: boolean
}

/** Grow the model in `folder` into the folder `out`. */
export interface GrowRequest {
  readonly settings: Settings
  readonly folder: string
  readonly out: string
  readonly configuration: Configuration
  /** How weights are stored. */
  readonly dtype: (typeof dtypes)[number]
  readonly overwrite: boolean
}

export const dtypes = ["f32", "bf16", "f16"] as const

/** Continue a prompt with the model in `folder`. Temperature 0 is greedy. */
export interface GenerateRequest {
  readonly settings: Settings
  readonly folder: string
  /** What its weights are kept as. */
  readonly weights: Format
  readonly prompt: string
  readonly tokens: number
  readonly temperature: number
  readonly topP: number
  /** Folder of an adapter to draft with, how drafts are verified, and how many of its masks are used: all, or fewer. */
  readonly speculate: string | undefined
  readonly scheme: Scheme
  readonly masks: number | undefined
}

/** The perplexity of the model in `folder` on the text of a file. */
export interface EvaluateRequest {
  readonly settings: Settings
  readonly folder: string
  /** What its weights are kept as. */
  readonly weights: Format
  readonly text: string
  /** Tokens a window; the model's own context when undefined. */
  readonly context: number | undefined
  /** At most so many tokens; all when undefined. */
  readonly tokens: number | undefined
}

/** What the folder of a model holds. */
export interface InspectRequest {
  readonly settings: Settings
  readonly folder: string
}

/** Methods that give a molecule its energy, the default first. */
export const energyMethods = methods

/** The energy of the molecule in a file. What is undefined is as the file says, or else the default. */
export interface EnergyRequest {
  readonly settings: Settings
  readonly molecule: string
  /** A packaged basis set, or a file that ends in .json; sto-3g by default. */
  readonly basis: string | undefined
  /** The mean field by default. */
  readonly method: MethodName | undefined
  readonly charge: number | undefined
  readonly multiplicity: number | undefined
  /** Lowest orbitals that are not correlated. */
  readonly frozen: number | undefined
  /** Cartesian d and f functions in place of spherical ones. */
  readonly cartesian: boolean
  /** Fit densities in the packaged fitting set. */
  readonly fitting: boolean
  /** The derivative of the mean field's energy as well. */
  readonly gradient: boolean
  /** How far virtual orbitals are raised, in Ha. */
  readonly levelShift: number
  /** Most iterations of the mean field. */
  readonly iterations: number
  /** Refuse a basis set that is linearly dependent. */
  readonly independent: boolean
  /** Bytes that may be taken; half of the machine's memory when undefined. */
  readonly memory: number | undefined
  /** A file to start the mean field from, if it is there, and to leave the last state in. */
  readonly restart: string | undefined
  /** A file for the result in QCSchema. */
  readonly qcschema: string | undefined
  /** A folder for the report. */
  readonly out: string | undefined
}

/** The packaged basis sets and the elements that they have. */
export interface BasisRequest {
  readonly settings: Settings
}

export { measured as figure } from "./measured.ts"

/** What a command gives back: the document of `--json`, and what is shown to people besides its laws and figures. */
export interface Outcome {
  readonly report: Report
  /** Text before the tables: a generated continuation, a summary. */
  readonly text?: string
  readonly tables?: ReadonlyArray<Table>
  readonly plots?: ReadonlyArray<Plot>
  /** Files that were written, by what they are. */
  readonly written?: Readonly<Record<string, string>>
}
