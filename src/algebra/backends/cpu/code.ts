/**
 * Code being written: a run of statements whose values are kept in locals, each computed once where it is first wanted,
 * and the constants of a function, computed once at its start.
 */
import type { Body, Expression, FunctionBuilder, Statement, ValueType } from "./assembler.ts"
import { sequence } from "./assembler.ts"
import type { V128 } from "./instructions.ts"
import { f32, f32x4, f64, f64x2, i32, i32x4, i64, i64x2 } from "./instructions.ts"

/** The lanes of a vector: their width in bits says how many there are. */
export type Lanes = "f32x4" | "f64x2" | "i32x4" | "i64x2"

export interface Code {
  /** The value in a local: computed here, used as often as one likes. */
  readonly keep: <T extends ValueType>(value: Expression<T>) => Expression<T>
  readonly emit: (statement: Statement) => void
  /** A number in every lane, from the start of the function. */
  readonly constant: (lanes: Lanes, value: number | bigint) => V128
  /** A local without a value. */
  readonly fresh: FunctionBuilder<Record<string, ValueType>>["fresh"]
  /** Code to be used later, inside a loop or a branch. */
  readonly nested: (write: (inner: Code) => void) => Statement
}

const splat = (lanes: Lanes, value: number | bigint): V128 => {
  switch (lanes) {
    case "f32x4":
      return f32x4.splat(f32.const(Number(value)))
    case "f64x2":
      return f64x2.splat(f64.const(Number(value)))
    case "i32x4":
      return i32x4.splat(i32.const(Number(value)))
    case "i64x2":
      return i64x2.splat(i64.const(BigInt(value)))
  }
}

/** The same code with constants made in place: for branches seldom taken, whose constants would crowd the registers. */
export const seldom = (code: Code): Code => ({ ...code, constant: splat })

/** The body of a function that `write` writes. */
export const body = (fresh: Code["fresh"], write: (code: Code) => void): Body => {
  const constants = new Map<string, V128>()
  const start: Array<Statement> = []
  const make = (statements: Array<Statement>): Code => ({
    keep: (value) => {
      const local = fresh(value.type)
      statements.push(local.set(value))
      return local.get
    },
    emit: (statement) => void statements.push(statement),
    constant: (lanes, value) => {
      const key = `${lanes} ${Object.is(value, -0) ? "-0" : value}`
      const known = constants.get(key)
      if (known !== undefined) return known
      const local = fresh("v128")
      start.push(local.set(splat(lanes, value)))
      constants.set(key, local.get)
      return local.get
    },
    fresh,
    nested: (write) => {
      const inner: Array<Statement> = []
      write(make(inner))
      return sequence(...inner)
    }
  })
  const statements: Array<Statement> = []
  write(make(statements))
  return [...start, ...statements]
}
