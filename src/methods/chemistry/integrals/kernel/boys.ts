/**
 * The Boys function as code on two arguments at once: F_L by a Taylor step from a table, the lower orders by downward
 * recursion; where an argument is beyond the table the asymptotic series, whose error is then below rounding
 * (Helgaker, Jorgensen, Olsen, Molecular Electronic-Structure Theory, 9.8).
 */
import type { Local, Statement } from "../../../../algebra/backends/cpu/assembler.ts"
import { sequence, when } from "../../../../algebra/backends/cpu/assembler.ts"
import type { I32, V128 } from "../../../../algebra/backends/cpu/instructions.ts"
import { f64, f64x2, i32x4, scaled, v128 } from "../../../../algebra/backends/cpu/instructions.ts"
import { boysSeries } from "../boys.ts"

const perUnit = 16
/** exp(-52) times the factors of order 8 is below rounding. */
const end = 52
const terms = 7
/** F_0 to F_14, and exp(-x). */
const columns = 16

/** The highest order that the table serves. */
export const mostOrder = columns - 1 - terms

/** Rows of F_0 to F_14 and exp(-x) for x in steps of 1/16. */
export const boysTable = (): Float64Array => {
  const table = new Float64Array((end * perUnit + 1) * columns)
  for (let row = 0; row <= end * perUnit; row++) {
    const x = row / perUnit
    const decay = Math.exp(-x)
    let value = boysSeries(columns - 2, x)
    for (let m = columns - 2; m >= 0; m--) {
      table[row * columns + m] = value
      value = (2 * x * value + decay) / (2 * m - 1)
    }
    table[row * columns + columns - 1] = decay
  }
  return table
}

const splat = (value: number): V128 => f64x2.splat(f64.const(value))

/** a b + c. */
export const madd = (fused: boolean) => (a: V128, b: V128, c: V128): V128 =>
  (fused ? f64x2.relaxed_madd(a, b, c) : f64x2.add(f64x2.mul(a, b), c))

type Locals = <T extends "i32" | "v128">(name: string, type: T) => Local<T>

/** Writes F_0(x) to F_order(x) into the locals `to`. */
export const boysCode = (
  order: number, x: Local<"v128">, table: I32, to: ReadonlyArray<Local<"v128">>, local: Locals, fused: boolean
): Statement => {
  const fma = madd(fused)
  const [inside, row, d, decay] = [local("inside", "v128"), local("row", "v128"), local("d", "v128"),
    local("decay", "v128")]
  const [first, second] = [local("first row", "i32"), local("second row", "i32")]
  const [half, far, value] = [local("half", "v128"), local("far", "v128"), local("series", "v128")]
  const column = (m: number): V128 => v128.load64_lane(second.get, v128.load64_zero(first.get, 8 * m), 1, 8 * m)
  /** c_0 + d (c_1 + d/2 (c_2 + ...)). */
  const taylor = (terms: number, coefficient: (i: number) => V128): V128 => {
    let sum = coefficient(terms - 1)
    for (let i = terms - 2; i >= 0; i--)
      sum = fma(i === 0 ? d.get : f64x2.mul(d.get, splat(1 / (i + 1))), sum, coefficient(i))
    return sum
  }
  const at = (n: number): Local<"v128"> => {
    const found = to[n]
    if (found === undefined) throw new RangeError(`no place for order ${n}`)
    return found
  }
  const lower = Array.from({ length: order }, (_, i) => order - 1 - i)
  const upper = Array.from({ length: order + 1 }, (_, n) => n)
  return sequence(
    inside.set(f64x2.min(x.get, splat(end))),
    row.set(i32x4.trunc_sat_f64x2_u_zero(fma(inside.get, splat(perUnit), splat(0.5)))),
    first.set(scaled(table, i32x4.extract_lane(row.get, 0), 8 * columns)),
    second.set(scaled(table, i32x4.extract_lane(row.get, 1), 8 * columns)),
    d.set(f64x2.sub(f64x2.mul(f64x2.convert_low_i32x4_u(row.get), splat(1 / perUnit)), inside.get)),
    at(order).set(taylor(terms, (i) => column(order + i))),
    order === 0 ? [] : [
      // exp(-x) from the row's by the same step
      decay.set(f64x2.mul(column(columns - 1), taylor(terms + 2, () => splat(1)))),
      inside.set(f64x2.add(inside.get, inside.get)),
      ...lower.map((n) => at(n).set(f64x2.mul(fma(inside.get, at(n + 1).get, decay.get), splat(1 / (2 * n + 1)))))
    ],
    far.set(f64x2.gt(x.get, splat(end))),
    when(v128.any_true(far.get), [
      half.set(f64x2.div(splat(0.5), x.get)),
      value.set(f64x2.sqrt(f64x2.mul(half.get, splat(Math.PI / 2)))),
      ...upper.flatMap((n) => [
        at(n).set(v128.bitselect(value.get, at(n).get, far.get)),
        value.set(f64x2.mul(f64x2.mul(value.get, half.get), splat(2 * n + 1)))
      ])
    ])
  )
}
