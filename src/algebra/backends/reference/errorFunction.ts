/**
 * The error function to the last digits of float64: the series of positive terms near zero (Abramowitz and Stegun
 * 7.1.6) and the continued fraction of its complement beyond (7.1.14).
 */

/** 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
export const errorFunction = (x: number): number => {
  const size = Math.abs(x)
  if (!(size < 6)) return Number.isNaN(x) ? NaN : Math.sign(x)
  if (size < 2) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -56; n++) {
      term *= (2 * x * x) / (2 * n + 1)
      sum += term
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
  }
  let fraction = size
  for (let n = 120; n > 0; n--) fraction = size + n / 2 / fraction
  return Math.sign(x) * (1 - Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI)))
}
