/**
 * Sliding windows as configurations give them: one width, and which layers slide, either listed in `layer_types` or by
 * the family's own rule.
 */
import * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import { optional, refined } from "./fields.ts"

const kind = t.keyof({ full_attention: null, sliding_attention: null })

/** `layer_types`, one entry a layer. */
export const layerTypes = optional(t.array(kind), undefined)

interface Layered {
  readonly layer_types: ReadonlyArray<unknown> | undefined
  readonly num_hidden_layers: number
}

/** Where `layer_types` is there, it has one entry a layer. */
export const oneTypeALayer = <C extends Layered>(codec: t.Type<C, unknown>): t.Type<C, unknown> =>
  refined("layer_types with one entry for each of num_hidden_layers", codec, (config) =>
    config.layer_types === undefined || config.layer_types.length === config.num_hidden_layers)

/** The window of every layer. `rule` says which layers slide where `layer_types` is absent. */
export const readWindows = (
  types: ReadonlyArray<t.TypeOf<typeof kind>> | undefined,
  layers: number,
  width: number | null,
  rule: (layer: number) => boolean
): ReadonlyArray<number | null> =>
  Array.from({ length: layers }, (_, layer) =>
    (types === undefined ? rule(layer) : types[layer] === "sliding_attention") ? width : null)

/** The one width of a description's windows, if any layer has one. */
export const windowOf = ({ attention }: Architecture): number | undefined =>
  attention.windows.find((window) => window !== null) ?? undefined

/** `layer_types` of a description. */
export const layerTypesOf = ({ attention }: Architecture): Array<t.TypeOf<typeof kind>> =>
  attention.windows.map((window) => window === null ? "full_attention" : "sliding_attention")
