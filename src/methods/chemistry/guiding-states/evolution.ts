/**
 * Time evolution of a register of qubits under a sum of Pauli strings: exp(-i t H) to rounding by its power series, and
 * as a quantum computer would, string by string, by the symmetric product formula of second order (Suzuki, 1976),
 * whose error falls with the square of the step. Both conserve the norm.
 */
import type { PauliSum } from "./pauli.ts"
import { entries, parity } from "./pauli.ts"

/** Complex amplitudes of 2^qubits basis states; bit k of a place is qubit k. */
export interface Register {
  readonly real: Float64Array
  readonly imaginary: Float64Array
}

export const fromReal = (real: Float64Array): Register =>
  ({ real: real.slice(), imaginary: new Float64Array(real.length) })

/** The probability of each basis state. */
export const probabilities = ({ real, imaginary }: Register): Float64Array =>
  real.map((value, at) => value ** 2 + imaginary[at]! ** 2)

export const norm = (of: Register): number => Math.sqrt(probabilities(of).reduce((sum, value) => sum + value, 0))

/** Matrix elements below this are terms that cancel; without them a state stays among those with as many electrons. */
const cancelled = 1e-13

/** H v, of a real vector. */
export const apply = ({ strings }: PauliSum, vector: Float64Array): Float64Array => {
  const image = new Float64Array(vector.length)
  const filled = Uint32Array.from(vector.keys()).filter((at) => vector[at] !== 0)
  for (const [x, row] of strings) {
    const [masks, values] = [Uint32Array.from(row.keys()), Float64Array.from(row.values())]
    for (const at of filled) {
      let element = 0
      for (let index = 0; index < masks.length; index++) element += parity(masks[index]! & at) * values[index]!
      if (Math.abs(element) > cancelled) image[at ^ x] = image[at ^ x]! + element * vector[at]!
    }
  }
  return image
}

/** The operator between the basis states that evolution from some state can reach: sparse, row by row. */
interface Reached {
  readonly places: Uint32Array
  readonly start: Uint32Array
  readonly column: Uint32Array
  readonly value: Float64Array
}

const reach = (of: PauliSum, from: Register): Reached => {
  const rows = [...of.strings].map(([x, row]) =>
    ({ x, masks: Uint32Array.from(row.keys()), values: Float64Array.from(row.values()) }))
  const places: Array<number> = []
  const found = new Map<number, number>()
  const meet = (place: number): number => {
    const known = found.get(place)
    if (known !== undefined) return known
    found.set(place, places.length)
    places.push(place)
    return places.length - 1
  }
  probabilities(from).forEach((chance, place) => { if (chance > 0) meet(place) })
  const [start, column, value]: [Array<number>, Array<number>, Array<number>] = [[0], [], []]
  for (let row = 0; row < places.length; row++) {
    const place = places[row]!
    for (const { x, masks, values } of rows) {
      let element = 0
      for (let index = 0; index < masks.length; index++) element += parity(masks[index]! & place) * values[index]!
      if (Math.abs(element) <= cancelled) continue
      // the matrix is symmetric, so that a row is a column
      column.push(meet(place ^ x))
      value.push(element)
    }
    start.push(column.length)
  }
  return {
    places: Uint32Array.from(places), start: Uint32Array.from(start), column: Uint32Array.from(column),
    value: Float64Array.from(value)
  }
}

/** The largest sum of moduli in a row of H - centre: no eigenvalue is larger. */
const bound = ({ places, start, column, value }: Reached, centre: number): number => {
  let most = 0
  for (let row = 0; row < places.length; row++) {
    let [sum, diagonal] = [0, 0]
    for (let at = start[row]!; at < start[row + 1]!; at++)
      if (column[at] === row) diagonal = value[at]!
      else sum += Math.abs(value[at]!)
    most = Math.max(most, sum + Math.abs(diagonal - centre))
  }
  return most
}

/** (H - centre) v over the places that are reached. */
const shifted = ({ places, start, column, value }: Reached, centre: number, vector: Float64Array): Float64Array => {
  const image = new Float64Array(places.length)
  for (let row = 0; row < places.length; row++) {
    let sum = -centre * vector[row]!
    for (let at = start[row]!; at < start[row + 1]!; at++) sum += value[at]! * vector[column[at]!]!
    image[row] = sum
  }
  return image
}

