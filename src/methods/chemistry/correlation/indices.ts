/**
 * Integrals and amplitudes under the indices that papers write: i j k l run over the occupied orbitals of the reference
 * determinant, a b c d over its virtual ones, and each is an axis by that name. An integral is asked for as it stands
 * in an equation, v("k", "l", "c", "d") for <kl|cd>; which stored block that is follows from the 8-fold symmetry.
 */
import { Effect } from "effect"
import type { Axes, Sizes } from "../../../algebra/axis.ts"
import { Backend } from "../../../algebra/backend.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { add, input, multiply, rename, subtract } from "../../../algebra/tensor.ts"
import type { Hamiltonian } from "./hamiltonian.ts"
import { fock, spaces } from "./hamiltonian.ts"

export type Occupied = "i" | "j" | "k" | "l"
export type Virtual = "a" | "b" | "c" | "d"
export type Index = Occupied | Virtual

/** A tensor of real double-precision numbers over some indices. */
export type Indexed<A extends string> = Tensor<"f64", A>

type Two = Indexed<"first" | "second">
type Four = Indexed<"first" | "second" | "third" | "fourth">

const matrixBlocks = ["oo", "ov", "vv"] as const
const pairBlocks = ["oooo", "ooov", "oovv", "ovov", "ovvv", "vvvv"] as const
type MatrixBlock = (typeof matrixBlocks)[number]
type PairBlock = (typeof pairBlocks)[number]

/** A one-body operator by the spaces of its two indices. */
export type MatrixBlocks<T = Two> = { readonly [Block in MatrixBlock]: T }
/** (first second|third fourth) in chemists' notation, by the spaces of its indices; the others follow by symmetry. */
export type PairBlocks<T = Four> = { readonly [Block in PairBlock]: T }

/** What the equations of a method are written over. */
export interface Integrals {
  /** The Fock matrix f_pq. */
  readonly f: <P extends Index, Q extends Index>(p: P, q: Q) => Indexed<P | Q>
  /** <pq|rs> = (pr|qs). */
  readonly v: <P extends Index, Q extends Index, R extends Index, S extends Index>(
    p: P, q: Q, r: R, s: S
  ) => Indexed<P | Q | R | S>
  /** 2 <pq|rs> - <pq|sr>, which the sum over spins makes of an antisymmetric integral. */
  readonly w: <P extends Index, Q extends Index, R extends Index, S extends Index>(
    p: P, q: Q, r: R, s: S
  ) => Indexed<P | Q | R | S>
}

/** Single and double excitations of a closed shell. */
export interface Amplitudes {
  /** t_i^a. */
  readonly t1: <I extends Occupied, A extends Virtual>(i: I, a: A) => Indexed<I | A>
  /** t_ij^ab. */
  readonly t2: <I extends Occupied, J extends Occupied, A extends Virtual, B extends Virtual>(
    i: I, j: J, a: A, b: B
  ) => Indexed<I | J | A | B>
  /** tau_ij^ab = t_ij^ab + t_i^a t_j^b. */
  readonly tau: <I extends Occupied, J extends Occupied, A extends Virtual, B extends Virtual>(
    i: I, j: J, a: A, b: B
  ) => Indexed<I | J | A | B>
}

const isOccupied = (index: Index): boolean => "ijkl".includes(index)
const lower = <P extends Index>(p: P, q: P): readonly [P, P] => (isOccupied(p) || !isOccupied(q) ? [p, q] : [q, p])
const level = (pair: readonly [Index, Index]): number => pair.filter((index) => !isOccupied(index)).length
const spacesOf = (indices: ReadonlyArray<Index>): string =>
  indices.map((index) => (isOccupied(index) ? "o" : "v")).join("")

const chosen = <B extends string, T>(
  blocks: { readonly [Block in B]: T }, names: ReadonlyArray<B>, spaces: string
): T => {
  const name = names.find((known) => known === spaces)
  if (name === undefined) throw new RangeError(`no block ${spaces}`)
  return blocks[name]
}

/** A symmetric matrix under any two indices. */
export const matrix = (blocks: MatrixBlocks): Integrals["f"] =>
  <P extends Index, Q extends Index>(p: P, q: Q): Indexed<P | Q> => {
    const [first, second] = lower<P | Q>(p, q)
    return rename(chosen(blocks, matrixBlocks, spacesOf([first, second])), { first, second })
  }

