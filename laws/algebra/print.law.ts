import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { topological } from "../../src/algebra/expression.ts"
import { dot, print } from "../../src/algebra/interpreters/print.ts"
import * as T from "../../src/algebra/tensor.ts"
import { program } from "./generators.ts"
import { isRefused } from "./values.ts"

/** Every line defines a new name out of names defined before it, and there is a line for each node. */
const orderly = (printed: (outputs: unknown) => string) =>
  fc.property(fc.constantFrom("exact" as const, "analytic" as const).chain((kind) => program(kind, "f32")),
    ({ outputs }) => {
  const lines = printed(outputs).split("\n")
  const defined = new Set<string>()
  for (const line of lines) {
    const [name = "", rest = ""] = line.startsWith("return") ? ["", line] : line.split(/ = (.*)/s)
    for (const [used] of rest.replace(/"[^"]*"/g, "").matchAll(/%\d+/g)) expect(defined.has(used), line).toBe(true)
    if (name === "") continue
    expect(defined.has(name)).toBe(false)
    defined.add(name)
  }
  expect(defined.size).toBe(topological(outputs).length)
})

describe("a printed program", () => {
  it("names every node once, before it is used", () => { fc.assert(orderly(print), { numRuns: 100 }) })

  it("is caught when its lines are in another order", async () => {
    expect(await isRefused(() =>
      fc.assert(orderly((outputs) => print(outputs).split("\n").reverse().join("\n")), { numRuns: 100 }))).toBe(true)
  })

  it("reads as the algebra is written", () => {
    const x = T.input("f32", { time: 8, model: 4 }, "x")
    const w = T.input("f32", { model: 4, head: 2 }, "w")
    const y = T.contract(x, w, "model")
    expect(print({ y, largest: T.largest(T.add(y, y), "head") })).toBe([
      `%0 = input "w" : f32 [model 4, head 2]`,
      `%1 = input "x" : f32 [time 8, model 4]`,
      `%2 = contract(%1, %0) over model : f32 [time 8, head 2]`,
      `%3 = add(%2, %2) : f32 [time 8, head 2]`,
      `%4 = maximum(%3) over head : f32 [time 8]`,
      `return y = %2`,
      `return largest = %4`
    ].join("\n"))
  })

  it("is a graph too, with an arrow for each operand", () => {
    const x = T.input("f32", { a: 2 }, "x")
    const text = dot({ y: T.add(x, T.sine(x)) })
    expect(text.split("\n").filter((line) => line.includes("->")).length).toBe(4)
    expect(text.startsWith("digraph {")).toBe(true)
  })
})
