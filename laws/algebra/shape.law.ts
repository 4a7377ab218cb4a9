import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ShapeError } from "../../src/algebra/axis.ts"
import { pullback } from "../../src/algebra/interpreters/gradient.ts"
import * as T from "../../src/algebra/tensor.ts"
import { isRefused } from "./values.ts"

const x = (a = 2, b = 3) => T.input("f64", { a, b }, "x")
const integers = (sizes: { readonly [axis: string]: number }) => T.input<"i32", string>("i32", sizes, "i")
/** A tensor whose axes the compiler does not know, as a caller without types has. */
const untyped = (sizes: { readonly [axis: string]: number }, dtype: "f64" | "f32" = "f64") =>
  T.input(dtype, sizes, "u") as unknown as T.Tensor<"f64", "a" | "b">

/** What is built, and what its message must name. */
const wrong: { readonly [name: string]: readonly [() => unknown, ...ReadonlyArray<string>] } = {
  "input of a negative size": [() => T.input("f32", { a: -1 }), "input", "a -1"],
  "input of a fractional size": [() => T.input("f32", { a: 1.5 }), "input", "1.5"],
  "literal with too few values": [() => T.literal("f32", { a: 3 }, new Float32Array(2)), "literal", "2 values",
    "[a 3]"],
  "fill of a negative size": [() => T.fill("f32", { a: -2 }, 0), "fill", "a -2"],
  "iota of a negative size": [() => T.iota("i32", "a", -1), "iota"],
  "binary of two sizes": [() => T.add(x(2, 3), x(2, 4)), "add", "[a 2, b 3]", "[a 2, b 4]", '"b"'],
  "binary of two dtypes": [() => T.add(x(), untyped({ a: 2, b: 3 }, "f32")), "add", "f64", "f32"],
  "where of two sizes": [() => T.where(T.less(x(), 0), x(), x(3, 3)), "where", "[a 2, b 3]", "[a 3, b 3]"],
  "where without a bool": [() => T.where(x() as never, x(), x()), "where", "f64, not bool"],
  "contract of two sizes": [() => T.contract(x(2, 3), x(2, 4), "b"), "contract", "[a 2, b 3]", "[a 2, b 4]"],
  "contract over an axis that is missing": [() => T.contract(x(), untyped({ a: 2 }), "b"), "contract", '"b"', "[a 2]"],
  "sum over an axis that is missing": [() => T.sum(untyped({ a: 2 }), "b"), "sum", '"b"', "[a 2]"],
  "rename of an axis that is missing": [() => T.rename(untyped({ a: 2 }), { b: "c" }), "rename", '"b"'],
  "rename of two axes to one": [() => T.rename(x(), { a: "b" }), "rename", "one name", "[a 2, b 3]"],
  "split into other parts": [() => T.split(x(), "b", { c: 2, d: 2 }), "split", "[a 2, b 3]", "[c 2, d 2]"],
  "split into an axis that is there": [() => T.split(x(), "b", { a: 3 }), "split", "one name"],
  "merge into an axis that is there": [() => T.merge(x(), ["a"], "b"), "merge", '"b"'],
  "merge of an axis that is missing": [() => T.merge(untyped({ a: 2 }), ["a", "b"], "m"), "merge", '"b"'],
  "slice beyond the end": [() => T.slice(x(), "b", 2, 2), "slice", "[a 2, b 3]"],
  "slice that steps nowhere": [() => T.slice(x(), "b", 0, 2, 0), "slice"],
  "slice before the start": [() => T.slice(x(), "b", 1, 3, -1), "slice"],
  "concatenate of parts that differ": [() => T.concatenate([x(2, 3), x(3, 3)], "b"), "concatenate", "[a 2, b 3]",
    "[a 3, b 3]"],
  "pad by less than nothing": [() => T.pad(x(), "a", -1, 0), "pad", "[a 2, b 3]"],
  "tile by half": [() => T.tile(x(), "a", 0.5), "tile", "0.5"],
  "expand by an axis that is there": [() => T.expand(x(), "a", 2), "expand", '"a"'],
  "gather with indices along the axis itself": [() => T.gather(x(), integers({ a: 3 }), "a"), "gather", "[a 2, b 3]",
    "[a 3]"],
  "gather with indices of another size": [() => T.gather(x(), integers({ b: 4 }), "a"), "gather", "[b 4]", "[b 3]"],
  "scatter of updates of another shape": [() =>
    T.scatter(x(), integers({ t: 4 }), T.input("f64", { t: 3, b: 3 }), "a", "t", "add"), "scatter", "[a 2, b 3]",
      "[t 3, b 3]"],
  "argsort of more than there are": [() => T.argsort(x(), "a", { size: 3 }), "argsort", "[a 2, b 3]"],
  "cholesky of a matrix that is not square": [() => T.cholesky(x(), "a", "b"), "cholesky", "[a 2, b 3]"],
  "eigh of a matrix that is not square": [() => T.eigh(x(), "a", "b"), "eigh", "[a 2, b 3]"],
  "svd of one axis": [() => T.svd(x(), "a", "a", "k"), "svd"],
  "qr over an axis that is missing": [() => T.qr(untyped({ a: 2 }), "a", "b", "k"), "qr", '"b"'],
  "solve with a right-hand side of another size": [() => T.solve(x(3, 3), T.input("f64", { a: 4 }), "a", "b", "lower"),
    "solve", "[a 4]"],
  "pullback without a cotangent": [() => pullback({ y: x() }, {} as never, [x()]), "pullback", '"y"'],
  "pullback of a cotangent of another size": [() => pullback([x()], [x(2, 4)], [x()]), "pullback", "[a 2, b 4]"]
}

describe("sizes that do not fit", () => {
  it.each(Object.entries(wrong))("are refused with a message that names the operands: %s", (_, [build, ...named]) => {
    let refusal: unknown
    try {
      build()
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(ShapeError)
    for (const part of named) expect(refusal instanceof ShapeError ? refusal.message : "").toContain(part)
  })

  const agree = (alike: (left: number, right: number) => unknown) =>
    fc.property(fc.nat(5), fc.nat(5), (left, right) => {
    let refused = false
    try {
      alike(left, right)
    } catch (error) {
      refused = error instanceof ShapeError
    }
    expect(refused).toBe(left !== right)
  })

  it("are all that is refused of two operands", () => {
    fc.assert(agree((left, right) => T.multiply(x(2, left), x(2, right))))
    fc.assert(agree((left, right) => T.contract(x(2, left), x(2, right), "a")))
  })

  it("are caught when broadcasting lets them pass", async () => {
    expect(await isRefused(() =>
      fc.assert(agree((left, right) => (left === 1 || right === 1 ? x() : T.multiply(x(2, left), x(2, right))))))).toBe(
        true)
  })
})
