/**
 * Dense matrices on the host, row-major in float64: what every factorisation here reads and makes, so that a float32
 * tensor is factorised in double precision and rounded once.
 */

export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

/** A matrix of zeros. */
export const zeros = (rows: number, columns: number): Matrix =>
  ({ rows, columns, data: new Float64Array(rows * columns) })

/** A copy of a matrix that lies in memory with these strides, in elements. */
export const load = (
  memory: ArrayLike<number>, offset: number, rows: number, rowStride: number, columns: number, columnStride: number
): Matrix => {
  const { data } = zeros(rows, columns)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      data[row * columns + column] = memory[offset + row * rowStride + column * columnStride]!
  return { rows, columns, data }
}

/** Writes a matrix to memory with these strides. */
export const store = (
  { rows, columns, data }: Matrix, memory: { [index: number]: number },
  offset: number, rowStride: number, columnStride: number
): void => {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      memory[offset + row * rowStride + column * columnStride] = data[row * columns + column]!
}

export const transpose = ({ rows, columns, data }: Matrix): Matrix => load(data, 0, columns, 1, rows, columns)
