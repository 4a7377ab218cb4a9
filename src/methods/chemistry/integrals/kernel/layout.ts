/**
 * How pairs of shells lie in the memory of the repulsion kernels, in bytes. A pair is written twice, since a quartet
 * takes its two pairs in different ways: as the inner one, primitive by primitive, with the nonzero coefficients of its
 * Hermite expansion listed by index; as the outer one, two primitives to a vector.
 */
import type { ShellPair } from "../pairs.ts"
import { pairIndex } from "../packed.ts"
import { unity } from "../shells.ts"

/** Words of an inner or outer record: primitives (or vectors of them), functions, their numbers, the first of each. */
export const record = { count: 0, functions: 4, places: 8, first: 12, bytes: 16 } as const

/** An inner primitive; for each Hermite index follow a count and its entries. */
export const innerPrimitive = { exponent: 0, centre: 8, magnitude: 32, next: 40, bytes: 48 } as const
/** A coefficient, and the function that it belongs to times 16. */
export const innerEntry = { coefficient: 0, function: 8, bytes: 16 } as const

/** Two outer primitives, and the entries of both. */
export const outerPrimitives = { exponents: 0, centres: 16, magnitude: 64, entries: 72, next: 76, bytes: 80 } as const
/** Two coefficients, the Hermite index times 16 and the function times 16. */
export const outerEntry = { coefficients: 0, hermite: 16, function: 20, bytes: 32 } as const

/** Coefficients that are smaller add nothing. */
const nothing = 1e-18

/** What the two sides share of 2 pi^(5/2) / (p q sqrt(p + q)): one over its exponent each. */
const shared = Math.sqrt(2 * Math.PI ** 2.5)

/** Numbers of the products of orbitals that a pair of shells makes; a shell by itself has those of its functions. */
export const placesOf = ({ left, right }: ShellPair): Int32Array =>
  right === unity ? left.orbitals : Int32Array.from({ length: left.orbitals.length * right.orbitals.length }, (_, f) =>
    pairIndex(left.orbitals[Math.floor(f / right.orbitals.length)]!, right.orbitals[f % right.orbitals.length]!))

const inner = (pair: ShellPair): number => {
  const entries = pair.expansion.reduce((count, value) => count + (Math.abs(value) > nothing ? 1 : 0), 0)
  return record.bytes + Math.ceil(pair.functions / 2) * 8
    + pair.primitives * (innerPrimitive.bytes + 8 * pair.hermites) + entries * innerEntry.bytes
}

const outer = (pair: ShellPair): number =>
  record.bytes + Math.ceil(pair.functions / 2) * 8
  + Math.ceil(pair.primitives / 2) * (outerPrimitives.bytes + pair.functions * pair.hermites * outerEntry.bytes)

/** Bytes that both records of a pair take at most. */
export const bytesOf = (pair: ShellPair): number => inner(pair) + outer(pair)

/** A memory that records are written to, from an address on. */
export interface Writer {
  readonly view: DataView
  address: number
}

const head = ({ view, address }: Writer, pair: ShellPair, count: number): number => {
  const places = placesOf(pair)
  const first = address + record.bytes + Math.ceil(places.length / 2) * 8
  view.setInt32(address + record.count, count, true)
  view.setInt32(address + record.functions, pair.functions, true)
  view.setInt32(address + record.places, address + record.bytes, true)
  view.setInt32(address + record.first, first, true)
  for (const [f, value] of places.entries()) view.setInt32(address + record.bytes + 4 * f, value, true)
  return first
}

/** Writes the record that a pair is as the inner one of a quartet, and gives its address. */
export const writeInner = (writer: Writer, pair: ShellPair): number => {
  const { view } = writer
  const at = writer.address
  let to = head(writer, pair, pair.primitives)
  for (let p = 0; p < pair.primitives; p++) {
    const start = to
    const exponent = pair.exponents[p]!
    const scale = shared / exponent
    view.setFloat64(start + innerPrimitive.exponent, exponent, true)
    for (let x = 0; x < 3; x++) view.setFloat64(start + innerPrimitive.centre + 8 * x, pair.centres[3 * p + x]!, true)
    view.setFloat64(start + innerPrimitive.magnitude, pair.magnitudes[p]! * scale, true)
    to += innerPrimitive.bytes
    for (let h = 0; h < pair.hermites; h++) {
      const counted = to
      let count = 0
      to += 8
      for (let f = 0; f < pair.functions; f++) {
        const value = pair.expansion[(p * pair.functions + f) * pair.hermites + h]!
        if (!(Math.abs(value) > nothing)) continue
        view.setFloat64(to + innerEntry.coefficient, value * scale, true)
        view.setInt32(to + innerEntry.function, 16 * f, true)
        to += innerEntry.bytes
        count++
      }
      view.setInt32(counted, count, true)
    }
    view.setInt32(start + innerPrimitive.next, to, true)
  }
  writer.address = to
  return at
}

/** Writes the record that a pair is as the outer one of a quartet, and gives its address. */
export const writeOuter = (writer: Writer, pair: ShellPair): number => {
  const { view } = writer
  const at = Math.ceil(writer.address / 16) * 16
  writer.address = at
  let to = head(writer, pair, Math.ceil(pair.primitives / 2))
  for (let q = 0; q < pair.primitives; q += 2) {
    const start = to
    // a primitive without a partner is its own partner, with coefficients 0
    const lanes = [q, Math.min(q + 1, pair.primitives - 1)]
    const scales = lanes.map((each, lane) => (q + lane < pair.primitives ? shared / pair.exponents[each]! : 0))
    let largest = 0
    for (const [lane, each] of lanes.entries()) {
      view.setFloat64(start + outerPrimitives.exponents + 8 * lane, pair.exponents[each]!, true)
      for (let x = 0; x < 3; x++)
        view.setFloat64(start + outerPrimitives.centres + 16 * x + 8 * lane, pair.centres[3 * each + x]!, true)
      largest = Math.max(largest, pair.magnitudes[each]! * scales[lane]!)
    }
    view.setFloat64(start + outerPrimitives.magnitude, largest, true)
    to += outerPrimitives.bytes
    let count = 0
    for (let h = 0; h < pair.hermites; h++)
      for (let f = 0; f < pair.functions; f++) {
        const [one = 0, two = 0] = lanes.map((each, lane) =>
          pair.signed[(each * pair.functions + f) * pair.hermites + h]! * scales[lane]!)
        if (!(Math.max(Math.abs(one), Math.abs(two)) > nothing)) continue
        view.setFloat64(to + outerEntry.coefficients, one, true)
        view.setFloat64(to + outerEntry.coefficients + 8, two, true)
        view.setInt32(to + outerEntry.hermite, 16 * h, true)
        view.setInt32(to + outerEntry.function, 16 * f, true)
        to += outerEntry.bytes
        count++
      }
    view.setInt32(start + outerPrimitives.entries, count, true)
    view.setInt32(start + outerPrimitives.next, to, true)
  }
  writer.address = to
  return at
}
