/** The laws of stages: composition is that of functions, and each stage is heard of under its own name. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Progress, silent } from "../../src/core/progress.ts"
import * as Stage from "../../src/core/stage.ts"

const plus = (amount: number) => Stage.make(`plus ${amount}`, (x: number) => Effect.succeed(x + amount))
const times = (factor: number) => Stage.make(`times ${factor}`, (x: number) => Effect.succeed(x * factor))

describe("stages", () => {
  it("compose as functions do, associatively and in order", () => {
    fc.assert(fc.property(fc.integer(), fc.integer(), fc.integer(), (a, b, x) => {
      const left = Stage.andThen(Stage.andThen(plus(a), times(b)), plus(1))
      const right = Stage.andThen(plus(a), Stage.andThen(times(b), plus(1)))
      expect(Effect.runSync(left.run(x))).toBe((x + a) * b + 1)
      expect(Effect.runSync(right.run(x))).toBe((x + a) * b + 1)
    }))
  })

  it("catches a composition in the wrong order", () => {
    expect(Effect.runSync(Stage.andThen(times(2), plus(1)).run(3))).not.toBe(
      Effect.runSync(Stage.andThen(plus(1), times(2)).run(3))
    )
  })

  it("are tracked under their names", () => {
    const heard: Array<string> = []
    const observer = { ...silent, opened: ({ name }: { readonly name: string }) => { heard.push(name) } }
    Effect.runSync(Effect.provideService(Stage.andThen(plus(1), times(2)).run(1), Progress, observer))
    expect(heard).toEqual(["plus 1", "times 2"])
  })
})
