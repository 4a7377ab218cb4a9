/**
 * The laws of the codec bridge: what a codec admits comes back, and a refusal names the source, the field and what was
 * expected.
 */
import { Effect, Exit } from "effect"
import fc from "fast-check"
import * as t from "io-ts"
import { describe, expect, it } from "vitest"
import { decode, decodeJson } from "../../src/core/codec.ts"

const Config = t.type({ model_type: t.string, sizes: t.array(t.number) }, "Config")
const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runSyncExit(effect)

describe("a codec, as an Effect", () => {
  it("gives back what it admits", () => {
    fc.assert(fc.property(fc.record({ model_type: fc.string(), sizes: fc.array(fc.integer()) }), (value) => {
      expect(run(decodeJson(Config, "config.json")(JSON.stringify(value)))).toEqual(Exit.succeed(value))
    }))
  })

  it("names the source, the field and what was expected", () => {
    fc.assert(fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.nat(), (sizes, at) => {
      const index = at % sizes.length
      const spoiled = { model_type: "llama", sizes: sizes.map((size, i) => (i === index ? `${size}` : size)) }
      const error = Effect.runSync(Effect.flip(decode(Config, "config.json")(spoiled)))
      expect(error).toMatchObject({
        _tag: "CodecError",
        source: "config.json",
        field: `sizes.${index}`,
        expected: "number"
      })
      expect(error.message).toContain(`config.json: sizes.${index}: expected number`)
    }))
  })

  it("says of text that is no JSON that it is none", () => {
    expect(Effect.runSync(Effect.flip(decodeJson(Config, "config.json")("{")))).toMatchObject({
      expected: "JSON",
      source: "config.json"
    })
  })

  it("catches a codec that admits too much", () => {
    const lax = t.type({ model_type: t.unknown, sizes: t.array(t.number) })
    expect(Exit.isSuccess(run(decode(lax, "x")({ model_type: 1, sizes: [] })))).not.toBe(
      Exit.isSuccess(run(decode(Config, "x")({ model_type: 1, sizes: [] })))
    )
  })
})