const longest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

/** exp(-i t (H - centre)) by its power series, until nothing is added. */
const series = (of: Reached, time: number, centre: number, from: Register): Register => {
  const [real, imaginary] = [from.real.slice(), from.imaginary.slice()]
  let term: Register = from
  for (let power = 1; power < 1000; power++) {
    // -i (t / k) (H - centre) (a + i b) = (t / k) ((H - centre) b - i (H - centre) a)
    const [a, b] = [shifted(of, centre, term.real), shifted(of, centre, term.imaginary)]
    term = { real: b.map((value) => value * time / power), imaginary: a.map((value) => -value * time / power) }
    for (let at = 0; at < real.length; at++) {
      real[at] = real[at]! + term.real[at]!
      imaginary[at] = imaginary[at]! + term.imaginary[at]!
    }
    if (Math.max(longest(term.real), longest(term.imaginary)) < 1e-17) break
  }
  return { real, imaginary }
}

/** The longest stretch of one series, in inverse energies: its terms grow to exp of this before they fall. */
const stretch = 5

/**
 * exp(-i t (H - centre)) for a state and all that comes of it, to rounding. `centre` is near the middle of the energies
 * that matter. H is real.
 */
export const propagator = (
  of: PauliSum, time: number, centre: number, from: Register
): ((state: Register) => Register) => {
  const reached = reach(of, from)
  const { places } = reached
  const stretches = Math.max(1, Math.ceil(Math.abs(time) * bound(reached, centre) / stretch))
  const gathered = (values: Float64Array): Float64Array => Float64Array.from(places, (place) => values[place]!)
  const spread = (values: Float64Array): Float64Array => {
    const whole = new Float64Array(from.real.length)
    places.forEach((place, at) => { whole[place] = values[at]! })
    return whole
  }
  return ({ real, imaginary }) => {
    let state: Register = { real: gathered(real), imaginary: gathered(imaginary) }
    for (let at = 0; at < stretches; at++) state = series(reached, time / stretches, centre, state)
    return { real: spread(state.real), imaginary: spread(state.imaginary) }
  }
}

/** exp(-i t (H - centre)) of one state. */
export const evolve = (of: PauliSum, time: number, centre: number, from: Register): Register =>
  propagator(of, time, centre, from)(from)

/**
 * exp(-i angle A) in place, A = X^x Z^z with an even number of Y, whose square is one: cos(angle) - i sin(angle) A.
 */
const turn = ({ real, imaginary }: Register, x: number, z: number, angle: number): void => {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
  if (x === 0) {
    for (let at = 0; at < real.length; at++) {
      const [a, b, s] = [real[at]!, imaginary[at]!, sine * parity(z & at)]
      real[at] = cosine * a + s * b
      imaginary[at] = cosine * b - s * a
    }
    return
  }
  const lowest = x & -x
  for (let low = 0; low < real.length; low++) {
    if ((low & lowest) !== 0) continue
    const high = low ^ x
    const [a, b, c, d] = [real[low]!, imaginary[low]!, real[high]!, imaginary[high]!]
    const [up, down] = [sine * parity(z & low), sine * parity(z & high)]
    real[low] = cosine * a + down * d
    imaginary[low] = cosine * b - down * c
    real[high] = cosine * c + up * b
    imaginary[high] = cosine * d - up * a
  }
}

/**
 * The symmetric product formula of second order for exp(-i t (H - centre)) in `steps` steps: every string for half a
 * step, then all of them again in the opposite order. H is real, so that its strings have an even number of Y.
 */
export const trotter = (of: PauliSum, time: number, centre: number, steps: number, from: Register): Register => {
  const state = { real: from.real.slice(), imaginary: from.imaginary.slice() }
  const turns = [...entries(of)].map(([x, z, value]) =>
    [x, z, (x === 0 && z === 0 ? value - centre : value) * time / (2 * steps)] as const)
  const half = (order: ReadonlyArray<readonly [number, number, number]>): void => {
    for (const [x, z, angle] of order) turn(state, x, z, angle)
  }
  for (let step = 0; step < steps; step++) {
    half(turns)
    half(turns.toReversed())
  }
  return state
}
