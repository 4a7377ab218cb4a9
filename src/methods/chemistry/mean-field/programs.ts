/**
 * The two steps of a closed-shell mean field that are dense algebra, as tensor programs over named axes: orbitals and
 * density from a Fock matrix (Roothaan's equations), and the commutator that vanishes at the solution (Pulay's error).
 */
import * as T from "../../../algebra/tensor.ts"
import type { Tensor } from "../../../algebra/tensor.ts"

/** A matrix over atomic orbitals. */
type Square = Tensor<"f64", "row" | "column">

export interface Sizes {
  /** Atomic orbitals. */
  readonly size: number
  /** Orthonormal functions that they span. */
  readonly kept: number
  /** Doubly occupied orbitals. */
  readonly occupied: number
}

const square = (size: number, name: string): Square => T.input("f64", { row: size, column: size }, name)
const spanned = ({ size, kept }: Sizes): Tensor<"f64", "row" | "function"> =>
  T.input("f64", { row: size, function: kept }, "orthogonal")

/** A B. */
const times = (a: Square, b: Square): Square =>
  T.contract(T.rename(a, { column: "inner" }), T.rename(b, { row: "inner" }), "inner")

const flip = (a: Square): Square => T.rename(a, { row: "column", column: "row" })

/** X^T A X. */
const within = (a: Square, x: Tensor<"f64", "row" | "function">): Tensor<"f64", "function" | "other"> =>
  T.contract(T.contract(x, a, "row"), T.rename(x, { row: "column", function: "other" }), "column")

/** F C = S C e in the space of X: orbital energies, coefficients, and the density 2 C C^T of the occupied. */
export const roothaan = (sizes: Sizes) => {
  const fock = square(sizes.size, "fock")
  const orthogonal = spanned(sizes)
  const { values, vectors } = T.eigh(within(fock, orthogonal), "function", "other")
  const orbitals = T.rename(T.contract(orthogonal, vectors, "function"), { other: "orbital" })
  const occupied = T.slice(orbitals, "orbital", 0, sizes.occupied)
  return {
    inputs: { fock, orthogonal },
    outputs: {
      energies: values,
      orbitals: T.arrange(orbitals, ["row", "orbital"]),
      density: T.multiply(T.contract(occupied, T.rename(occupied, { row: "column" }), "orbital"), 2)
    }
  }
}

/** X^T (F D S - S D F) X. */
export const commutator = (sizes: Sizes) => {
  const fock = square(sizes.size, "fock")
  const density = square(sizes.size, "density")
  const overlap = square(sizes.size, "overlap")
  const orthogonal = spanned(sizes)
  const product = times(times(fock, density), overlap)
  return {
    inputs: { fock, density, overlap, orthogonal },
    outputs: { error: within(T.subtract(product, flip(product)), orthogonal) }
  }
}

/** F + shift (S - S D S / 2): raises the virtual orbitals of a density by `shift`. */
export const shifted = (sizes: Sizes, shift: number) => {
  const fock = square(sizes.size, "fock")
  const density = square(sizes.size, "density")
  const overlap = square(sizes.size, "overlap")
  const occupied = T.multiply(times(times(overlap, density), overlap), 0.5)
  return {
    inputs: { fock, density, overlap },
    outputs: { fock: T.arrange(T.add(fock, T.multiply(T.subtract(overlap, occupied), shift)), ["row", "column"]) }
  }
}
