/**
 * A WebAssembly assembler: code is a value. An `Expression<T>` is an instruction stream that leaves one value of type T
 * on the stack, a `Statement` one that leaves none; both compose as plain values, branches name the block they leave,
 * and `moduleBuilder` turns them into bytes. WebAssembly Core Specification 3.0, chapter 5 (binary format).
 */

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128"

/** A block that branches can name; its depth is found when the function is encoded. */
export interface Label {
  readonly label: string
}

export type Node =
  | number
  | readonly Node[]
  | { readonly branch: Label; readonly opcode: number }
  | Block
  | { readonly callee: { readonly index: number } }

interface Block {
  readonly block: Label
  readonly opening: readonly Node[]
  readonly body: Node
  readonly otherwise?: Node | undefined
}

/** Code that leaves one value of type T. */
export interface Expression<T extends ValueType> {
  readonly type: T
  readonly code: Node
}

/** Code that leaves nothing. */
export interface Statement {
  readonly type: "none"
  readonly code: Node
}

/** Several statements are a statement wherever one is expected. */
export type Body = Statement | readonly Body[]

/** A parameter or local variable of a function. */
export interface Local<T extends ValueType> {
  readonly get: Expression<T>
  readonly set: (value: Expression<T>) => Statement
  readonly tee: (value: Expression<T>) => Expression<T>
}

const valueTypes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b }

/** LEB128 without sign. */
export const unsigned = (value: number): readonly number[] => {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 128 : low)
  } while (rest > 0)
  return bytes
}

/** LEB128 with sign. */
export const signed = (value: bigint | number): readonly number[] => {
  const bytes: number[] = []
  let rest = BigInt(value)
  for (;;) {
    const low = Number(rest & 127n)
    rest >>= 7n
    const last = (rest === 0n && (low & 64) === 0) || (rest === -1n && (low & 64) !== 0)
    bytes.push(last ? low : low | 128)
    if (last) return bytes
  }
}

export const expression = <T extends ValueType>(type: T, ...code: readonly Node[]): Expression<T> => ({ type, code })
export const statement = (...code: readonly Node[]): Statement => ({ type: "none", code })

const codeOf = (body: Body): Node => ("code" in body ? body.code : body.map(codeOf))

/** Statements one after the other. */
export const sequence = (...bodies: readonly Body[]): Statement => statement(bodies.map(codeOf))

/** A block; `br(label)` inside leaves it. */
export const block = (body: (label: Label) => Body): Statement => structured([0x02, 0x40], "block", body)

/** A loop; `br(label)` inside starts it again. */
export const loop = (body: (label: Label) => Body): Statement => structured([0x03, 0x40], "loop", body)

const structured = (opening: readonly Node[], name: string, body: (label: Label) => Body): Statement => {
  const label = { label: name }
  return statement({ block: label, opening, body: codeOf(body(label)) })
}

/** `then` when the condition is not zero, else `otherwise`. */
export const when = (condition: Expression<"i32">, then: Body, otherwise?: Body): Statement => {
  const label = { label: "if" }
  return statement({
    block: label, opening: [condition.code, 0x04, 0x40], body: codeOf(then),
    otherwise: otherwise === undefined ? undefined : codeOf(otherwise)
  })
}

/** One of two values; both are computed. */
export const select = <T extends ValueType>(
  condition: Expression<"i32">, then: Expression<T>, otherwise: Expression<T>
): Expression<T> => expression(then.type, then.code, otherwise.code, condition.code, 0x1c, 1, valueTypes[then.type])

/** One of two values; only the chosen one is computed. */
export const choose = <T extends ValueType>(
  condition: Expression<"i32">, then: Expression<T>, otherwise: Expression<T>
): Expression<T> => expression(then.type, {
  block: { label: "if" }, opening: [condition.code, 0x04, valueTypes[then.type]], body: then.code,
    otherwise: otherwise.code
})

export const br = (label: Label): Statement => statement({ branch: label, opcode: 0x0c })
export const brIf = (label: Label, condition: Expression<"i32">): Statement =>
  statement(condition.code, { branch: label, opcode: 0x0d })
export const drop = (value: Expression<ValueType>): Statement => statement(value.code, 0x1a)
export const trap: Statement = statement(0x00)
export const returnNothing: Statement = statement(0x0f)

/** The do-while loop that engines compile best: `body` once, then again while `condition` holds after it. */
export const doWhile = (body: Body, condition: Expression<"i32">): Statement =>
  loop((again) => [body, brIf(again, condition)])

