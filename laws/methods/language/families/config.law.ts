/**
 * A config.json conserves the description: what is written, if it is written at all, reads as the same description.
 * What no configuration of a family can say is refused by name, never dropped.
 */
import { readFileSync } from "node:fs"
import { Effect } from "effect"
import fc from "fast-check"
import * as E from "fp-ts/lib/Either.js"
import { describe, expect, test } from "vitest"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import { difference } from "../../../../src/methods/language/difference.ts"
import type { Family } from "../../../../src/methods/language/families/family.ts"
import { printConfig } from "../../../../src/methods/language/families/print.ts"
import { families, readConfig } from "../../../../src/methods/language/families/registry.ts"
import { parametersOf } from "../../../../src/methods/language/parameters.ts"
import { reference, references } from "../files.ts"

type Config = Record<string, unknown>

const configOf = (name: string): Config => JSON.parse(readFileSync(`${reference}${name}/config.json`, "utf8"))

const read = (config: unknown) => Effect.runSync(Effect.result(readConfig(config, "config.json")))

const described = (config: unknown): { readonly family: Family, readonly architecture: Architecture } => {
  const result = read(config)
  if (result._tag === "Failure") throw new Error(result.failure.message)
  return result.success
}

const refusal = (config: unknown) => {
  const result = read(config)
  return result._tag === "Failure" ? result.failure : undefined
}

const write = (family: Family, of: Architecture): Config => {
  const config = family.write(of)
  if (E.isLeft(config)) throw new Error(config.left.message)
  return JSON.parse(printConfig(config.right))
}

const known: ReadonlyArray<Architecture> = references.map((name) => described(configOf(name)).architecture)

/** A description of a known model with some parts of another's, which may be of no family at all. */
const grafted: fc.Arbitrary<Architecture> = fc
  .tuple(fc.constantFrom(...known), fc.constantFrom(...known))
  .chain(([stock, scion]) => fc.subarray(Object.keys({ ...stock, ...scion }), { maxLength: 2 }).map((keys) =>
    ({ ...stock, ...Object.fromEntries(Object.entries(scion).filter(([key]) => keys.includes(key))) })))

describe("a config.json", () => {
  test.each(references)("of %s is written and read as the same description", (name) => {
    const { family, architecture: of } = described(configOf(name))
    expect(described(write(family, of)).architecture).toEqual(of)
  })

  test("is written only where it says all of the description, in every family", () => {
    let written = 0
    fc.assert(fc.property(grafted, fc.constantFrom(...families), (of, family) => {
      const config = family.write(of)
      if (E.isLeft(config)) {
        expect(config.left.message).toContain(`model_type ${family.modelType} cannot express ${config.left.field}`)
        return
      }
      written++
      const back = described(JSON.parse(printConfig(config.right))).architecture
      expect(difference(of, back)).toBeUndefined()
      expect(family.layout(of).flatMap(({ parameters }) => parameters)).toHaveLength(parametersOf(of).length)
    }), { numRuns: 3000 })
    expect(written).toBeGreaterThan(100)
  })

  test("the law catches a writer that drops what it cannot say", () => {
    const { family, architecture: of } = described(configOf("llama"))
    const dropped = described(write(family, of)).architecture
    expect(difference({ ...of, finalSoftCap: 30 }, dropped))
      .toEqual({ path: "finalSoftCap", left: 30, right: undefined })
  })

  const impossible: ReadonlyArray<readonly [string, string, (of: Architecture) => Architecture]> = [
    ["llama", "position.sourceDepth", (of) =>
      ({ ...of, position: { kind: "rotary", theta: 10_000, fraction: 1, sourceDepth: 4 } })],
    ["llama", "attention.scale", (of) => ({ ...of, attention: { ...of.attention, scale: 0.125 } })],
    ["gpt2", "attention.softCap", (of) => ({ ...of, attention: { ...of.attention, softCap: 50 } })],
    ["gpt2", "heads.share", (of) => ({ ...of, heads: { key: 2, share: 2, depth: 8 } })],
    ["opt", "norm.epsilon", (of) => ({ ...of, norm: { ...of.norm, epsilon: 1e-6 } })],
    ["olmo", "norm.parametric", (of) => ({ ...of, norm: { ...of.norm, parametric: true } })],
    ["gemma", "embeddingScale", (of) => ({ ...of, embeddingScale: 1 })]
  ]
  test.each(impossible)("of %s cannot be written with another %s", (name, field, change) => {
    const { family, architecture: of } = described(configOf(name))
    const config = family.write(change(of))
    expect(E.isLeft(config) && config.left)
      .toMatchObject({ _tag: "UnsupportedArchitecture", field, family: family.modelType })
  })
})

