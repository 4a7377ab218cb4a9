/** The files that a molecule is read from, as codecs: the text of an XYZ file, and QCSchema JSON. */
import * as t from "io-ts"
import { Finite } from "../../core/document.ts"

/** What an XYZ file says. */
export interface Xyz {
  readonly symbols: ReadonlyArray<string>
  /** In angstrom. */
  readonly coordinates: ReadonlyArray<number>
  readonly comment: string
}

const isXyz = (value: unknown): value is Xyz =>
  typeof value === "object" && value !== null && "symbols" in value && "coordinates" in value && "comment" in value

/** XYZ text: the number of atoms, a comment, then a line an atom of symbol, x, y and z in angstrom. */
export const XyzText = new t.Type<Xyz, string, string>(
  "XYZ",
  isXyz,
  (text, context) => {
    const lines = text.replace(/\s+$/, "").split(/\r?\n/)
    const refuse = (line: number, expected: string): t.Validation<Xyz> => t.failure(
      lines[line] ?? "", [...context, { key: `line ${line + 1}`, type: t.string, actual: lines[line] }], expected
    )
    if (text.trim() === "") return refuse(0, "the number of atoms (the file is empty)")
    const count = Number(lines[0])
    if (!Number.isInteger(count) || count < 1) return refuse(0, "the number of atoms")
    const symbols: Array<string> = []
    const coordinates: Array<number> = []
    for (let at = 2; at < count + 2; at++) {
      const [symbol, ...numbers] = (lines[at] ?? "").trim().split(/\s+/)
      const place = numbers.slice(0, 3).map(Number)
      if (symbol === undefined || symbol === "" || place.length < 3)
        return refuse(at, `symbol, x, y and z of atom ${at - 1} of ${count}`)
      if (!place.every(Number.isFinite)) return refuse(at, `three finite coordinates of atom ${at - 1}`)
      symbols.push(symbol)
      coordinates.push(...place)
    }
    const after = lines.findIndex((line, at) => at >= count + 2 && line.trim() !== "")
    if (after >= 0) return refuse(after, `nothing after ${count} atoms`)
    return t.success({ symbols, coordinates, comment: lines[1] ?? "" })
  },
  ({ symbols, coordinates, comment }) => [
    String(symbols.length), comment,
    ...symbols.map((symbol, at) => [symbol, ...coordinates.slice(3 * at, 3 * at + 3)].join(" "))
  ].join("\n") + "\n"
)

/** What is read of a QCSchema molecule; its geometry is in bohr. */
export const QcMolecule = t.intersection([
  t.type({ symbols: t.readonlyArray(t.string), geometry: t.readonlyArray(Finite) }),
  t.partial({ molecular_charge: Finite, molecular_multiplicity: Finite, schema_name: t.string })
], "QCSchema molecule")

/** What is asked for beside the molecule. */
export const QcModel = t.partial({ method: t.string, basis: t.string }, "QCSchema model")

/** What is read of QCSchema input, which has the molecule inside. */
export const QcInput = t.intersection([
  t.type({ molecule: QcMolecule }),
  t.partial({ model: QcModel, driver: t.string })
], "QCSchema input")
