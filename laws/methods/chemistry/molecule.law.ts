/** The laws of molecules: files come back, units agree, and what is no molecule is refused by its file and atom. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { angstromPerBohr, electrons, formula, make, nuclearRepulsion } from "../../../src/methods/chemistry/molecule.ts"
import { XyzText } from "../../../src/methods/chemistry/molecule-codec.ts"
import { parse } from "../../../src/methods/chemistry/read-molecule.ts"
import { apart, distortedWater, moved, reordered, rotation } from "./molecules.ts"

const refused = (text: string) => Effect.runSync(Effect.flip(parse(text, "water.xyz"))).message
const xyz = (...lines: ReadonlyArray<string>): string => [String(lines.length), "comment", ...lines].join("\n")
const coordinate = fc.double({ min: -50, max: 50, noNaN: true }).map((x) => Math.round(x * 1e6) / 1e6 + 0)
const atom = fc.tuple(fc.constantFrom("H", "He", "C", "O", "Cl"), coordinate, coordinate)
const geometry = fc.array(atom, { minLength: 1 })
  .map((atoms) => ({
    symbols: atoms.map(([symbol]) => symbol),
    coordinates: atoms.flatMap(([, x, y], at) => [x, y, at]),
    comment: "any"
  }))

describe("a molecule", () => {
  test("written as XYZ is read back", () => {
    fc.assert(fc.property(geometry, (given) => {
      expect(XyzText.decode(XyzText.encode(given))).toEqual({ _tag: "Right", right: given })
    }))
  })

  test("is the same from XYZ in angstrom and from QCSchema in bohr", () => {
    fc.assert(fc.property(distortedWater, ({ positions }) => {
      const place = (atom: number) => Array.from(positions.subarray(3 * atom, 3 * atom + 3), (x) => x * angstromPerBohr)
      const text = xyz(...["O", "H", "H"].map((symbol, atom) => [symbol, ...place(atom)].join(" ")))
      const json = JSON.stringify({
        schema_name: "qcschema_molecule", symbols: ["O", "H", "H"], geometry: Array.from(positions)
      })
      const [left, right] = [text, json].map((each) => Effect.runSync(parse(each, "water")))
      expect(apart(left?.positions ?? [], right?.positions ?? [NaN])).toBeLessThan(1e-12)
      expect(left?.atomicNumbers).toEqual(right?.atomicNumbers)
    }))
  })

  test("keeps the repulsion of its nuclei when it is turned, shifted or listed in another order", () => {
    fc.assert(fc.property(
      distortedWater, rotation, fc.tuple(coordinate, coordinate, coordinate), fc.constantFrom([2, 0, 1], [1, 0, 2]),
      (molecule, turn, shift, order) => {
        const other = reordered(moved(molecule, turn, shift), order)
        expect(Math.abs(nuclearRepulsion(other) - nuclearRepulsion(molecule))).toBeLessThan(1e-10)
        const broken = { ...other, atomicNumbers: molecule.atomicNumbers }
        expect(Math.abs(nuclearRepulsion(broken) - nuclearRepulsion(molecule))).toBeGreaterThan(1e-6)
      }
    ))
  })

  test("counts its electrons and knows its formula", () => {
    const ethanol = Effect.runSync(make({
      symbols: ["C", "C", "O", "H", "H", "H", "H", "H", "H"],
      coordinates: Array.from({ length: 27 }, (_, at) => at ** 1.5)
    }))
    expect(formula(ethanol)).toBe("C2H6O")
    expect(electrons({ ...ethanol, charge: 1 })).toBe(25)
  })

  test("that is none is refused by file and by atom or line", () => {
    expect(refused("")).toContain("water.xyz: line 1: expected the number of atoms (the file is empty)")
    expect(refused("two\n\nH 0 0 0")).toContain("water.xyz: line 1: expected the number of atoms")
    expect(refused("2\n\nH 0 0 0")).toContain("water.xyz: line 4: expected symbol, x, y and z of atom 2 of 2")
    expect(refused(xyz("H 0 0 0", "H 0 x 1"))).toContain("line 4: expected three finite coordinates of atom 2")
    expect(refused(xyz("H 0 0 0", "Xx 0 0 1"))).toContain('water.xyz: atom 2: expected an element, got "Xx"')
    expect(refused(xyz("H 0 0 0", "O 0 0 0.01"))).toContain("atoms 1 (H) and 2 (O): expected different places")
    expect(refused(`${xyz("H 0 0 0")}\nH 0 0 1`)).toContain("water.xyz: line 4: expected nothing after 1 atoms")
    expect(refused('{"symbols": ["H"], "geometry": [0, 0]}')).toContain("water.xyz: coordinates: expected 3 numbers")
    expect(refused('{"symbols": ["H"]}')).toContain("water.xyz: geometry: expected")
    const bad = Effect.runSync(Effect.flip(make({ symbols: ["He"], coordinates: [0, NaN, 0] }, "helium")))
    expect(bad.message).toBe("helium: atom 1 (He): y: expected a finite number, got NaN")
    const spin = Effect.runSync(Effect.flip(make({ symbols: ["He"], coordinates: [0, 0, 0], multiplicity: 2 })))
    expect(spin.message).toContain("multiplicity: expected one that 2 electrons can have")
    const bare = Effect.runSync(Effect.flip(make({ symbols: ["H"], coordinates: [0, 0, 0], charge: 1 })))
    expect(bare.message).toContain("at least one electron")
  })
})
