/**
 * The parameters of a decoder-only transformer: which there are, on which named axes, and what each does to them. One
 * table, keyed by kind, says it all; file layouts (families/), the model and width growth are maps over this table.
 *
 * `axes` are in canonical order, which is the row-major order of a parameter in memory: first those that the
 * parameter gives, then those that it sums over. This is the order of most checkpoints, so reading is mostly a copy.
 */
import type { Architecture } from "./architecture.ts"

/** The named axes of parameters. `embed` is the width of the token embedding, as large as `model` unless projected. */
export type ParameterAxis = "vocabulary" | "position" | "embed" | "model" | "head" | "share" | "depth" | "hidden"

/**
 * What a parameter does: a `table` is looked up along its first axis; a `map` is contracted with its input over
 * `contracted`; a `shift` is added; a `gain` is multiplied elementwise after a norm.
 */
export type ParameterRole = "table" | "map" | "shift" | "gain"

/** What is said of a kind. */
export interface Kind {
  readonly role: ParameterRole
  readonly axes: ReadonlyArray<ParameterAxis>
  /** The axes summed over when the parameter is applied, a suffix of `axes`. */
  readonly contracted: ReadonlyArray<ParameterAxis>
}

/** Every kind of parameter. A tied `embedding` is applied a second time, as an `unembedding`. */
export const kinds = {
  embedding: { role: "table", axes: ["vocabulary", "embed"], contracted: [] },
  position: { role: "table", axes: ["position", "model"], contracted: [] },
  projectIn: { role: "map", axes: ["model", "embed"], contracted: ["embed"] },
  projectOut: { role: "map", axes: ["embed", "model"], contracted: ["model"] },
  unembedding: { role: "map", axes: ["vocabulary", "embed"], contracted: ["embed"] },
  query: { role: "map", axes: ["head", "share", "depth", "model"], contracted: ["model"] },
  key: { role: "map", axes: ["head", "depth", "model"], contracted: ["model"] },
  value: { role: "map", axes: ["head", "depth", "model"], contracted: ["model"] },
  output: { role: "map", axes: ["model", "head", "share", "depth"], contracted: ["head", "share", "depth"] },
  gate: { role: "map", axes: ["hidden", "model"], contracted: ["model"] },
  up: { role: "map", axes: ["hidden", "model"], contracted: ["model"] },
  down: { role: "map", axes: ["model", "hidden"], contracted: ["hidden"] },
  queryBias: { role: "shift", axes: ["head", "share", "depth"], contracted: [] },
  keyBias: { role: "shift", axes: ["head", "depth"], contracted: [] },
  valueBias: { role: "shift", axes: ["head", "depth"], contracted: [] },
  outputBias: { role: "shift", axes: ["model"], contracted: [] },
  gateBias: { role: "shift", axes: ["hidden"], contracted: [] },
  upBias: { role: "shift", axes: ["hidden"], contracted: [] },
  downBias: { role: "shift", axes: ["model"], contracted: [] },
  normGain: { role: "gain", axes: ["model"], contracted: [] },
  normBias: { role: "shift", axes: ["model"], contracted: [] },
  headNorm: { role: "gain", axes: ["depth"], contracted: [] },
  jointQueryNorm: { role: "gain", axes: ["head", "share", "depth"], contracted: [] },
  jointKeyNorm: { role: "gain", axes: ["head", "depth"], contracted: [] }
} as const satisfies Readonly<Record<string, Kind>>

export type ParameterKind = keyof typeof kinds

/** The axes of a kind, as a union: `AxesOf<"query">` is "head" | "share" | "depth" | "model". */
export type AxesOf<K extends ParameterKind> = (typeof kinds)[K]["axes"][number]

/** What stands at the leaves of a tree, by kind: typed arrays, tensors (`Tensor<"f32", AxesOf<K>>`), names, ... */
export type Leaves = { readonly [K in ParameterKind]: unknown }

/** The same leaf for every kind. */
export type Uniform<T> = { readonly [K in ParameterKind]: T }

export interface NormTree<L extends Leaves> {
  readonly weight?: L["normGain"]
  readonly bias?: L["normBias"]
}

export interface LayerTree<L extends Leaves> {
  readonly attentionNorm?: NormTree<L>
  readonly attention: {
    readonly query: { readonly weight: L["query"], readonly bias?: L["queryBias"] }
    readonly key: { readonly weight: L["key"], readonly bias?: L["keyBias"] }
    readonly value: { readonly weight: L["value"], readonly bias?: L["valueBias"] }
    readonly output: { readonly weight: L["output"], readonly bias?: L["outputBias"] }
    /** Qwen3: one gain for every head. */
    readonly queryNorm?: L["headNorm"]
    readonly keyNorm?: L["headNorm"]
    /** OLMo 2: a gain for every coordinate of every head. */
    readonly jointQueryNorm?: L["jointQueryNorm"]
    readonly jointKeyNorm?: L["jointKeyNorm"]
  }
  readonly postAttentionNorm?: NormTree<L>
  readonly feedForwardNorm?: NormTree<L>
  readonly feedForward: {
    readonly gate?: { readonly weight: L["gate"], readonly bias?: L["gateBias"] }
    readonly up: { readonly weight: L["up"], readonly bias?: L["upBias"] }
    readonly down: { readonly weight: L["down"], readonly bias?: L["downBias"] }
  }
  readonly postFeedForwardNorm?: NormTree<L>
}

