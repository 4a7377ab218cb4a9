/** Tokens a step of the paper's table 1 (2507.11851): Tulu3-8B, quadratic decoding, by number of masks. */
export interface PaperRow {
  readonly text: string
  readonly rates: Readonly<Record<number, number>>
}

/** The cells that are known to us. */
export const paperRows: ReadonlyArray<PaperRow> = [
  { text: "code (HumanEval)", rates: { 1: 1.86, 4: 3.87, 8: 5.35 } },
  { text: "mathematics (GSM8K)", rates: { 1: 1.84, 2: 2.58, 4: 3.75, 8: 5.22 } },
  { text: "chat (AlpacaEval)", rates: { 1: 1.61, 4: 2.31, 8: 2.52 } },
  { text: "knowledge (MMLU)", rates: { 1: 1.54, 4: 2.18, 8: 2.38 } },
  { text: "13 tasks", rates: { 1: 1.67, 4: 2.69, 8: 3.17 } }
]
