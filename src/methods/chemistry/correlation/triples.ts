/**
 * The perturbative correction for triple excitations to closed-shell CCSD (Raghavachari, Trucks, Pople and Head-Gordon,
 * Chem. Phys. Lett. 157, 479 (1989), in the closed-shell form of Rendell, Lee and Komornicki, Chem. Phys. Lett. 178,
 * 462 (1991)). It needs orbitals in which the Fock matrix is diagonal. One occupied index is taken at a time, so that
 * no tensor over six whole indices is held.
 */
import { Data, Effect } from "effect"
import { Backend, building } from "../../../algebra/backend.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { add, contract, divide, gather, input, multiply, rename, subtract, sum } from "../../../algebra/tensor.ts"
import { trackedForEach } from "../../../core/progress.ts"
import type { Doubles } from "./ccsd.ts"
import type { Hamiltonian } from "./hamiltonian.ts"
import { largestCoupling, spaces, within } from "./hamiltonian.ts"
import type { Amplitudes, Indexed, Integrals, Occupied, Virtual } from "./indices.ts"
import { amplitudes, integrals, matrix, placeholders, upload } from "./indices.ts"
import type { OrbitalEnergies } from "./perturbation.ts"
import { energyInputs, uploadEnergies } from "./perturbation.ts"

/** The Fock matrix is not diagonal in the orbitals given. */
export class NotCanonical extends Data.TaggedError("NotCanonical")<{
  /** The largest element beside the diagonal, in Ha. */
  readonly coupling: number
  readonly message: string
}> {}

/** Elements of the Fock matrix, in Ha, that count as zero. */
const negligible = 1e-6

type O = Exclude<Occupied, "l">
type V = Exclude<Virtual, "d">
type Triples = Indexed<O | V>
/** Places on the axis i. */
type Rows = Tensor<"i32", "i">
/** Reads a tensor at some places of its axis i, if it has one. */
type Some = <A extends string>(x: Indexed<A>) => Indexed<A>

/** Three electrons' excitations i to a, j to b, k to c, in any order. */
type Order = readonly [O, V, O, V, O, V]

const orders: ReadonlyArray<Order> = [
  ["i", "a", "j", "b", "k", "c"], ["i", "a", "k", "c", "j", "b"], ["j", "b", "i", "a", "k", "c"],
  ["j", "b", "k", "c", "i", "a"], ["k", "c", "i", "a", "j", "b"], ["k", "c", "j", "b", "i", "a"]
]

const total = (terms: ReadonlyArray<Triples>): Triples => terms.reduce((sum, term) => add(sum, term))

/** W_ijk^abc: the sum over the six orders of <ib|ad> t_kj^cd - <il|aj> t_lk^bc. */
const connected = ({ v }: Integrals, { t2 }: Amplitudes, some: Some): Triples =>
  total(orders.map(([i, a, j, b, k, c]): Triples => subtract(
    contract(some(v(i, b, a, "d")), some(t2(k, j, c, "d")), "d"),
    contract(some(v(i, "l", a, j)), some(t2("l", k, b, c)), "l")
  )))

/** V_ijk^abc - W_ijk^abc: the sum over the three electrons of t_i^a <jk|bc>. */
const disconnected = ({ v }: Integrals, { t1 }: Amplitudes, some: Some): Triples =>
  total([
    multiply(some(t1("i", "a")), some(v("j", "k", "b", "c"))),
    multiply(some(t1("j", "b")), some(v("i", "k", "a", "c"))),
    multiply(some(t1("k", "c")), some(v("i", "j", "a", "b")))
  ])

/** 1/3 sum (4 W^abc + W^bca + W^cab) (V^abc - V^cba) / D over those i that `rows` names. */
const energy = (
  terms: Integrals, of: Amplitudes, { occupied, virtual }: OrbitalEnergies, rows: Rows
): Indexed<never> => {
  // an axis i that is read at some of its places keeps its name, which no type of a generic axis can say
  const some = <A extends string>(x: Indexed<A>): Indexed<A> => x.axes.has("i")
    ? gather(rename(x as unknown as Indexed<"i">, { i: "whole" }), rows, "whole") as unknown as Indexed<A>
    : x
  const w = connected(terms, of, some)
  const v = add(w, disconnected(terms, of, some))
  const weight = add(add(
    multiply(w, 4), rename(w, { a: "b", b: "c", c: "a" })), rename(w, { a: "c", b: "a", c: "b" }))
  const holes = add(add(some(occupied), rename(occupied, { i: "j" })), rename(occupied, { i: "k" }))
  const particles = add(add(virtual, rename(virtual, { a: "b" })), rename(virtual, { a: "c" }))
  const each = divide(multiply(weight, subtract(v, rename(v, { a: "c", c: "a" }))), subtract(holes, particles))
  return divide(sum(each, ["i", "j", "k", "a", "b", "c"]), 3)
}

/** The (T) correction of converged amplitudes, in Ha. `memory` bounds its bytes (4 GiB when left out). */
export const triples = (of: Hamiltonian, { singles, doubles }: Doubles, options: { readonly memory?: number } = {}) =>
  Effect.scoped(Effect.gen(function* () {
    const { occupied, virtual } = spaces(of)
    if (virtual === 0) return 0
    const coupling = largestCoupling(of, () => true)
    if (!(coupling <= negligible)) return yield* new NotCanonical({
      coupling,
      message: `(T): the Fock matrix couples two orbitals by ${coupling.toExponential(1)} Ha; canonical ones are needed`
    })
    yield* within("(T)", 8 * (2 * of.orbitals ** 4 + 10 * occupied ** 2 * virtual ** 3), options.memory ?? 2 ** 32)
    const backend = yield* Backend
    const inputs = {
      singles: input<"f64", "i" | "a">("f64", { i: occupied, a: virtual }, "singles"),
      doubles: input<"f64", "i" | "j" | "a" | "b">(
        "f64", { i: occupied, j: occupied, a: virtual, b: virtual }, "doubles"),
      rows: input<"i32", "i">("i32", { i: 1 }, "rows"),
      integrals: placeholders(of),
      energies: energyInputs(of)
    }
    const correction = yield* building(() => energy(
      integrals(matrix(inputs.integrals.one), inputs.integrals.two), amplitudes(inputs.singles, inputs.doubles),
      inputs.energies, inputs.rows))
    const program = yield* backend.compile(inputs, { correction })
    const fixed = {
      singles: yield* backend.put("f64", { i: occupied, a: virtual }, singles),
      doubles: yield* backend.put("f64", { i: occupied, j: occupied, a: virtual, b: virtual }, doubles)
    }
    const held = { integrals: yield* upload(of), energies: yield* uploadEnergies(of) }
    const parts = yield* trackedForEach(
      { name: "(T)", unit: "orbitals" }, Array.from({ length: occupied }, (_, row) => row),
      (row) => Effect.scoped(Effect.gen(function* () {
        const rows = yield* backend.put("i32", { i: 1 }, Int32Array.of(row))
        const { correction } = yield* program.run({ ...fixed, rows, ...held })
        const { data: [value = NaN] } = yield* backend.read(correction)
        return value
      })))
    return parts.reduce((sum, part) => sum + part, 0)
  }))
