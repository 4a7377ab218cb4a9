/**
 * Triangular systems by substitution (Golub and Van Loan, Matrix Computations, 3.1), with strides and float64
 * accumulation: sum over j of T[i, j] y[j] = b[i]. Only the named triangle is read.
 */

export interface Vector {
  readonly data: { [index: number]: number }
  readonly offset: number
  readonly stride: number
}

/** Solves T y = b for one right-hand side; y is also given back in float64 through `work`. */
export const substitute = (
  triangle: "lower" | "upper", n: number,
  t: ArrayLike<number>, offset: number, rowStride: number, columnStride: number,
  b: Vector, y: Vector, work: Float64Array
): void => {
  const lower = triangle === "lower"
  for (let step = 0; step < n; step++) {
    const i = lower ? step : n - 1 - step
    let rest = b.data[b.offset + i * b.stride]!
    const [first, end] = lower ? [0, i] : [i + 1, n]
    for (let j = first; j < end; j++) rest -= t[offset + i * rowStride + j * columnStride]! * work[j]!
    work[i] = rest / t[offset + i * (rowStride + columnStride)]!
    y.data[y.offset + i * y.stride] = work[i]!
  }
}