/** The integrals of stored blocks. */
export const integrals = (f: Integrals["f"], blocks: PairBlocks): Integrals => {
  const v: Integrals["v"] = <P extends Index, Q extends Index, R extends Index, S extends Index>(
    p: P, q: Q, r: R, s: S
  ): Indexed<P | Q | R | S> => {
    const [one, two] = [lower<P | R>(p, r), lower<Q | S>(q, s)]
    const inOrder = level(one) <= level(two)
    const [first, second, third, fourth] = inOrder ? [...one, ...two] as const : [...two, ...one] as const
    const block = chosen(blocks, pairBlocks, spacesOf([first, second, third, fourth]))
    return rename(block, { first, second, third, fourth })
  }
  return { f, v, w: (p, q, r, s) => subtract(multiply(v(p, q, r, s), 2), v(p, q, s, r)) }
}

/** Amplitudes under any indices, from those under i, a and i, j, a, b. */
export const amplitudes = (singles: Indexed<"i" | "a">, doubles: Indexed<"i" | "j" | "a" | "b">): Amplitudes => {
  const t1: Amplitudes["t1"] = (i, a) => rename(singles, { i, a })
  const t2: Amplitudes["t2"] = (i, j, a, b) => rename(doubles, { i, j, a, b })
  const product = add(doubles, multiply(singles, t1("j", "b")))
  return { t1, t2, tau: (i, j, a, b) => rename(product, { i, j, a, b }) }
}

const sizesOf = <B extends string>(block: B, { occupied, virtual }: ReturnType<typeof spaces>): ReadonlyArray<number> =>
  Array.from(block, (space) => (space === "o" ? occupied : virtual))

/** The inputs of a program over a Hamiltonian's integrals. */
export const placeholders = (of: Hamiltonian): { readonly one: MatrixBlocks; readonly two: PairBlocks } => {
  const at = spaces(of)
  const two = (block: MatrixBlock): Two => {
    const [first = 0, second = 0] = sizesOf(block, at)
    return input<"f64", "first" | "second">("f64", { first, second }, block)
  }
  const four = (block: PairBlock): Four => {
    const [first = 0, second = 0, third = 0, fourth = 0] = sizesOf(block, at)
    return input<"f64", "first" | "second" | "third" | "fourth">("f64", { first, second, third, fourth }, block)
  }
  return {
    one: { oo: two("oo"), ov: two("ov"), vv: two("vv") },
    two: {
      oooo: four("oooo"), ooov: four("ooov"), oovv: four("oovv"),
      ovov: four("ovov"), ovvv: four("ovvv"), vvvv: four("vvvv")
    }
  }
}

/** The places in a row-major tensor over all orbitals that a block takes its values from, in the block's order. */
export const places = (block: string, of: Hamiltonian): Uint32Array => {
  const at = spaces(of)
  let found = Uint32Array.of(0)
  for (const space of block) {
    const [start, size] = space === "o" ? [0, at.occupied] : [at.occupied, at.virtual]
    const held = found
    found = Uint32Array.from({ length: held.length * size }, (_, index) =>
      held[Math.floor(index / size)]! * of.orbitals + start + (index % size))
  }
  return found
}

const taken = (data: Float64Array, block: string, of: Hamiltonian): Float64Array =>
  Float64Array.from(places(block, of), (place) => data[place]!)

/** A one-body operator's values by block. */
export const matrixValues = (of: Hamiltonian, data: Float64Array): MatrixBlocks<Float64Array> =>
  ({ oo: taken(data, "oo", of), ov: taken(data, "ov", of), vv: taken(data, "vv", of) })

/** The two-body integrals by block. */
export const pairValues = (of: Hamiltonian): PairBlocks<Float64Array> => {
  const block = (name: PairBlock) => taken(of.twoBody, name, of)
  return {
    oooo: block("oooo"), ooov: block("ooov"), oovv: block("oovv"),
    ovov: block("ovov"), ovvv: block("ovvv"), vvvv: block("vvvv")
  }
}

/** The Fock matrix and the two-body integrals of a Hamiltonian, as buffers for `placeholders`. */
export const upload = (of: Hamiltonian) => Effect.gen(function* () {
  const backend = yield* Backend
  const { one, two } = placeholders(of)
  const [matrices, pairs] = [matrixValues(of, fock(of)), pairValues(of)]
  const put = <A extends string>({ axes }: Indexed<A>, data: Float64Array) =>
    backend.put<"f64", A>("f64", sizes(axes), data)
  return {
    one: yield* Effect.all({
      oo: put(one.oo, matrices.oo), ov: put(one.ov, matrices.ov), vv: put(one.vv, matrices.vv)
    }),
    two: yield* Effect.all({
      oooo: put(two.oooo, pairs.oooo), ooov: put(two.ooov, pairs.ooov), oovv: put(two.oovv, pairs.oovv),
      ovov: put(two.ovov, pairs.ovov), ovvv: put(two.ovvv, pairs.ovvv), vvvv: put(two.vvvv, pairs.vvvv)
    })
  }
})

// axes forget the names that their tensor's type states
const sizes = <A extends string>(axes: Axes): Sizes<A> => Object.fromEntries(axes) as Sizes<A>
