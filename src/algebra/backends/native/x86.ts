/**
 * The few x86-64 instructions that kernels are written in: integers of 64 and 32 bits, and vectors of 256 bits with
 * fused multiply-add (AVX2, FMA). Encodings from Intel's Software Developer's Manual, volume 2; VEX is always of
 * three bytes and displacements of four, so every instruction has one form.
 */

/** General registers by number. */
export const [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15] =
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const
export type General = number
/** Vector registers ymm0 to ymm15 by number. */
export type Vector = number

/** The memory at base + index * scale + displacement. */
export interface Place {
  readonly base: General
  readonly displacement: number
  readonly index?: General
  readonly scale?: 1 | 2 | 4 | 8
}
export const at = (base: General, displacement = 0): Place => ({ base, displacement })
export const indexed = (base: General, index: General, scale: 1 | 2 | 4 | 8 = 1, displacement = 0): Place =>
  ({ base, displacement, index, scale })

/** A place in the code that jumps lead to. */
export interface Label {
  readonly name: string
}

export type Condition = "below" | "aboveOrEqual" | "equal" | "notEqual"
const conditions: Readonly<Record<Condition, number>> = { below: 2, aboveOrEqual: 3, equal: 4, notEqual: 5 }

export type Float = "f32" | "f64"
type Operand = General | Place

const word = (value: number): ReadonlyArray<number> =>
  [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255]

/** ModRM, SIB and displacement: a register and a register or memory. */
const operands = (register: number, other: Operand): ReadonlyArray<number> => {
  const high = (register & 7) << 3
  if (typeof other === "number") return [0xc0 | high | (other & 7)]
  const { base, index, scale = 1, displacement } = other
  if (index === rsp) throw new RangeError("rsp cannot be an index")
  if (index === undefined && (base & 7) !== rsp) return [0x80 | high | (base & 7), ...word(displacement)]
  return [0x84 | high, (Math.log2(scale) << 6) | (((index ?? rsp) & 7) << 3) | (base & 7), ...word(displacement)]
}

/** The fourth bits of a register, an index and a base. */
const extensions = (register: number, other: Operand): { readonly r: number; readonly x: number; readonly b: number } =>
  typeof other === "number"
    ? { r: register >> 3, x: 0, b: other >> 3 }
    : { r: register >> 3, x: (other.index ?? 0) >> 3, b: other.base >> 3 }

/** Code under construction. Destinations come first, as in Intel's own notation. */
export const assembler = () => {
  const code: Array<number> = []
  const jumps: Array<{ readonly from: number; readonly to: Label }> = []
  const places = new Map<Label, number>()

  const integer = (wide: boolean, opcode: ReadonlyArray<number>, register: number, other: Operand): void => {
    const { r, x, b } = extensions(register, other)
    code.push(0x40 | (wide ? 8 : 0) | (r << 2) | (x << 1) | b, ...opcode, ...operands(register, other))
  }
  /** `group`: 1 for opcodes 0F, 2 for 0F 38; `prefix`: 0 none, 1 for 66, 2 for F3, 3 for F2. */
  const vector = (
    group: 1 | 2, prefix: 0 | 1 | 2 | 3, opcode: number, target: Vector, first: Vector, second: Operand,
    { wide = false, scalar = false } = {}
  ): void => {
    const { r, x, b } = extensions(target, second)
    code.push(0xc4, ((r ^ 1) << 7) | ((x ^ 1) << 6) | ((b ^ 1) << 5) | group,
      (wide ? 0x80 : 0) | ((~first & 15) << 3) | (scalar ? 0 : 4) | prefix, opcode, ...operands(target, second))
  }
  const isWide = (type: Float): boolean => type === "f64"

  return {
    move: (to: General, from: General) => integer(true, [0x8b], to, from),
    /** A signed 32-bit number. */
    set: (to: General, value: number) => {
      integer(true, [0xc7], 0, to)
      code.push(...word(value))
    },
    /** 32 bits, the upper half cleared. */
    load: (to: General, from: Place) => integer(false, [0x8b], to, from),
    loadWide: (to: General, from: Place) => integer(true, [0x8b], to, from),
    storeWide: (to: Place, from: General) => integer(true, [0x89], from, to),
    add: (to: General, value: General) => integer(true, [0x03], to, value),
    /** In 32 bits, the upper half cleared. */
    addWord: (to: General, value: Operand) => integer(false, [0x03], to, value),
    subtract: (to: General, value: General) => integer(true, [0x2b], to, value),
    multiply: (to: General, value: General) => integer(true, [0x0f, 0xaf], to, value),
    addNumber: (to: General, value: number) => {
      integer(true, [0x81], 0, to)
      code.push(...word(value))
    },
    shiftLeft: (to: General, bits: number) => {
      integer(true, [0xc1], 4, to)
      code.push(bits)
    },
    compare: (a: General, b: General) => integer(true, [0x3b], a, b),
    compareNumber: (a: General, value: number) => {
      integer(true, [0x81], 7, a)
      code.push(...word(value))
    },
    push: (register: General) => code.push(0x40 | (register >> 3), 0x50 | (register & 7)),
    pop: (register: General) => code.push(0x40 | (register >> 3), 0x58 | (register & 7)),
    return: () => code.push(0xc3),
    label: (name: string): Label => ({ name }),
    place: (label: Label) => void places.set(label, code.length),
    jump: (to: Label, when?: Condition) => {
      if (when === undefined) code.push(0xe9)
      else code.push(0x0f, 0x80 | conditions[when])
      jumps.push({ from: code.push(0, 0, 0, 0), to })
    },
    zero: (to: Vector) => vector(1, 0, 0x57, to, to, to),
    /** 32 bytes of any alignment. */
    loadVector: (to: Vector, from: Place) => vector(1, 0, 0x10, to, 0, from),
    storeVector: (to: Place, from: Vector) => vector(1, 0, 0x11, from, 0, to),
    /** One element in every lane. */
    broadcast: (type: Float, to: Vector, from: Place) => vector(2, 1, isWide(type) ? 0x19 : 0x18, to, 0, from),
    /** to += a b, in one rounding. */
    multiplyAdd: (type: Float, to: Vector, a: Vector, b: Vector) =>
      vector(2, 1, 0xb8, to, a, b, { wide: isWide(type) }),
    addVector: (type: Float, to: Vector, a: Vector, b: Vector | Place) =>
      vector(1, isWide(type) ? 1 : 0, 0x58, to, a, b),
    /** One element. */
    loadOne: (type: Float, to: Vector, from: Place) =>
      vector(1, isWide(type) ? 3 : 2, 0x10, to, 0, from, { scalar: true }),
    storeOne: (type: Float, to: Place, from: Vector) =>
      vector(1, isWide(type) ? 3 : 2, 0x11, from, 0, to, { scalar: true }),
    addOne: (type: Float, to: Vector, a: Vector, b: Place) =>
      vector(1, isWide(type) ? 3 : 2, 0x58, to, a, b, { scalar: true }),
    /** Before going back to code that may use the older vector instructions. */
    clearUpper: () => code.push(0xc5, 0xf8, 0x77),
    /** The code, every jump led to its label. */
    bytes: (): Uint8Array<ArrayBuffer> => {
      const bytes = Uint8Array.from(code)
      for (const { from, to } of jumps) {
        const target = places.get(to)
        if (target === undefined) throw new RangeError(`no place in the code is called ${to.name}`)
        bytes.set(word(target - from), from - 4)
      }
      return bytes
    }
  }
}
export type Assembler = ReturnType<typeof assembler>