/**
 * `for (i = from; i < to; i += step)`, unsigned, as a guarded do-while. `to` and `step` are evaluated on every turn:
 * give locals or constants. The body may move `i` itself. `i + step` must not pass 2^32.
 */
export const forLoop = (
  i: Local<"i32">, from: Expression<"i32">, to: Expression<"i32">, step: number | Expression<"i32">, body: Body
): Statement => {
  const stepCode = typeof step === "number" ? [0x41, ...signed(step)] : step.code
  const below = expression("i32", i.get.code, to.code, 0x49)
  return sequence(
    i.set(from),
    when(below, doWhile([body, i.set(expression("i32", i.get.code, stepCode, 0x6a))], below))
  )
}

/** A function that code may call, whether imported or defined. */
export interface FunctionReference<P extends readonly ValueType[], R extends ValueType | "none"> {
  readonly index: number
  readonly parameters: P
  readonly result: R
}

type Arguments<P extends readonly ValueType[]> = { readonly [I in keyof P]: Expression<P[I]> }

/** A call, an `Expression` of the result or a `Statement` for a function that returns nothing. */
export const call = <const P extends readonly ValueType[], R extends ValueType | "none">(
  callee: FunctionReference<P, R>, ...values: Arguments<P>
): R extends ValueType ? Expression<R> : Statement => {
  const code: Node = [values.map((value) => value.code), { callee }]
  // the result type is the callee's: TypeScript does not narrow a conditional type by a value
  return { type: callee.result, code } as unknown as R extends ValueType ? Expression<R> : Statement
}

type Locals<P extends Readonly<Record<string, ValueType>>> = { readonly [K in keyof P]: Local<P[K]> }

/** What a function's body is written with: its parameters by name and locals by name. */
export interface FunctionBuilder<P extends Readonly<Record<string, ValueType>>> {
  readonly parameters: Locals<P>
  /** The local of that name, made on first use; asking again with another type throws. */
  readonly local: <T extends ValueType>(name: string, type: T) => Local<T>
  /** A local that no one else has. */
  readonly fresh: <T extends ValueType>(type: T) => Local<T>
}

const localAt = <T extends ValueType>(type: T, index: number): Local<T> => ({
  get: expression(type, 0x20, unsigned(index)),
  set: (value) => statement(value.code, 0x21, unsigned(index)),
  tee: (value) => expression(type, value.code, 0x22, unsigned(index))
})

/** Appends a tree of code to `out`, with branch depths counted from the enclosing blocks. */
const flatten = (node: Node, enclosing: readonly Label[], out: number[]): void => {
  if (typeof node === "number") out.push(node)
  else if ("branch" in node) {
    const depth = enclosing.lastIndexOf(node.branch)
    if (depth < 0) throw new RangeError(`a branch leaves a ${node.branch.label} that does not enclose it`)
    out.push(node.opcode, ...unsigned(enclosing.length - 1 - depth))
  } else if ("callee" in node) out.push(0x10, ...unsigned(node.callee.index))
  else if ("block" in node) {
    const inside = [...enclosing, node.block]
    flatten(node.opening, enclosing, out)
    flatten(node.body, inside, out)
    if (node.otherwise !== undefined) {
      out.push(0x05)
      flatten(node.otherwise, inside, out)
    }
    out.push(0x0b)
  } else for (const child of node) flatten(child, enclosing, out)
}

const append = (out: number[], bytes: readonly number[]): void => {
  for (const byte of bytes) out.push(byte)
}

const name = (text: string): readonly number[] => {
  const bytes = [...new TextEncoder().encode(text)]
  return [...unsigned(bytes.length), ...bytes]
}

const vector = (items: readonly (readonly number[])[]): number[] => {
  const out = [...unsigned(items.length)]
  for (const item of items) append(out, item)
  return out
}

const section = (id: number, items: readonly (readonly number[])[]): number[] => {
  if (items.length === 0) return []
  const content = vector(items)
  const out = [id, ...unsigned(content.length)]
  append(out, content)
  return out
}

