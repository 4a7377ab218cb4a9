import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Axis from "../../src/algebra/axis.ts"
import type { Expression } from "../../src/algebra/expression.ts"
import { topological } from "../../src/algebra/expression.ts"
import type { Cost } from "../../src/algebra/interpreters/count.ts"
import { costs, count, elements } from "../../src/algebra/interpreters/count.ts"
import { gradient } from "../../src/algebra/interpreters/gradient.ts"
import * as T from "../../src/algebra/tensor.ts"
import { program } from "./generators.ts"
import { isRefused } from "./values.ts"

const cost: fc.Arbitrary<Cost> =
  fc.record({ operations: fc.nat(), read: fc.nat(), written: fc.nat(), parameters: fc.nat() })
const sizes =
  fc.record({ t: fc.integer({ min: 1, max: 9 }), m: fc.integer({ min: 1, max: 9 }), h: fc.integer({ min: 1, max: 9 }) })

/** A program and another with no node of it cost together what they cost apart. */
const additive = (counted: (outputs: unknown) => Cost) =>
  fc.property(program("analytic", "f32"), program("exact", "f64"), (left, right) => {
  expect(counted([left.outputs, right.outputs])).toEqual(costs.concat(counted(left.outputs), counted(right.outputs)))
})

describe("the cost of a program", () => {
  it("is a monoid", () => {
    fc.assert(fc.property(cost, cost, cost, (x, y, z) => {
      expect(costs.concat(x, costs.concat(y, z))).toEqual(costs.concat(costs.concat(x, y), z))
      expect(costs.concat(x, costs.empty)).toEqual(x)
      expect(costs.concat(costs.empty, x)).toEqual(x)
    }))
  })

  it("of two programs that share nothing is the sum of theirs", () => { fc.assert(additive(count), { numRuns: 60 }) })

  it("is caught when it forgets the last output", async () => {
    const forgetful = (outputs: unknown): Cost =>
      count(Array.isArray(outputs) && outputs.length > 1 ? outputs.slice(0, -1) : outputs)
    expect(await isRefused(() => fc.assert(additive(forgetful), { numRuns: 60 }))).toBe(true)
  })

  it("of a contraction is two operations for each product that is summed", () => {
    fc.assert(fc.property(sizes, ({ t, m, h }) => {
      const [x, w] = [T.input("f32", { t, m }), T.input("f32", { m, h })]
      expect(count(T.contract(x, w, "m"))).toEqual(
        { operations: 2 * t * m * h, read: 4 * (t * m + m * h), written: 4 * t * h, parameters: t * m + m * h })
    }))
  })

  it("of a layer's gradient by input and weight is twice that of the layer", () => {
    fc.assert(fc.property(sizes, ({ t, m, h }) => {
      const [x, w, u] = [T.input("f32", { t, m }), T.input("f32", { m, h }), T.input("f32", { t, h })]
      const contractions = (outputs: ReadonlyArray<Expression>): number => topological(outputs)
        .filter(({ operation }) => operation.op === "contract").map((node) => count(node).operations).reduce((a, b) =>
          a + b, 0)
      const y = T.contract(x, w, "m")
      const { x: dx, w: dw } = gradient(T.contract(y, u, ["t", "h"]), { x, w })
      expect(contractions([dx, dw])).toBe(2 * contractions([y]))
    }))
  })

  it("counts once what is shared or written twice alike", () => {
    const x = T.input("f32", { a: 8 })
    expect(count([T.sine(x), T.sine(x)]).operations).toBe(8)
    expect(count(T.add(T.sine(x), T.sine(x))).operations).toBe(16)
  })

  it("counts every element of a tree of tensors", () => {
    fc.assert(fc.property(sizes, ({ t, m }) => {
      const tree = { x: T.input("f32", { t, m }), more: [T.input("f64", { m }), undefined] }
      expect(elements(tree)).toBe(t * m + m)
    }))
  })

  it("of elementwise operations is one an element", () => {
    fc.assert(fc.property(sizes, ({ t, m }) => {
      const [x, y] = [T.input("f32", { t }), T.input("f32", { m })]
      const z = T.add(x, y)
      expect(count(z).operations).toBe(Axis.count(z.axes))
    }))
  })
})
