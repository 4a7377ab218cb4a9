/**
 * What a state is made of: energies E_k and weights w_k = |<k|Phi>|^2 of the eigenstates that it has a part in, by the
 * recursion of Lanczos (1950) from the state itself, with every vector kept orthogonal to all before. Weights add up to
 * one and give the energy of the state, at any length of the recursion; the ends of the spectrum come out first.
 */
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import { dot } from "../correlation/davidson.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { operator } from "../correlation/sigma.ts"
import type { Strings } from "../correlation/strings.ts"

/** An eigenstate's energy, in Ha, and its weight. */
export interface SpectralLine {
  readonly energy: number
  readonly weight: number
}

/** A line as the recursion has it: an eigenvalue is no further away than `error`, in Ha. */
export interface RitzLine extends SpectralLine {
  readonly error: number
}

export interface LanczosOptions {
  /** Most vectors; 160 when left out. The recursion ends sooner where the space is exhausted. */
  readonly vectors?: number
  /** It also ends where the two lowest energies are known to this, in Ha; never when left out. */
  readonly tolerance?: number
}

/** Below this, in Ha, the image of a space lies within it. */
const exhausted = 1e-9

/** The lines of a symmetric operator in a vector of length one, ascending in energy. */
export const spectralLines = (
  apply: (vector: Float64Array) => Float64Array, start: Float64Array, options: LanczosOptions = {}
): ReadonlyArray<RitzLine> => {
  const { vectors = 160, tolerance = 0 } = options
  const basis: Array<Float64Array> = [start]
  const diagonal: Array<number> = []
  const beside: Array<number> = []
  for (;;) {
    const vector = basis[basis.length - 1]!
    const image = apply(vector)
    diagonal.push(dot(vector, image))
    for (let pass = 0; pass < 2; pass++)
      for (const other of basis) {
        const part = dot(other, image)
        for (let at = 0; at < image.length; at++) image[at] = image[at]! - part * other[at]!
      }
    const length = Math.sqrt(dot(image, image))
    const size = diagonal.length
    const ended = size >= vectors || length < exhausted
    if (ended || (tolerance > 0 && size % 8 === 0)) {
      const data = new Float64Array(size * size)
      diagonal.forEach((value, at) => { data[at * (size + 1)] = value })
      beside.forEach((value, at) => { data[at * (size + 1) + 1] = data[(at + 1) * size + at] = value })
      const { values, vectors: { data: within } } = eigh({ rows: size, columns: size, data })
      const residual = (line: number): number => length * Math.abs(within[(size - 1) * size + line] ?? 0)
      if (ended || (residual(0) < tolerance && residual(1) < tolerance))
        return Array.from(values.data, (energy, line) =>
          ({ energy, weight: within[line]! ** 2, error: residual(line) }))
    }
    beside.push(length)
    basis.push(image.map((value) => value / length))
  }
}

/** The lines of a Hamiltonian in a state over pairs of strings that is even under exchange of the spins. */
export const linesOf = (
  of: Hamiltonian, strings: Strings, guide: Float64Array, options: LanczosOptions = {}
): ReadonlyArray<RitzLine> =>
  spectralLines(operator(of, strings, 1).apply, guide, options)
    .map((line) => ({ ...line, energy: line.energy + of.core }))
