import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { evaluate, type Scope } from "../../page/evaluate.ts"

/** Arithmetic, as text and as its value. */
const arithmetic = fc.letrec<{ sum: { text: string, value: number } }>((tie) => ({
  sum: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: -99, max: 99 }).map((value) => ({ text: `(${value})`, value })),
    fc.tuple(tie("sum"), tie("sum")).map(([a, b]) => ({ text: `(${a.text} * ${b.text})`, value: a.value * b.value })),
    fc.tuple(tie("sum"), tie("sum")).map(([a, b]) => ({ text: `(await ${a.text} - ${b.text})`, value: a.value - b.value }))
  )
})).sum

/** Inputs that declare a name each, in one of the ways there are, and then all of them added up. */
const declarations = fc.array(fc.record({
  expression: arithmetic,
  how: fc.constantFrom(
    (name: string, text: string) => `const ${name} = ${text}`,
    (name: string, text: string) => `let ${name} = ${text}, unused${name};`,
    (name: string, text: string) => `var { a: ${name} } = { a: ${text} }`,
    (name: string, text: string) => `const [, ${name} = 0, ...rest${name}] = [1, ${text}]`,
    (name: string, text: string) => `let ${name}\n${name} = ${text} // and a comment`,
    (name: string, text: string) => `const f${name} = g${name}\nconst ${name} = await f${name}()\nasync function g${name}() { return ${text} }`,
    (name: string, text: string) => `class C${name} { static async value() { return ${text} } }; const ${name} = await C${name}.value()`
  )
}), { minLength: 1, maxLength: 5 })

type Evaluate = (code: string, scope: Scope) => Promise<unknown>

const keepsNames = (run: Evaluate) => fc.asyncProperty(declarations, async (declared) => {
  const scope: Scope = {}
  for (const [at, { how, expression }] of declared.entries()) await run(how(`n${at}`, expression.text), scope)
  const total = await run(declared.map((_, at) => `n${at}`).join(" + "), scope)
  // a sum that begins with 0 has no -0
  expect(Number(total) + 0).toBe(declared.reduce((sum, { expression: { value } }) => sum + value, 0))
})

describe("code of the playground", () => {
  it("has the value of its last expression", () =>
    fc.assert(fc.asyncProperty(arithmetic, async ({ text, value }) => {
      expect(await evaluate(`'before';\n${text}; // after`, {})).toBe(value)
    })))

  it("keeps the names of one input for the next, however they are declared", () => fc.assert(keepsNames(evaluate)))

  it("would not, as the body of a function", () => {
    const body: Evaluate = async (code, scope) => {
      const names = Object.keys(scope)
      return new Function(...names, `return (async () => { ${code}\n })()`)(...names.map((name) => scope[name]))
    }
    return expect(fc.check(keepsNames(body), { numRuns: 5 })).resolves.toMatchObject({ failed: true })
  })

  it("has no value where it ends with a statement", async () => {
    expect(await evaluate("1; if (true) { 2 }", {})).toBeUndefined()
    expect(await evaluate("", {})).toBeUndefined()
    expect(await evaluate("f()\nfunction f() { return 3 }", {})).toBeUndefined()
    expect(await evaluate("function f() { return 3 }\nf()", {})).toBe(3)
  })

  it("is refused by its grammar, with the place", () => Promise.all([
    expect(evaluate("const x = = 2", {})).rejects.toThrow(/\(1:10\)/),
    expect(evaluate("import fs from 'fs'", {})).rejects.toThrow(/in scope/)
  ]))

  it("does not see what is not in scope", () => expect(evaluate("evaluate", {})).rejects.toThrow(/not defined/))
})
