/**
 * A family is one `model_type` of the Hugging Face format: how its config.json maps to the description of a
 * transformer and back, and under which names and in which layout its checkpoints store each parameter. Writing is
 * honest by construction: a configuration is only written if reading it again gives the same description.
 */
import * as E from "fp-ts/lib/Either.js"
import type * as t from "io-ts"
import type { Architecture } from "../architecture.ts"
import type { Difference } from "../difference.ts"
import { difference } from "../difference.ts"
import type { Names, Slot } from "../layout.ts"
import { slots } from "../layout.ts"
import { UnsupportedArchitecture } from "./unsupported.ts"

export { UnsupportedArchitecture } from "./unsupported.ts"

/** A JSON object. */
export type Json = { readonly [key: string]: unknown }

export interface Family {
  /** `model_type` of config.json, which also names the family. */
  readonly modelType: string
  /** The class of transformers that loads it. */
  readonly className: string
  /** What older or headless checkpoints leave away at the front of every name. */
  readonly prefix: string
  /** Tensors of a file that hold no parameter: masks, rotary frequencies, copies of a tied head. */
  readonly harmless: (tensor: string, architecture: Architecture) => boolean
  /** Other names under which a tensor is stored. */
  readonly aliases: ReadonlyMap<string, string>
  /** Decodes the description in a config.json. */
  readonly config: t.Decoder<unknown, Architecture>
  /** The config.json of a description. */
  readonly write: (architecture: Architecture) => E.Either<UnsupportedArchitecture, Json>
  /** Every tensor of a checkpoint, with the parameters that it holds. */
  readonly layout: (architecture: Architecture) => ReadonlyArray<Slot>
}

interface Definition<C> {
  readonly modelType: string
  readonly className: string
  readonly prefix?: string
  readonly codec: t.Type<C, unknown>
  readonly toArchitecture: (config: C) => Architecture
  readonly toConfig: (architecture: Architecture) => C
  readonly names: Names
  readonly harmless?: RegExp
  readonly aliases?: ReadonlyMap<string, string>
}

const harmlessEverywhere = /(^|\.)rotary_emb\.inv_freq$/
const head = /^(lm_head|embed_out)\.weight$/

const withoutNothing = (config: Json): Json =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined).map(([key, value]) =>
    [key, isJson(value) ? withoutNothing(value) : value]))

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** A configuration that its own codec refuses differs from the description in the first field refused. */
const refused = (errors: t.Errors): Difference => {
  const [error] = errors
  const path = error?.context.map(({ key }) => key).filter((key) => key !== "").join(".") ?? ""
  return { path, left: error?.value, right: error?.message }
}

/** A family from its codec, the two maps and its table of names. */
export const family = <C>(definition: Definition<C>): Family => {
  const { modelType, className, codec, toArchitecture, toConfig } = definition
  return {
    modelType,
    className,
    prefix: definition.prefix ?? "model.",
    aliases: definition.aliases ?? new Map(),
    harmless: (tensor, architecture) =>
      harmlessEverywhere.test(tensor) || definition.harmless?.test(tensor) === true
      || architecture.tiedHead && head.test(tensor),
    config: {
      name: codec.name,
      validate: (input, context) => E.map(toArchitecture)(codec.validate(input, context)),
      decode: (input) => E.map(toArchitecture)(codec.decode(input))
    },
    write: (architecture) => {
      const encoded = codec.encode(toConfig(architecture))
      const compared = (back: C) => difference(architecture, toArchitecture(back))
      const differs = E.match(refused, compared)(codec.decode(encoded))
      return differs === undefined && isJson(encoded)
        ? E.right({ architectures: [className], ...withoutNothing(encoded) })
        : E.left(new UnsupportedArchitecture({
          family: modelType,
          field: differs?.path ?? "",
          message: `a config.json of model_type ${modelType} cannot express ${differs?.path} = `
            + `${JSON.stringify(differs?.left)}, only ${JSON.stringify(differs?.right) ?? "its absence"}`
        }))
    },
    layout: (architecture) => slots(architecture, definition.names)
  }
}
