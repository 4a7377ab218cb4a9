/**
 * The three ways in which invocations divide a contraction. Alone: each computes a block of C from memory, which is
 * best where a processor plays the GPU and a barrier costs more than a load. In tiles: a workgroup loads tiles of both
 * operands into its own memory and multiplies them from there. By parts of the sum: for few rows, such as one token's,
 * the invocations of a workgroup read a column's weights side by side and add up what they have.
 */
import { entry, gridOf } from "./dispatch.ts"
import type { Grid } from "./dispatch.ts"
import type { Operand, Prepared, Walk } from "./contraction-operand.ts"
import { element, offset, walksOf } from "./contraction-operand.ts"

/** How large the blocks are, and who computes them. */
export interface Shape {
  readonly by: "alone" | "tiles" | "parts"
  /** Rows and columns of C that one invocation computes. */
  readonly rows: number
  readonly columns: number
  readonly invocations: number
  /** Most workgroups along one dimension of a dispatch. */
  readonly groups: number
}

export interface Block {
  readonly of: Prepared
  readonly shape: Shape
  readonly a: Operand
  readonly b: Operand
  readonly c: string
}

/** Declarations and an entry point, and how many workgroups run it. */
export interface Emitted {
  readonly code: string
  readonly grid: Grid
}

/** Invocations down and across a tile, and its depth. */
export const side = 16
export const depth = 16

const range = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

/** The statement that writes one sum of a block. */
const write = ({ of: { m, n }, c }: Block, r: number, s: number, sum: string): string =>
  `${c}[cBatch + ${offset(m, "c", `(row + ${r})`)} + ${offset(n, "c", `(column + ${s})`)}] = ${sum};`

/** Statements that write a block of sums, leaving out what lies beyond the edges. */
const writeBlock = (block: Block): ReadonlyArray<string> => {
  const { of: { sizes }, shape: { rows, columns } } = block
  return range(rows).flatMap((r) => [
    `if (row + ${r} < ${sizes.m}) {`,
    ...range(columns).map((s) => `  if (column + ${s} < ${sizes.n}) { ${write(block, r, s, `sum${r}_${s}`)} }`),
    "}"
  ])
}

const clear = ({ rows, columns }: Shape): ReadonlyArray<string> =>
  range(rows).flatMap((r) => range(columns).map((s) => `var sum${r}_${s} = 0f;`))

const multiply = ({ rows, columns }: Shape): ReadonlyArray<string> =>
  range(rows).flatMap((r) => range(columns).map((s) => `sum${r}_${s} = fma(x${r}, y${s}, sum${r}_${s});`))

/** Statements that find where the rows of A and the columns of B begin, those beyond the edge at the last one. */
const begin = ({ of: { batch, m, n, sizes }, shape: { rows, columns }, a, b }: Block): ReadonlyArray<string> =>
  ([[a, "x", m, "row", rows, sizes.m], [b, "y", n, "column", columns, sizes.n]] as const).flatMap(
    ([operand, name, axes, from, count, size]) => walksOf(operand).flatMap(([walk, start]) => range(count).map((at) =>
      `let ${name}${at}_${walk} = ${start} + ${offset(batch, walk, "whole")} + ${
        offset(axes, walk, `min(${from} + ${at}, ${size - 1})`)};`)))

/** Statements that read what is multiplied at one index of the sum, given its offset in each walk. */
const readBoth = ({ shape: { rows, columns }, a, b }: Block, sum: (walk: Walk) => string): ReadonlyArray<string> =>
  ([[a, "x", rows], [b, "y", columns]] as const).flatMap(([operand, name, count]) =>
    range(count).map((at) => `let ${name}${at} = ${element(operand, (walk) => `${name}${at}_${walk} + ${sum(walk)}`)};`))

/** Each invocation reads its block from memory. */
export const alone = (block: Block): Emitted => {
  const { of: { batch, k, sizes }, shape } = block
  const { rows, columns, invocations } = shape
  const [down, across] = [Math.ceil(sizes.m / rows), Math.ceil(sizes.n / columns)]
  const units = sizes.batch * down * across
  const grid = gridOf(Math.ceil(units / invocations), shape.groups)
  const loops = k.map(({ size }, at) => `for (var k${at} = 0; k${at} < ${size}; k${at}++) {`)
  const along = (walk: Walk): string =>
    k.flatMap((axis, at) => ((axis[walk] ?? 0) === 0 ? [] : [`k${at} * ${axis[walk]}`])).join(" + ") || "0"
  const body = [
    `let unit = i32(group * ${invocations}u + lane);`,
    `if (unit >= ${units}) { return; }`,
    `let column = (unit % ${across}) * ${columns};`,
    `let row = ((unit / ${across}) % ${down}) * ${rows};`,
    `let whole = unit / ${across * down};`,
    `let cBatch = ${offset(batch, "c", "whole")};`,
    ...begin(block),
    ...clear(shape),
    ...loops,
    ...readBoth(block, along),
    ...multiply(shape),
    "}".repeat(loops.length),
    ...writeBlock(block)
  ]
  return { grid, code: `${entry(invocations, grid)}\n  ${body.join("\n  ")}\n}` }
}

