import * as fc from "fast-check"
import { inspect as nodes } from "node:util"
import { describe, expect, it } from "vitest"
import { inspect } from "../../page/inspect.ts"
import { legible } from "../../src/runtime/repl/legible.ts"
import { iota } from "../../src/algebra/tensor.ts"

const leaf = fc.oneof(
  fc.string({ unit: "grapheme-ascii", maxLength: 12 }), fc.double(), fc.integer(), fc.boolean(), fc.bigInt(),
  fc.constantFrom(null, undefined, -0, "it's", `"`, `'"`, "\n\t\\")
)
const name = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 5 })
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(name, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    fc.uniqueArray(leaf, { maxLength: 3 }).map((items) => new Set(items)),
    fc.array(fc.tuple(name, leaf), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(fc.integer(), { maxLength: 6 }).map((items) => Float64Array.from(items))
  )
})).value

/** As Node writes it, for what is short enough for one line of each. */
const asNode = (write: typeof inspect) => fc.property(values, (value) => {
  const expected = nodes(value, { depth: 4 })
  fc.pre(expected.length <= 60 && !expected.includes("__proto__"))
  expect(write(value)).toBe(expected)
})

describe("a value in the playground", () => {
  it("is written as at Node's prompt", () => fc.assert(asNode(inspect), { numRuns: 300 }))

  it("would not be, as JSON", () => {
    expect(fc.check(asNode((value) => JSON.stringify(value) ?? "undefined")).failed).toBe(true)
  })

  it("is cut where it is deep or long, and never ends where it holds itself", () => {
    expect(inspect({ a: { b: { c: { d: { e: { f: 1 } } } } } })).toContain("[Object]")
    expect(inspect(Array.from({ length: 120 }, () => 0))).toContain("... 20 more items")
    const ring: Record<string, unknown> = {}
    ring.self = ring
    expect(inspect(ring)).toBe("{ self: [Circular] }")
    const wide = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`field${at}`, "a word or two"]))
    expect(inspect(wide).split("\n")).toHaveLength(11)
  })

  it("says what a function, a class, an instance and an error are", () => {
    class Instance { readonly field = 1 }
    expect(inspect([inspect, Instance, new Instance()]))
      .toBe("[ [Function: inspect], [class Instance], Instance { field: 1 } ]")
    expect(inspect(new RangeError("too far"))).toBe("RangeError: too far")
  })

  it("is a tensor's own text where it holds one", () => {
    expect(inspect(legible({ x: iota("f32", "time", 4) }, 6))).toContain("  x: f32 over time 4, by iota")
  })
})
