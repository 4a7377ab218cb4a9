/** Lists of token ids, and whether a model can read them. */

/** Token ids of a text, in order. */
export type TokenIds = ReadonlyArray<number> | Int32Array | Uint16Array | Uint32Array

/** The first token that is none of a vocabulary's, as a sentence; undefined where all are. */
export const stray = (vocabulary: number, tokens: TokenIds): string | undefined => {
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? NaN
    if (!Number.isInteger(token) || token < 0 || token >= vocabulary)
      return `token ${at} is ${token}, expected an integer from 0 to ${vocabulary - 1}`
  }
  return undefined
}

/** Rows one after another at `time` tokens each, filled up with token 0. */
export const packed = (rows: ReadonlyArray<TokenIds>, batch: number, time: number): Int32Array => {
  const filled = new Int32Array(batch * time)
  rows.forEach((row, index) => filled.set(row, index * time))
  return filled
}
