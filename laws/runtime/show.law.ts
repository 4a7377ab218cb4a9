import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { iota } from "../../src/algebra/tensor.ts"
import { tensor } from "../../src/runtime/repl/legible.ts"
import { show } from "../../src/runtime/repl/show.ts"

const values = fc.uniqueArray(fc.stringMatching(/^[a-z]+$/), { minLength: 0, maxLength: 3 }).chain((names) =>
  fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), fc.integer({ min: 1, max: 4 })))).chain((sizes) => {
    const count = sizes.reduce((product, [, size]) => product * size, 1)
    return fc.array(fc.integer({ min: -999, max: 999 }), { minLength: count, maxLength: count }).map((data) =>
      ({ dtype: "f64", axes: new Map(sizes), data: Float64Array.from(data) }))
  }))

/** Every value stands in the table, in order, after its coordinates. */
const keepsValues = (shown: typeof tensor) => fc.property(values, (given) => {
  const [, ...lines] = shown(given).split("\n")
  const cells = lines.flatMap((line) => line.replaceAll(/[a-z]+ \d+/g, "").trim().split(/ +/).map(Number))
  expect(cells).toEqual(Array.from(given.data).slice(0, cells.length))
  expect(cells.length === given.data.length || shown(given).endsWith("more rows")).toBe(true)
})

describe("a tensor at the prompt", () => {
  it("is shown with its axes and its values in their order", () => {
    fc.assert(keepsValues(tensor))
    expect(show({ dtype: "f32", axes: new Map([["time", 2], ["head", 3]]), data: Float32Array.of(0, 1, 2, 3, 4, 5.5) }))
      .toBe("f32 over time 2, head 3\ntime 0  0  1    2\ntime 1  3  4  5.5")
  })

  it("would not be, were it read in the other order", () => {
    const reversed: typeof tensor = (given) => tensor({ ...given, data: Array.from(given.data).reverse() })
    expect(fc.check(keepsValues(reversed)).failed).toBe(true)
  })

  it("says so when nothing has computed it", () => {
    expect(show(iota("f32", "time", 4)))
      .toBe("f32 over time 4, by iota: an expression, which algebra.evaluate computes")
    expect(show([{ x: iota("f32", "time", 4) }])).toContain("f32 over time 4, by iota")
  })
})
