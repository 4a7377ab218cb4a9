/** What the compiler refuses: each line marked as an error is one, or the type check of the tree fails. */
import { describe, expect, expectTypeOf, it } from "vitest"
import { gradient } from "../../src/algebra/interpreters/gradient.ts"
import * as T from "../../src/algebra/tensor.ts"
import type { Tensor } from "../../src/algebra/tensor.ts"

const x = T.input("f32", { time: 4, model: 8 })
const w = T.input("f32", { model: 8, head: 2 })
const double = T.input("f64", { time: 4, model: 8 })

/** A caller that knows only that the model axis is there. */
const project = <A extends string>(of: Tensor<"f32", A | "model">): Tensor<"f32", Exclude<A | "model" | "head",
  "model">> => T.contract(of, w, "model")

/** Never run: only its types are looked at. */
export const refused = () => {
  // @ts-expect-error an axis that the operand does not have
  T.sum(x, "head")
  // @ts-expect-error an axis that only one operand has
  T.contract(x, w, "time")
  // @ts-expect-error an axis misspelt
  T.largest(x, "tim")
  // @ts-expect-error two dtypes
  T.add(x, double)
  // @ts-expect-error two dtypes
  T.contract(x, double, "model")
  // @ts-expect-error two dtypes
  T.where(T.less(x, 0), x, double)
  // @ts-expect-error an axis forgotten in the result
  const forgotten: Tensor<"f32", "time"> = x
  // @ts-expect-error an axis invented in the result
  const invented: Tensor<"f32", "time" | "model" | "head"> = x
  // @ts-expect-error an axis that was summed is gone
  T.sum(T.sum(x, "time"), "time")
  // @ts-expect-error a renamed axis has its new name alone
  T.sum(T.rename(x, { time: "memory" }), "time")
  // @ts-expect-error a merged axis is gone
  T.sum(T.merge(x, ["time", "model"], "flat"), "time")
  // @ts-expect-error a gathered axis is gone
  T.sum(T.gather(x, T.iota("i32", "token", 2), "model"), "model")
  // @ts-expect-error indices are i32
  T.gather(x, T.iota("f32", "token", 2), "model")
  // @ts-expect-error the condition is bool
  T.where(x, x, x)
  // @ts-expect-error integers have no square root
  T.squareRoot(T.iota("i32", "time", 2))
  // @ts-expect-error what is stored in 16 bits is cast before it is computed with
  T.add(T.cast(x, "bf16"), T.cast(x, "bf16"))
  // @ts-expect-error a gradient is of a number
  gradient(x, w)
  // @ts-expect-error a gradient is of a float
  gradient(T.sum(T.iota("i32", "time", 2), "time"), w)
  // @ts-expect-error parts of other axes
  T.concatenate([x, w], "model")
  // @ts-expect-error an operand's axes are not those of the result's type
  const wrong: Tensor<"f32", "time" | "model"> = T.contract(x, w, "model")
  return [forgotten, invented, wrong]
}

describe("the types", () => {
  it("say which axes a result has", () => {
    expectTypeOf(T.contract(x, w, "model")).toEqualTypeOf<Tensor<"f32", "time" | "head">>()
    expectTypeOf(T.sum(x, ["time", "model"])).toEqualTypeOf<Tensor<"f32", never>>()
    expectTypeOf(T.rename(x, { time: "memory" })).toEqualTypeOf<Tensor<"f32", "memory" | "model">>()
    expectTypeOf(T.split(x, "model", { head: 2, depth: 4 })).toEqualTypeOf<Tensor<"f32", "time" | "head" | "depth">>()
    expectTypeOf(T.less(x, 0)).toEqualTypeOf<Tensor<"bool", "time" | "model">>()
    expectTypeOf(T.at(x, "time", 0)).toEqualTypeOf<Tensor<"f32", "model">>()
    expectTypeOf(
      gradient(T.sum(x, ["time", "model"]),
        { x, layers: [w] })).toEqualTypeOf<{ readonly x: typeof x; readonly layers: readonly [typeof w] }>()
  })

  it("say the axes that are there", () => {
    expect(Array.from(project<"time">(x).axes.keys())).toEqual(["time", "head"])
    expect(Array.from(T.split(x, "model", { head: 2, depth: 4 }).axes.keys())).toEqual(["time", "head", "depth"])
  })
})