describe("what transformers assumes is assumed:", () => {
  const without = (config: Config, ...fields: ReadonlyArray<string>): Config =>
    Object.fromEntries(Object.entries(config).filter(([key]) => !fields.includes(key)))

  test("heads are not grouped, as wide as they fit, and rotated with base 10,000, where nothing else is said", () => {
    const sparse = without(configOf("llama"), "num_key_value_heads", "head_dim", "rope_parameters")
    const { architecture: of } = described(sparse)
    expect(of.heads).toEqual({ key: 4, share: 1, depth: 8 })
    expect(of.position).toEqual({ kind: "rotary", theta: 10_000, fraction: 1 })
  })

  test("the older spelling of rotary scaling says the same", () => {
    const config = configOf("llama-rope-llama3")
    const { rope_theta, rope_type: type, ...scaling } = Object(config["rope_parameters"])
    const older = { ...without(config, "rope_parameters"), rope_theta, rope_scaling: { type, ...scaling } }
    expect(described(older).architecture).toEqual(described(config).architecture)
  })

  test("GPT-2 has four times its width where n_inner is null, Pythia rotates a quarter", () => {
    expect(described({ ...configOf("gpt2"), n_inner: null }).architecture.hidden).toBe(128)
    const pythia = { ...without(configOf("gpt-neox-sequential"), "rope_parameters"), rotary_emb_base: 500 }
    expect(described(pythia).architecture.position).toEqual({ kind: "rotary", theta: 500, fraction: 0.25 })
  })

  test("Gemma 2 slides in every other layer, Mistral in all, and not at all where the window is null", () => {
    const windows = (config: Config) => described(config).architecture.attention.windows
    expect(windows(without(configOf("gemma2"), "layer_types"))).toEqual([6, null])
    expect(windows(without(configOf("mistral-window"), "sliding_window"))).toEqual([4096, 4096])
    expect(windows({ ...configOf("mistral-window"), sliding_window: null })).toEqual([null, null])
  })
})

describe("a bad config.json is refused, and the field named:", () => {
  test.each([
    ["an unknown model_type", "llama", { model_type: "mamba" }, "model_type", /"mamba" is none of llama, /],
    ["no model_type", "llama", { model_type: undefined }, "model_type", /expected string/],
    ["a width that is no count", "llama", { hidden_size: 32.5 }, "hidden_size", /a positive integer, got 32.5/],
    ["no width", "gpt2", { n_embd: undefined }, "n_embd", /a positive integer, got nothing/],
    ["a width that heads do not divide", "opt", { num_attention_heads: 5 }, "(whole value)",
      /a multiple of num_attention_heads/],
    ["groups that do not divide", "qwen3", { num_key_value_heads: 3 }, "(whole value)",
      /a multiple of num_key_value_heads/],
    ["window types that are not one a layer", "gemma2", { layer_types: ["full_attention"] }, "(whole value)",
      /layer_types with one entry/],
    ["quantised weights", "llama", { quantization_config: { bits: 4 } }, "quantization_config", /not read/],
    ["an unknown activation", "llama", { hidden_act: "xielu" }, "hidden_act", /one of silu/],
    ["rotary scaling that is not known", "llama", { rope_scaling: { rope_type: "yarn", factor: 4 } }, "rope_scaling",
      /rope_type default, linear/],
    ["Llama 3 scaling without its factors", "llama", { rope_scaling: { rope_type: "llama3", factor: 4 } },
      "rope_scaling", /low_freq_factor/],
    ["scores scaled by layer", "gpt2", { scale_attn_by_inverse_layer_idx: true }, "scale_attn_by_inverse_layer_idx",
      /false, got true/],
    ["attention both ways", "gemma2", { use_bidirectional_attention: true }, "use_bidirectional_attention",
      /false, got true/],
    ["a token id below zero", "llama", { bos_token_id: -1 }, "bos_token_id", /a token id/]
  ])("%s", (_, name, change, field, message) => {
    const error = refusal({ ...configOf(name), ...change })
    expect(error?.message).toMatch(message)
    expect(error?.field).toBe(field)
    expect(error?.message).toContain("config.json")
  })
})
