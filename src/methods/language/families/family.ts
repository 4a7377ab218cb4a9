/**
 * A family is one `model_type` of the Hugging Face format: how its config.json maps to the description of a
 * transformer and back, and under which names and in which layout its checkpoints store each parameter. Writing is
 * honest by construction: a configuration is only written if reading it again gives the same description.
 */
import { Data, Effect } from "effect"
import * as E from "fp-ts/lib/Either.js"
import type * as t from "io-ts"
import type { CodecError } from "../../../core/codec.ts"
import { decode } from "../../../core/codec.ts"
import type { Architecture } from "../architecture.ts"
import { difference } from "../difference.ts"
import type { Names, Slot } from "../layout.ts"
import { slots } from "../layout.ts"

/** A description that a family's files cannot express, or a `model_type` that the library does not know. */
export class UnsupportedArchitecture extends Data.TaggedError("UnsupportedArchitecture")<{
  readonly family: string
  readonly field: string
  readonly message: string
}> {}

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
  /** The description in a config.json, which came from `file`. */
  readonly read: (config: unknown, file: string) => Effect.Effect<Architecture, CodecError>
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

/** A family from its codec, the two maps and its table of names. */
export const family = <C>(definition: Definition<C>): Family => {
  const { modelType, className, codec, toArchitecture, toConfig } = definition
  return {
    modelType,
    className,
    prefix: definition.prefix ?? "model.",
    aliases: definition.aliases ?? new Map(),
    harmless: (tensor, architecture) =>
      harmlessEverywhere.test(tensor) || definition.harmless?.test(tensor) === true || architecture.tiedHead && head.test(tensor),
    read: (config, file) => Effect.map(decode(codec, file)(config), toArchitecture),
    write: (architecture) => {
      const encoded = codec.encode(toConfig(architecture))
      const back = E.map(toArchitecture)(codec.decode(encoded))
      const differs = E.isLeft(back)
        ? { path: back.left.at(-1)?.context.map(({ key }) => key).filter(Boolean).join(".") ?? "", left: back.left.at(-1)?.value, right: back.left.at(-1)?.message }
        : difference(architecture, back.right)
      return differs === undefined && isJson(encoded)
        ? E.right({ architectures: [className], ...withoutNothing(encoded) })
        : E.left(new UnsupportedArchitecture({
          family: modelType, field: differs?.path ?? "",
          message: `a config.json of model_type ${modelType} cannot express ${differs?.path} = ${JSON.stringify(differs?.left)}`
            + ` (at best ${JSON.stringify(differs?.right)})`
        }))
    },
    layout: (architecture) => slots(architecture, definition.names)
  }
}