/** A module under construction. Import first, define after: function indices are given in that order. */
export interface ModuleBuilder {
  /** Imports `space.name`. Asking for the same import twice gives the same reference. */
  readonly importFunction: <const P extends readonly ValueType[], R extends ValueType | "none">(
    space: string, field: string, parameters: P, result: R
  ) => FunctionReference<P, R>
  /** Defines a procedure; it is exported under `name` unless the name starts with "_". */
  readonly procedure: <const P extends Readonly<Record<string, ValueType>>>(
    name: string, parameters: P, body: (f: FunctionBuilder<P>) => Body
  ) => FunctionReference<readonly P[keyof P][], "none">
  /** Defines a function of one result, exported likewise. */
  readonly function: <const P extends Readonly<Record<string, ValueType>>, R extends ValueType>(
    name: string, parameters: P, result: R, body: (f: FunctionBuilder<P>) => readonly [Body, Expression<R>]
  ) => FunctionReference<readonly P[keyof P][], R>
  /** The module's bytes. */
  readonly bytes: () => Uint8Array<ArrayBuffer>
}

/** Shared memory imported as `env.memory` with at least one page; all programs of the cpu backend run on one. */
const memoryImport: readonly number[] = [...name("env"), ...name("memory"), 2, 3, 1, ...unsigned(65536)]

/** An empty module that imports the shared memory. Every kernel module of the cpu backend starts here. */
export const moduleBuilder = (): ModuleBuilder => {
  const types: string[] = []
  const imports: { readonly key: string; readonly bytes: readonly number[]; readonly index: number }[] = []
  const definitions: { readonly type: number; readonly body: readonly number[] }[] = []
  const exported: (readonly number[])[] = []

  const typeIndex = (parameters: readonly ValueType[], result: ValueType | "none"): number => {
    const results = result === "none" ? [] : [[valueTypes[result]]]
    const key = [0x60, ...vector(parameters.map((type) => [valueTypes[type]])), ...vector(results)].join(" ")
    const found = types.indexOf(key)
    return found >= 0 ? found : types.push(key) - 1
  }

  const define = <P extends Readonly<Record<string, ValueType>>, R extends ValueType | "none">(
    label: string, parameters: P, result: R, write: (f: FunctionBuilder<P>) => readonly [Body, Node]
  ): FunctionReference<readonly P[keyof P][], R> => {
    const entries = Object.entries(parameters)
    const locals: ValueType[] = []
    const named = new Map<string, { readonly type: ValueType; readonly index: number }>()
    const fresh = <T extends ValueType>(type: T): Local<T> => localAt(type, entries.length + locals.push(type) - 1)
    const local = <T extends ValueType>(key: string, type: T): Local<T> => {
      const known = named.get(key)
      if (known !== undefined && known.type !== type) {
        throw new TypeError(`local ${key} of ${label} is ${known.type}, asked for as ${type}`)
      }
      if (known !== undefined) return localAt(type, known.index)
      named.set(key, { type, index: entries.length + locals.length })
      return fresh(type)
    }
    // Object.fromEntries forgets the keys that entries came from
    const byName = Object.fromEntries(entries.map(([key, type], i) => [key, localAt(type, i)])) as unknown as Locals<P>
    const [body, last] = write({ parameters: byName, local, fresh })
    const code = vector(locals.map((type) => [1, valueTypes[type]]))
    flatten([codeOf(body), last, 0x0b], [], code)
    const type = typeIndex(entries.map(([, one]) => one), result)
    const index = imports.length + definitions.push({ type, body: code }) - 1
    if (!label.startsWith("_")) exported.push([...name(label), 0, ...unsigned(index)])
    // values keep the declared order, which the mapped type cannot say
    return { index, parameters: entries.map(([, type]) => type) as unknown as readonly P[keyof P][], result }
  }

  return {
    importFunction: (space, field, parameters, result) => {
      const key = `${space}.${field}`
      const known = imports.find((one) => one.key === key)
      if (known !== undefined) return { index: known.index, parameters, result }
      if (definitions.length > 0) throw new RangeError(`import ${key} after the first definition`)
      const bytes = [...name(space), ...name(field), 0, ...unsigned(typeIndex(parameters, result))]
      const index = imports.length
      imports.push({ key, bytes, index })
      return { index, parameters, result }
    },
    procedure: (label, parameters, body) => define(label, parameters, "none", (f) => [body(f), []]),
    function: (label, parameters, result, body) => define(label, parameters, result, (f) => {
      const [statements, value] = body(f)
      return [statements, value.code]
    }),
    bytes: () => {
      const out = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
      append(out, section(1, types.map((key) => key.split(" ").map(Number))))
      append(out, section(2, [memoryImport, ...imports.map((one) => one.bytes)]))
      append(out, section(3, definitions.map(({ type }) => unsigned(type))))
      append(out, section(7, exported))
      append(out, section(10, definitions.map(({ body }) => {
        const sized = [...unsigned(body.length)]
        append(sized, body)
        return sized
      })))
      return Uint8Array.from(out)
    }
  }
}