/** The parameters of a model, by name. A norm without parameters is an empty object or absent. */
export interface ParameterTree<L extends Leaves> {
  readonly embedding: L["embedding"]
  readonly position?: L["position"]
  readonly projectIn?: L["projectIn"]
  readonly projectOut?: L["projectOut"]
  readonly layers: ReadonlyArray<LayerTree<L>>
  readonly finalNorm?: NormTree<L>
  readonly unembedding?: L["unembedding"]
}

/** One parameter of an architecture: its dotted path in the tree, its kind, its axes with sizes in memory order. */
export interface Parameter {
  readonly path: string
  readonly kind: ParameterKind
  readonly axes: ReadonlyArray<readonly [ParameterAxis, number]>
}

/** The size of an axis in an architecture. */
export const sizeOf = (architecture: Architecture, axis: ParameterAxis): number => {
  switch (axis) {
    case "vocabulary": return architecture.vocabulary
    case "position": return architecture.position.kind === "learned" ? architecture.position.length : 0
    case "embed": return architecture.embed
    case "model": return architecture.model
    case "head": return architecture.heads.key
    case "share": return architecture.heads.share
    case "depth": return architecture.heads.depth
    case "hidden": return architecture.hidden
  }
}

type Entry = readonly [path: string, kind: ParameterKind, present?: boolean]

const normOf = (architecture: Architecture, path: string, present: boolean): ReadonlyArray<Entry> => [
  [`${path}.weight`, "normGain", present && architecture.norm.parametric],
  [`${path}.bias`, "normBias", present && architecture.norm.parametric && architecture.norm.bias]
]

const layerOf = (architecture: Architecture, layer: number): ReadonlyArray<Entry> => {
  const { attention, feedForward, placement } = architecture
  const at = (path: string) => `layers.${layer}.${path}`
  return [
    ...normOf(architecture, at("attentionNorm"), placement !== "branch"),
    [at("attention.query.weight"), "query"],
    [at("attention.query.bias"), "queryBias", attention.bias.query],
    [at("attention.key.weight"), "key"],
    [at("attention.key.bias"), "keyBias", attention.bias.key],
    [at("attention.value.weight"), "value"],
    [at("attention.value.bias"), "valueBias", attention.bias.value],
    [at("attention.queryNorm"), "headNorm", attention.queryKeyNorm === "head"],
    [at("attention.keyNorm"), "headNorm", attention.queryKeyNorm === "head"],
    [at("attention.jointQueryNorm"), "jointQueryNorm", attention.queryKeyNorm === "all"],
    [at("attention.jointKeyNorm"), "jointKeyNorm", attention.queryKeyNorm === "all"],
    [at("attention.output.weight"), "output"],
    [at("attention.output.bias"), "outputBias", attention.bias.output],
    ...normOf(architecture, at("postAttentionNorm"), placement === "sandwich" || placement === "branch"),
    ...normOf(architecture, at("feedForwardNorm"), placement !== "branch"),
    [at("feedForward.gate.weight"), "gate", feedForward.gated],
    [at("feedForward.gate.bias"), "gateBias", feedForward.gated && feedForward.bias],
    [at("feedForward.up.weight"), "up"],
    [at("feedForward.up.bias"), "upBias", feedForward.bias],
    [at("feedForward.down.weight"), "down"],
    [at("feedForward.down.bias"), "downBias", feedForward.bias],
    ...normOf(architecture, at("postFeedForwardNorm"), placement === "sandwich" || placement === "branch")
  ]
}

/** Every parameter of an architecture, in the order of computation. */
export const parametersOf = (architecture: Architecture): ReadonlyArray<Parameter> => {
  const entries: ReadonlyArray<Entry> = [
    ["embedding", "embedding"],
    ["projectIn", "projectIn", architecture.projected],
    ["position", "position", architecture.position.kind === "learned"],
    ...Array.from({ length: architecture.layers }, (_, layer) => layerOf(architecture, layer)).flat(),
    ...normOf(architecture, "finalNorm", architecture.finalNorm),
    ["projectOut", "projectOut", architecture.projected],
    ["unembedding", "unembedding", !architecture.tiedHead]
  ]
  return entries.filter(([, , present]) => present ?? true).map(([path, kind]) =>
    ({ path, kind, axes: kinds[kind].axes.map((axis) => [axis, sizeOf(architecture, axis)] as const) }))
}

/** Number of weights of one parameter. */
export const countOf = (parameter: Parameter): number => parameter.axes.reduce((product, [, size]) => product * size, 1)
