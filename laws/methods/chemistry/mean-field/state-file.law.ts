/** The laws of a mean field in a file: what is read is what was written, and only for the molecule that it is of. */
import { Effect, FileSystem } from "effect"
import { describe, expect, test } from "vitest"
import { meanField } from "../../../../src/methods/chemistry/mean-field.ts"
import { readDensity, writeState } from "../../../../src/methods/chemistry/mean-field/state-file.ts"
import { make } from "../../../../src/methods/chemistry/molecule.ts"
import { apart, chemistry, geometryOf } from "../molecules.ts"

const run = chemistry()

describe("the file of a mean field", () => {
  test("lets a run that was cut off go on to the same state, and a converged one stand still", async () => {
    await run(Effect.scoped(Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/state.json`
      const molecule = yield* make(geometryOf("H2O"))
      const whole = yield* meanField(molecule, { basis: "6-31g" })
      const of = { molecule, basis: whole.basis, cartesian: false }
      const cut = yield* Effect.flip(meanField(molecule, { basis: "6-31g", maximumIterations: 5 }))
      if (cut._tag !== "NotConverged") return yield* Effect.die(cut)
      yield* writeState(file, of, cut.state, false)
      const density = yield* readDensity(file, of)
      expect(apart(density, cut.state.density)).toBe(0)
      const resumed = yield* meanField(molecule, { basis: "6-31g", density })
      expect(Math.abs(resumed.energy - whole.energy)).toBeLessThan(1e-9)
      expect(resumed.iterations).toBeLessThan(whole.iterations)
      yield* writeState(file, of, whole, true)
      const again = yield* meanField(molecule, { basis: "6-31g", density: yield* readDensity(file, of) })
      expect(again.iterations).toBeLessThan(4)
      const other = yield* make(geometryOf("NH3"))
      expect((yield* Effect.flip(readDensity(file, { ...of, molecule: other }))).message).toContain("expected H3N")
      expect((yield* Effect.flip(readDensity(file, { ...of, cartesian: true }))).message).toContain("cartesian")
      yield* fs.writeFileString(file, "{}")
      expect(yield* Effect.flip(readDensity(file, of))).toMatchObject({ _tag: "CodecError" })
    })))
  })

  test("is not needed to refuse a basis set that depends on itself", async () => {
    const molecule = await run(make({ symbols: ["He", "He"], coordinates: [0, 0, 0, 0, 0, 0.03] }))
    const request = { basis: "6-31g", dependence: 1e-2, dependent: "refuse" } as const
    const error = await run(Effect.flip(meanField(molecule, request)))
    expect(error.message).toContain("functions depend linearly on the others")
  })
})