/** The invocations of a workgroup share the sums of one block. */
export const byParts = (block: Block): Emitted => {
  const { of: { batch, k, sizes }, shape } = block
  const { rows, columns, invocations } = shape
  const [down, across] = [Math.ceil(sizes.m / rows), Math.ceil(sizes.n / columns)]
  const units = sizes.batch * down * across
  const grid = gridOf(units, shape.groups)
  const sums = range(rows).flatMap((r) => range(columns).map((s) => ({ r, s, at: r * columns + s })))
  const body = [
    `if (i32(group) >= ${units}) { return; }`,
    `let column = (i32(group) % ${across}) * ${columns};`,
    `let row = ((i32(group) / ${across}) % ${down}) * ${rows};`,
    `let whole = i32(group) / ${across * down};`,
    `let cBatch = ${offset(batch, "c", "whole")};`,
    ...begin(block),
    ...clear(shape),
    `for (var step = i32(lane); step < ${sizes.k}; step += ${invocations}) {`,
    ...readBoth(block, (walk) => offset(k, walk, "step")),
    ...multiply(shape),
    "}",
    ...sums.map(({ r, s, at }) => `partial[${at * invocations}u + lane] = sum${r}_${s};`),
    "workgroupBarrier();",
    `for (var half = ${invocations / 2}u; half > 0u; half = half >> 1u) {`,
    "if (lane < half) {",
    ...sums.map(({ at }) =>
      `partial[${at * invocations}u + lane] += partial[${at * invocations}u + lane + half];`),
    "}",
    "workgroupBarrier();",
    "}",
    ...sums.map(({ r, s, at }) => `if (lane == ${at}u && row + ${r} < ${sizes.m} && column + ${s} < ${sizes.n}) { ${
      write(block, r, s, `partial[${at * invocations}]`)} }`)
  ]
  const shared = `var<workgroup> partial: array<f32, ${sums.length * invocations}>;`
  return { grid, code: `${shared}\n${entry(invocations, grid)}\n  ${body.join("\n  ")}\n}` }
}

/** A workgroup's invocations load tiles of A and B together, and multiply them from the memory that they share. */
export const inTiles = (block: Block): Emitted => {
  const { of: { batch, m, n, k, sizes }, shape, a, b } = block
  const { rows, columns } = shape
  const [high, wide] = [side * rows, side * columns]
  const [down, across] = [Math.ceil(sizes.m / high), Math.ceil(sizes.n / wide)]
  const grid = gridOf(sizes.batch * down * across, shape.groups)
  const invocations = side * side
  /** Invocations next to each other load what lies next to each other. */
  const fill = (tile: string, operand: Operand, axes: typeof m, start: string, length: number, size: number) => {
    const alongSum = Math.abs(k.at(-1)?.[operand.walk] ?? 0) === 1
    const starts = new Map(walksOf(operand))
    const place = (walk: Walk): string =>
      `${starts.get(walk) ?? 0} + ${operand.walk}_${walk} + ${offset(axes, walk, "index")} + ${offset(k, walk, "deep")}`
    return range((length * depth) / invocations).flatMap((part) => {
      const own = `(lane + ${part * invocations}u)`
      const [along, step] = alongSum
        ? [`i32(${own} / ${depth}u)`, `i32(${own} % ${depth}u)`]
        : [`i32(${own} % ${length}u)`, `i32(${own} / ${length}u)`]
      return [
        "{",
        `let place = ${along}; let step = ${step};`,
        `let index = ${start} + place; let deep = begin + step;`,
        "var value = 0f;",
        `if (index < ${size} && deep < ${sizes.k}) { value = ${element(operand, place)}; }`,
        `${tile}[step * ${length + 1} + place] = value;`,
        "}"
      ]
    })
  }
  const body = [
    `if (i32(group) >= ${sizes.batch * down * across}) { return; }`,
    `let tileColumn = (i32(group) % ${across}) * ${wide};`,
    `let tileRow = ((i32(group) / ${across}) % ${down}) * ${high};`,
    `let whole = i32(group) / ${across * down};`,
    `let cBatch = ${offset(batch, "c", "whole")};`,
    ...[a, b].flatMap((operand) => walksOf(operand).map(([walk]) =>
      `let ${operand.walk}_${walk} = ${offset(batch, walk, "whole")};`)),
    `let down = i32(lane / ${side}u);`,
    `let across = i32(lane % ${side}u);`,
    `let row = tileRow + down * ${rows};`,
    `let column = tileColumn + across * ${columns};`,
    ...clear(shape),
    `for (var begin = 0; begin < ${sizes.k}; begin += ${depth}) {`,
    ...fill("tileA", a, m, "tileRow", high, sizes.m),
    ...fill("tileB", b, n, "tileColumn", wide, sizes.n),
    "workgroupBarrier();",
    `for (var step = 0; step < ${depth}; step++) {`,
    ...range(rows).map((r) => `let x${r} = tileA[step * ${high + 1} + down * ${rows} + ${r}];`),
    ...range(columns).map((s) => `let y${s} = tileB[step * ${wide + 1} + across * ${columns} + ${s}];`),
    ...multiply(shape),
    "}",
    "workgroupBarrier();",
    "}",
    ...writeBlock(block)
  ]
  const code = [
    `var<workgroup> tileA: array<f32, ${depth * (high + 1)}>;`,
    `var<workgroup> tileB: array<f32, ${depth * (wide + 1)}>;`,
    entry(invocations, grid),
    `  ${body.join("\n  ")}`,
    "}"
  ].join("\n")
  return { grid, code }
}
