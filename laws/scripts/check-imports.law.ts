import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { violationsOf } from "../../scripts/check-imports.ts"

const rooms = {
  "src/core/law.ts": 0,
  "src/algebra/axis.ts": 1,
  "src/methods/language/folder.ts": 2,
  "src/methods/language/model/block.ts": 2,
  "src/methods/language/hypercloning/tile.ts": 3,
  "src/runtime/main.ts": 4
} as const
const files = fc.constantFrom(...Object.keys(rooms) as ReadonlyArray<keyof typeof rooms>)

const relative = (from: string, to: string): string => `${"../".repeat(from.split("/").length - 1)}${to}`

describe("the import rules", () => {
  it("allow an import towards the foundation and refuse one away from it", () => {
    fc.assert(fc.property(files, files, fc.nat(5), (from, to, above) => {
      const text = `${"\n".repeat(above)}import { x } from "${relative(from, to)}"\n`
      const found = violationsOf(from, text)
      expect(found.length).toBe(rooms[from] < rooms[to] ? 1 : 0)
      if (found[0] !== undefined) expect(found[0].line).toBe(above + 1)
    }))
  })

  it.each([
    ["core imports algebra", "src/core/law.ts", `import { x } from "../algebra/axis.ts"`],
    ["algebra imports a method", "src/algebra/axis.ts", `export * from "../methods/language/folder.ts"`],
    ["a method imports another", "src/methods/language/dynamoe/a.ts", `import type { B } from "../hypercloning/b.ts"`],
    ["a domain imports another", "src/methods/language/folder.ts", `import { x } from "../chemistry/integrals/x.ts"`],
    ["a method imports the runtime lazily", "src/methods/language/folder.ts", `void import("../../runtime/main.ts")`],
    ["io-ts meets Effect", "src/core/other.ts", `import * as t from "io-ts"\nimport { Effect } from "effect"`],
    ["fp-ts meets Effect", "src/algebra/x.ts", `import {\n  Effect\n} from "effect"\nimport "fp-ts/lib/Either.js"`],
    ["an ending is forgotten", "src/core/law.ts", `import { x } from "./key"`]
  ])("catch it when %s", (_, file, text) => {
    expect(violationsOf(file, text)).toHaveLength(1)
  })

  it("let a file name the types of the other world", () => {
    const text = `import type * as t from "io-ts"\nimport { Effect } from "effect"`
    expect(violationsOf("src/core/method.ts", text)).toEqual([])
  })

  it("let io-ts and Effect meet in the bridge, and comments say what they like", () => {
    expect(violationsOf("src/core/codec.ts", `import * as t from "io-ts"\nimport { Effect } from "effect"`)).toEqual([])
    expect(violationsOf("src/core/law.ts", `/** import { x } from "../algebra/axis.ts" */\n// import "../runtime/main.ts"`))
      .toEqual([])
  })
})
