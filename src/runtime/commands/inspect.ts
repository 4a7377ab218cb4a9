/**
 * What the folder of a model holds: its architecture, its tensors, and whether every tensor is a parameter of the
 * architecture and every weight a finite number. Tensors are read one at a time, so a model need not fit in memory.
 */
import { Effect } from "effect"
import { type Law, judge, measurements, observe } from "../../core/law.ts"
import type { Figure } from "../../core/document.ts"
import { trackedForEach } from "../../core/progress.ts"
import { type Architecture, queryHeads } from "../../methods/language/architecture.ts"
import { openFolder } from "../../methods/language/folder.ts"
import { countOf, type Parameter, parametersOf } from "../../methods/language/parameters.ts"
import { toFloats } from "../../methods/language/safetensors.ts"
import { quantity } from "../figures.ts"
import type { Table } from "../report/content.ts"
import { figure, type InspectRequest, type Outcome } from "./request.ts"

const finite: Law = {
  name: "every weight is a finite number",
  statement: "No tensor of the folder holds a NaN or an infinity; the deviation of a tensor is how many it holds.",
  tolerance: 0
}

const pattern = ({ path }: Parameter): string => path.replace(/^layers\.\d+\./, "layers.*.")

const parameterTable = (parameters: ReadonlyArray<Parameter>): Table => ({
  title: "Parameters",
  heading: ["parameter", "axes", "times", "weights"],
  rows: [...Map.groupBy(parameters, pattern)].map(([path, alike]) => [
    path,
    alike[0]?.axes.map(([axis, size]) => `${axis} ${size}`).join(", ") ?? "",
    String(alike.length),
    quantity(alike.reduce((sum, parameter) => sum + countOf(parameter), 0))
  ])
})

const sizes = (architecture: Architecture): ReadonlyArray<Figure> => [
  figure("layers", architecture.layers),
  figure("width of the residual stream (model)", architecture.model),
  figure("width of the feed-forward layer (hidden)", architecture.hidden),
  figure("query heads", queryHeads(architecture)),
  figure("key-value heads", architecture.heads.key),
  figure("width of a head (depth)", architecture.heads.depth),
  figure("vocabulary", architecture.vocabulary, "tokens"),
  figure("context", architecture.context, "tokens")
]

const described = (architecture: Architecture): string => {
  const { norm, position, feedForward, placement, tiedHead } = architecture
  return [
    `${norm.kind} norm, ${placement}`,
    `${position.kind} positions`,
    `${feedForward.gated ? "gated " : ""}${feedForward.activation} feed-forward`,
    tiedHead ? "tied head" : "head of its own"
  ].join("; ")
}

/** Opens the folder of the request and looks at every tensor. */
export const inspect = ({ folder, settings }: InspectRequest) =>
  Effect.scoped(Effect.gen(function* () {
    const { architecture, family, weights, tokenizerFiles } = yield* openFolder(folder)
    const tensors = [...weights.tensors.values()]
    const seen = yield* trackedForEach({ name: "tensors", unit: "tensor" }, tensors, (tensor) =>
      Effect.map(weights.read(tensor.name), (bytes) => {
        const values = toFloats(tensor.dtype, bytes) ?? new Float32Array(0)
        const wrong = values.reduce<number>((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0)
        return observe(wrong, tensor.name)
      }))
    const parameters = parametersOf(architecture)
    const dtypes = [...new Set(tensors.map(({ dtype }) => dtype))].join(", ")
    return {
      text: [
        `${folder}: ${family.className} (${family.modelType})`,
        described(architecture),
        `stored as ${dtypes}; tokenizer: ${tokenizerFiles.length === 0 ? "none" : `${tokenizerFiles.length} files`}`
      ].join("\n"),
      tables: [parameterTable(parameters)],
      report: {
        method: "inspect",
        backend: "none",
        seed: settings.seed,
        laws: [judge(finite, seen.reduce(measurements.concat, measurements.empty))],
        figures: [
          figure("parameters", parameters.reduce((sum, parameter) => sum + countOf(parameter), 0), "weights"),
          figure("tensors", tensors.length),
          figure("size of the tensors", tensors.reduce((sum, { begin, end }) => sum + end - begin, 0), "bytes"),
          ...sizes(architecture)
        ]
      }
    } satisfies Outcome
  }))
