/**
 * A kernel: loops over rows, and within each row stages that run one after another over inner loops. A stage folds
 * values into reductions, whose results later stages use, and stores values; so a softmax or a norm is one kernel that
 * passes over memory once. Without inner loops it is an elementwise kernel of one stage.
 */
import type { DType } from "../../dtype.ts"
import type { ReduceKind } from "../../expression.ts"
import type { Guard, Index, Value } from "./value.ts"
import { indexKey } from "./value.ts"

export interface Reduction {
  readonly kind: ReduceKind
  readonly dtype: DType
  readonly value: Value
}

export interface Store {
  readonly slot: number
  readonly dtype: DType
  readonly index: Index
  /** Nothing is stored where one does not hold. */
  readonly guards: ReadonlyArray<Guard>
  readonly mode: "set" | "add"
  readonly value: Value
}

export interface Stage {
  /** By the number that `reduced` values give. */
  readonly reductions: ReadonlyMap<number, Reduction>
  /** Done for each inner index. */
  readonly stores: ReadonlyArray<Store>
  /** Done once a row, after the reductions. */
  readonly rowStores: ReadonlyArray<Store>
}

export interface Kernel {
  /** Sizes of all loops. */
  readonly sizes: ReadonlyArray<number>
  /** Loop numbers, outermost first; no two units of the row loops write the same element. */
  readonly rows: ReadonlyArray<number>
  readonly inner: ReadonlyArray<number>
  /** Which loop runs in vectors: the last of the rows or the last of the inner loops. */
  readonly vector: number | undefined
  readonly stages: ReadonlyArray<Stage>
  /** Slots that lie in the thread's scratch, by offset in bytes; all others are arguments. */
  readonly scratch: ReadonlyMap<number, number>
  readonly scratchBytes: number
  readonly slots: number
  /** All values as text. */
  readonly text: string
}

const storeKey = ({ slot, dtype, index, guards, mode, value }: Store): string =>
  `${slot} ${dtype} ${indexKey(index)} ${guards.map((guard) => `${indexKey(guard.index)}<${guard.size}`).join("&")} ${mode} ${value.id}`

/** Kernels with equal keys have the same code. */
export const key = (kernel: Kernel): string =>
  [
    kernel.text,
    kernel.sizes.join(),
    kernel.rows.join(),
    kernel.inner.join(),
    kernel.vector,
    kernel.slots,
    [...kernel.scratch].join(),
    ...kernel.stages.map(({ reductions, stores, rowStores }) =>
      [
        ...[...reductions].map(([number, { kind, dtype, value }]) => `${number} ${kind} ${dtype} ${value.id}`),
        ...stores.map(storeKey),
        "/",
        ...rowStores.map(storeKey)
      ].join()
    )
  ].join("\n")
