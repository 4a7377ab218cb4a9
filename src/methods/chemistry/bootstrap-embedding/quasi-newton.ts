/**
 * Roots of a vector function by Broyden's good update of the inverse Jacobian (Math. Comput. 19, 577 (1965)), with the
 * line search of Li and Fukushima (Optim. Methods Softw. 13, 181 (2000)), which needs no derivatives and lets the norm
 * rise only by a summable amount. A zero is a zero from wherever it is reached.
 */
import { Effect } from "effect"
import { svd } from "../../../algebra/backends/factorisation/singular.ts"

/** The function at a point, with whatever else was found there. */
export interface Value {
  readonly residual: Float64Array
}

/** A point of the way. */
export interface Iterate<V extends Value> {
  readonly unknowns: Float64Array
  readonly value: V
  /** The root mean square of the residual. */
  readonly error: number
  readonly step: number
}

export interface Settings<V extends Value, E, R> {
  readonly start: Float64Array
  readonly evaluate: (unknowns: Float64Array) => Effect.Effect<V, E, R>
  /** The Jacobian at the start, row-major; asked for when a step is needed. */
  readonly jacobian: Effect.Effect<Float64Array, E, R>
  readonly tolerance: number
  readonly steps: number
  /** Hears of every point. */
  readonly watch: (iterate: Iterate<V>) => Effect.Effect<void, E, R>
}

const length = (x: Float64Array): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0))

/** The root mean square. */
export const meanSquare = (x: Float64Array): number => length(x) / Math.sqrt(x.length)

/** Singular values below this part of the largest count as zero. */
const negligible = 1e-10

/** The pseudoinverse of a square matrix. */
export const pseudoinverse = (a: Float64Array, n: number): Float64Array => {
  const { left, values, right } = svd({ rows: n, columns: n, data: a })
  const largest = values.data[0] ?? 0
  const inverse = new Float64Array(n * n)
  for (let k = 0; k < n; k++) {
    if (!(values.data[k]! > negligible * largest)) continue
    for (let i = 0; i < n; i++) {
      const scaled = right.data[i * n + k]! / values.data[k]!
      for (let j = 0; j < n; j++) inverse[i * n + j] = inverse[i * n + j]! + scaled * left.data[j * n + k]!
    }
  }
  return inverse
}

const apply = (b: Float64Array, x: Float64Array): Float64Array =>
  x.map((_, i) => x.reduce((sum, value, j) => sum + b[i * x.length + j]! * value, 0))

/** B + (dx - B df) (dx^T B) / (dx^T B df). */
const updated = (b: Float64Array, dx: Float64Array, df: Float64Array): Float64Array => {
  const n = dx.length
  const along = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) along[j] = along[j]! + dx[i]! * b[i * n + j]!
  const image = apply(b, df)
  const scale = along.reduce((sum, value, j) => sum + value * df[j]!, 0)
  if (scale === 0) return b
  return b.map((value, at) => value + (dx[Math.floor(at / n)]! - image[Math.floor(at / n)]!) * along[at % n]! / scale)
}

const trials = 20

/** The point along a step where Li and Fukushima's condition holds, or the last that was tried. */
const search = <V extends Value, E, R>(
  { unknowns, value: { residual }, step }: Iterate<V>, move: Float64Array,
  evaluate: (unknowns: Float64Array) => Effect.Effect<V, E, R>
) => Effect.gen(function*() {
  const [norm, size] = [length(residual), length(move)]
  for (let trial = 0, part = 1; ; trial++, part *= 0.1) {
    const next = unknowns.map((value, at) => value + part * move[at]!)
    const value = yield* evaluate(next)
    const found = length(value.residual)
    const slack = 1e-3 * (part * size) ** 2
    const enough = (trial === 0 && found <= 0.9 * norm - slack) || found <= (1 + (step + 1) ** -2) * norm - slack
    if (enough || trial === trials) return { unknowns: next, value }
  }
})

/** Steps until the error is below the tolerance or there are no more; the last point, either way. */
export const quasiNewton = <V extends Value, E, R>(
  { evaluate, jacobian, start, steps, tolerance, watch }: Settings<V, E, R>
): Effect.Effect<Iterate<V>, E, R> => Effect.gen(function*() {
  const first = yield* evaluate(start)
  let now: Iterate<V> = { unknowns: start, value: first, error: meanSquare(first.residual), step: 0 }
  yield* watch(now)
  if (now.error < tolerance) return now
  let inverse = pseudoinverse(yield* jacobian, start.length)
  while (!(now.error < tolerance) && now.step < steps && Number.isFinite(now.error)) {
    const before: Iterate<V> = now
    const move = apply(inverse, before.value.residual).map((value) => -value)
    const { unknowns, value } = yield* search(before, move, evaluate)
    now = { unknowns, value, error: meanSquare(value.residual), step: before.step + 1 }
    yield* watch(now)
    inverse = updated(
      inverse,
      unknowns.map((each, at) => each - before.unknowns[at]!),
      value.residual.map((each, at) => each - before.value.residual[at]!)
    )
  }
  return now
})
