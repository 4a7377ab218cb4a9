/**
 * Plain JavaScript line by line, as a prompt takes it: `await` at the top level, the names of one input in scope of the
 * next, and the value of the last expression. Types are not written here: erasing them would take a compiler larger
 * than the page, and the REPL of a terminal checks them.
 */
import type { Pattern, Statement, ModuleDeclaration } from "acorn"
import { parse } from "acorn"

/** Names and what they stand for; what an input declares is added. */
export type Scope = Record<string, unknown>

const namesOf = (pattern: Pattern): ReadonlyArray<string> => {
  switch (pattern.type) {
    case "Identifier": return [pattern.name]
    case "ObjectPattern": return pattern.properties.flatMap((property) =>
      namesOf(property.type === "RestElement" ? property.argument : property.value))
    case "ArrayPattern": return pattern.elements.flatMap((element) => element === null ? [] : namesOf(element))
    case "RestElement": return namesOf(pattern.argument)
    case "AssignmentPattern": return namesOf(pattern.left)
    case "MemberExpression": return []
  }
}

/** A statement as it is run: a declaration as the assignment to names of the scope that it amounts to. */
interface Rewritten {
  readonly text: string
  readonly names: ReadonlyArray<string>
  /** Functions are there before the statements are run. */
  readonly first: boolean
}

const rewrite = (code: string) => (statement: Statement | ModuleDeclaration): Rewritten => {
  const text = ({ start, end }: { readonly start: number; readonly end: number }) => code.slice(start, end)
  switch (statement.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      throw new SyntaxError("nothing is imported or exported here: the library is in scope")
    case "FunctionDeclaration":
    case "ClassDeclaration": {
      const { id: { name } } = statement
      return { text: `${name} = ${text(statement)}`, names: [name], first: statement.type === "FunctionDeclaration" }
    }
    case "VariableDeclaration": return {
      text: statement.declarations.map(({ id, init }) =>
        `(${text(id)} = ${init === null || init === undefined ? "undefined" : text(init)})`).join(", "),
      names: statement.declarations.flatMap(({ id }) => namesOf(id)),
      first: false
    }
    default: return { text: text(statement), names: [], first: false }
  }
}

/** The body of an asynchronous function, and the names that it assigns to in its scope. Throws SyntaxError. */
export const translate = (code: string): { readonly body: string; readonly names: ReadonlyArray<string> } => {
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" })
  const last = body.at(-1)
  const statements = body.map(rewrite(code))
  const result = last?.type === "ExpressionStatement"
    ? [`return (${code.slice(last.expression.start, last.expression.end)})`]
    : statements.slice(-1).map(({ text }) => text)
  const lines = [
    ...statements.filter(({ first }) => first).map(({ text }) => text),
    ...statements.slice(0, -1).filter(({ first }) => !first).map(({ text }) => text),
    ...statements.at(-1)?.first === true ? [] : result
  ]
  return { body: lines.join(";\n"), names: statements.flatMap(({ names }) => names) }
}

type Run = (scope: Scope) => Promise<unknown>

// the constructor of asynchronous functions has no name, and gives a function of the parameters it is told
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (parameter: string, body: string) => Run

/** Runs code in a scope and gives the value of its last expression. */
export const evaluate = async (code: string, scope: Scope): Promise<unknown> => {
  const { body, names } = translate(code)
  for (const name of names) scope[name] = undefined
  return new AsyncFunction("scope", `with (scope) {\n${body}\n}`)(scope)
}
