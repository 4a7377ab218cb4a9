/**
 * The closed-shell coupled-cluster singles and doubles equations (Hirata, Podeszwa, Tobita and Bartlett, J. Chem. Phys.
 * 120, 2581 (2004), section II), an intermediate a function under the paper's name and equation number. An orbital
 * rotation among occupied or among virtual orbitals leaves the energy that they give unchanged.
 */
import { add, contract, multiply, negate, rename, subtract } from "../../../algebra/tensor.ts"
import type { Amplitudes, Indexed, Integrals } from "./indices.ts"

type Doubles = Indexed<"i" | "j" | "a" | "b">

/** What an intermediate is made of. */
export interface Terms extends Integrals, Amplitudes {}

const total = <A extends string>(first: Indexed<A>, ...rest: ReadonlyArray<Indexed<A>>): Indexed<A> =>
  rest.reduce<Indexed<A>>((sum, term) => add(sum, term), first)

/** F_ki, Eq. (37). */
export const occupiedMean = ({ f, w, tau }: Terms): Indexed<"k" | "i"> =>
  add(f("k", "i"), contract(w("k", "l", "c", "d"), tau("i", "l", "c", "d"), ["l", "c", "d"]))

/** F_ac, Eq. (38). */
export const virtualMean = ({ f, w, tau }: Terms): Indexed<"a" | "c"> =>
  subtract(f("a", "c"), contract(w("k", "l", "c", "d"), tau("k", "l", "a", "d"), ["k", "l", "d"]))

/** F_kc, Eq. (39). */
export const mixedMean = ({ f, w, t1 }: Terms): Indexed<"k" | "c"> =>
  add(f("k", "c"), contract(w("k", "l", "c", "d"), t1("l", "d"), ["l", "d"]))

/** L_ki, Eq. (40). */
export const occupiedDressed = (terms: Terms): Indexed<"k" | "i"> => {
  const { f, w, t1 } = terms
  return total(
    occupiedMean(terms),
    contract(f("k", "c"), t1("i", "c"), "c"),
    contract(w("l", "k", "c", "i"), t1("l", "c"), ["l", "c"])
  )
}

/** L_ac, Eq. (41). */
export const virtualDressed = (terms: Terms): Indexed<"a" | "c"> => {
  const { f, w, t1 } = terms
  return total(
    virtualMean(terms),
    negate(contract(f("k", "c"), t1("k", "a"), "k")),
    contract(w("k", "a", "d", "c"), t1("k", "d"), ["k", "d"])
  )
}

/** W_klij, Eq. (42). */
export const holes = ({ v, t1, tau }: Terms): Indexed<"k" | "l" | "i" | "j"> =>
  total(
    v("k", "l", "i", "j"),
    contract(v("k", "l", "i", "c"), t1("j", "c"), "c"),
    contract(v("k", "l", "c", "j"), t1("i", "c"), "c"),
    contract(v("k", "l", "c", "d"), tau("i", "j", "c", "d"), ["c", "d"])
  )

/**
 * W_abcd tau_ij^cd, Eq. (43) times tau: its singles act on the product <ak|cd> tau_ij^cd, so that no tensor over four
 * virtual indices is made.
 */
export const particles = ({ v, t1, tau }: Terms): Doubles => {
  const held = contract(v("a", "k", "c", "d"), tau("i", "j", "c", "d"), ["c", "d"])
  return subtract(
    contract(v("a", "b", "c", "d"), tau("i", "j", "c", "d"), ["c", "d"]),
    exchanged(contract(held, t1("k", "b"), "k"))
  )
}

/** W_akic, Eq. (44). */
export const ring = ({ v, w, t1, t2 }: Terms): Indexed<"a" | "k" | "i" | "c"> =>
  total(
    v("a", "k", "i", "c"),
    contract(v("a", "k", "d", "c"), t1("i", "d"), "d"),
    negate(contract(v("l", "k", "i", "c"), t1("l", "a"), "l")),
    negate(contract(
      v("l", "k", "d", "c"),
      add(multiply(t2("i", "l", "d", "a"), 0.5), multiply(t1("i", "d"), t1("l", "a"))),
      ["l", "d"]
    )),
    contract(w("l", "k", "d", "c"), multiply(t2("i", "l", "a", "d"), 0.5), ["l", "d"])
  )

