/** The molecules of the study, by construction: every geometry is idealised and follows from the numbers here. */
import { Effect } from "effect"
import { meanField } from "../../../../methods/chemistry/mean-field.ts"
import type { Molecule, MoleculeError } from "../../../../methods/chemistry/molecule.ts"
import { make } from "../../../../methods/chemistry/molecule.ts"

type Atom = readonly [symbol: string, x: number, y: number, z: number]
type Made = Effect.Effect<Molecule, MoleculeError>

const of = (name: string, atoms: ReadonlyArray<Atom>): Made =>
  make({ symbols: atoms.map(([symbol]) => symbol), coordinates: atoms.flatMap(([, ...place]) => place) }, name)

/** Hydrogen atoms in a line, in angstrom. */
export const chain = (count: number, spacing: number): Made =>
  of(`H${count} chain`, Array.from({ length: count }, (_, at) => ["H", 0, 0, at * spacing]))

/** Hydrogen atoms on a circle, neighbours so far apart. */
export const ring = (count: number, spacing: number): Made => {
  const radius = spacing / (2 * Math.sin(Math.PI / count))
  return of(`H${count} ring`, Array.from({ length: count }, (_, at) => {
    const angle = 2 * Math.PI * at / count
    return ["H", radius * Math.cos(angle), radius * Math.sin(angle), 0]
  }))
}

export const nitrogen = (length: number): Made => of("N2", [["N", 0, 0, 0], ["N", 0, 0, length]])

/** Bonds of carbon with carbon, short and long, and with hydrogen, in angstrom; all angles are 120 degrees. */
const bonds = { double: 1.34, single: 1.46, hydrogen: 1.09 }

const turned = (angle: number, length: number): readonly [number, number] =>
  [length * Math.cos(angle * Math.PI / 180), length * Math.sin(angle * Math.PI / 180)]

/** A flat all-trans polyene of so many double bonds: ethene, butadiene, hexatriene, ... */
export const polyene = (doubles: number): Made => {
  const carbons: Array<readonly [number, number]> = [[0, 0]]
  for (let bond = 0; bond < 2 * doubles - 1; bond++) {
    const [x, y] = carbons[bond] ?? [0, 0]
    const [dx, dy] = turned(bond % 2 === 0 ? 30 : -30, bond % 2 === 0 ? bonds.double : bonds.single)
    carbons.push([x + dx, y + dy])
  }
  const hydrogen = ([x, y]: readonly [number, number], angle: number): Atom => {
    const [dx, dy] = turned(angle, bonds.hydrogen)
    return ["H", x + dx, y + dy, 0]
  }
  const atoms = carbons.flatMap((at, index): ReadonlyArray<Atom> => {
    const up = index % 2 === 0 ? -90 : 90
    const ends: ReadonlyArray<Atom> = index === 0
      ? [hydrogen(at, 150)]
      : index === carbons.length - 1 ? [hydrogen(at, -30)] : []
    return [["C", at[0], at[1], 0], hydrogen(at, up), ...ends]
  })
  return of(`C${2 * doubles}H${2 * doubles + 2}`, atoms)
}

/** A regular hexagon: bonds of 1.39 and 1.09 angstrom. */
export const benzene: Made = of("C6H6", Array.from({ length: 6 }, (_, at) => at * 60).flatMap((angle) => {
  const [[x, y], [hx, hy]] = [turned(angle, 1.39), turned(angle, 1.39 + bonds.hydrogen)]
  return [["C", x, y, 0], ["H", hx, hy, 0]] satisfies ReadonlyArray<Atom>
}))

/** The mean field in STO-3G, in which the whole study is made. */
export const fieldOf = (made: Made) => Effect.flatMap(made, (molecule) => meanField(molecule, { basis: "sto-3g" }))
