/**
 * The Cholesky factor: A = L L^T for a symmetric positive definite A, of which the lower triangle is read
 * (Golub and Van Loan, Matrix Computations, 4.2). NaN from the first pivot that is not positive.
 */
import type { Matrix } from "./matrix.ts"
import { zeros } from "./matrix.ts"

/** L, with zeros above its diagonal. */
export const cholesky = ({ rows: n, data: a }: Matrix): Matrix => {
  const lower = zeros(n, n)
  const l = lower.data
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let rest = a[i * n + j]!
      for (let k = 0; k < j; k++) rest -= l[i * n + k]! * l[j * n + k]!
      l[i * n + j] = i === j ? (rest > 0 ? Math.sqrt(rest) : NaN) : rest / l[j * n + j]!
    }
  return lower
}
