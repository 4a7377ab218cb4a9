/**
 * A basis set in the JSON format of the Basis Set Exchange (Pritchard et al., J. Chem. Inf. Model. 59, 4814 (2019)), as
 * far as it is read: numbers stand there as text, so that no digit is lost.
 */
import * as t from "io-ts"

const NumberText = new t.Type<number, string>(
  "a number as text",
  (value): value is number => typeof value === "number",
  (value, context) => {
    const number = typeof value === "number" || (typeof value === "string" && value !== "") ? Number(value) : NaN
    return Number.isFinite(number) ? t.success(number) : t.failure(value, context, "a finite number as text")
  },
  String
)

const isMomentum = (l: number): boolean => Number.isInteger(l) && l >= 0 && l <= 6
const Momentum = t.refinement(t.number, isMomentum, "an angular momentum from 0 to 6")

const ElectronShell = t.type({
  angular_momentum: t.array(Momentum),
  exponents: t.array(NumberText),
  coefficients: t.array(t.array(NumberText))
}, "electron shell")

const Element = t.partial({ electron_shells: t.array(ElectronShell), ecp_electrons: t.number }, "element")

/** A basis set file. */
export const BasisFile = t.type({ name: t.string, elements: t.record(t.string, Element) }, "basis set")
export type BasisFile = t.TypeOf<typeof BasisFile>