/** W_akci, Eq. (45). */
export const crossedRing = ({ v, t1, t2 }: Terms): Indexed<"a" | "k" | "i" | "c"> =>
  total(
    v("a", "k", "c", "i"),
    contract(v("a", "k", "c", "d"), t1("i", "d"), "d"),
    negate(contract(v("l", "k", "c", "i"), t1("l", "a"), "l")),
    negate(contract(
      v("l", "k", "c", "d"),
      add(multiply(t2("i", "l", "d", "a"), 0.5), multiply(t1("i", "d"), t1("l", "a"))),
      ["l", "d"]
    ))
  )

/** X_ij^ab + X_ji^ba: both electrons are alike. */
export const exchanged = (x: Doubles): Doubles => add(x, rename(x, { i: "j", j: "i", a: "b", b: "a" }))

/** The equations' left-hand sides, which vanish for the amplitudes of the coupled-cluster state. */
export interface Residual {
  readonly singles: Indexed<"i" | "a">
  readonly doubles: Doubles
}

/** The intermediates of the residual; a law puts a wrong one in its place. */
export const intermediates = {
  occupiedMean, virtualMean, mixedMean, occupiedDressed, virtualDressed, holes, particles, ring, crossedRing
}

/** The residual of singles, Eq. (35). */
const singles = (terms: Terms, { occupiedMean, virtualMean, mixedMean }: typeof intermediates): Residual["singles"] => {
  const { f, w, t1, t2, tau } = terms
  const mean = mixedMean(terms)
  const spinless = subtract(multiply(t2("k", "i", "c", "a"), 2), t2("i", "k", "c", "a"))
  const pair = add(spinless, multiply(t1("i", "c"), t1("k", "a")))
  return total(
    f("i", "a"),
    multiply(contract(contract(f("k", "c"), t1("k", "a"), "k"), t1("i", "c"), "c"), -2),
    contract(virtualMean(terms), t1("i", "c"), "c"),
    negate(contract(occupiedMean(terms), t1("k", "a"), "k")),
    contract(mean, pair, ["k", "c"]),
    contract(w("k", "a", "c", "i"), t1("k", "c"), ["k", "c"]),
    contract(w("k", "a", "d", "c"), tau("i", "k", "c", "d"), ["k", "c", "d"]),
    negate(contract(w("l", "k", "c", "i"), tau("k", "l", "a", "c"), ["k", "l", "c"]))
  )
}

/** The residual of doubles, Eq. (36). */
const doubles = (terms: Terms, of: typeof intermediates): Doubles => {
  const { v, t1, t2, tau } = terms
  const [wakic, wakci] = [of.ring(terms), of.crossedRing(terms)]
  const wbkci = rename(wakci, { a: "b" })
  const abic = subtract(v("a", "b", "i", "c"), contract(v("k", "b", "i", "c"), t1("k", "a"), "k"))
  const akij = add(v("a", "k", "i", "j"), contract(v("a", "k", "i", "c"), t1("j", "c"), "c"))
  const asymmetric = total(
    contract(of.virtualDressed(terms), t2("i", "j", "c", "b"), "c"),
    negate(contract(of.occupiedDressed(terms), t2("k", "j", "a", "b"), "k")),
    contract(abic, t1("j", "c"), "c"),
    negate(contract(akij, t1("k", "b"), "k")),
    contract(subtract(multiply(wakic, 2), wakci), t2("k", "j", "c", "b"), ["k", "c"]),
    negate(contract(wakic, t2("k", "j", "b", "c"), ["k", "c"])),
    negate(contract(wbkci, t2("k", "j", "a", "c"), ["k", "c"]))
  )
  return total(
    v("i", "j", "a", "b"),
    contract(of.holes(terms), tau("k", "l", "a", "b"), ["k", "l"]),
    of.particles(terms),
    exchanged(asymmetric)
  )
}

/** Both residuals. */
export const residual = (terms: Terms, of = intermediates): Residual =>
  ({ singles: singles(terms, of), doubles: doubles(terms, of) })

/** The correlation energy of amplitudes, in Ha: 2 f_ia t_i^a + (2 <ij|ab> - <ij|ba>) tau_ij^ab. */
export const energy = ({ f, w, t1, tau }: Terms): Indexed<never> =>
  add(
    multiply(contract(f("i", "a"), t1("i", "a"), ["i", "a"]), 2),
    contract(w("i", "j", "a", "b"), tau("i", "j", "a", "b"), ["i", "j", "a", "b"])
  )
