/** The parts of a safetensors header and of the index of a sharded file, as io-ts codecs. */
import * as t from "io-ts"

/** Bytes of one element, by dtype. */
export const dtypeBytes = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const

export type FileDType = keyof typeof dtypeBytes

const count = new t.Type<number>(
  "a non-negative integer", t.number.is,
  (input, context) => typeof input === "number" && Number.isSafeInteger(input) && input >= 0
    ? t.success(input)
    : t.failure(input, context),
  t.identity
)
const isDType = (input: unknown): input is FileDType => typeof input === "string" && Object.hasOwn(dtypeBytes, input)

const dtype = new t.Type<FileDType>(
  `a dtype of ${Object.keys(dtypeBytes).join(" ")}`,
  isDType,
  (input, context) => isDType(input) ? t.success(input) : t.failure(input, context),
  t.identity
)

/** A header before its entries are looked at. */
export const headerObject = t.record(t.string, t.unknown)

/** What a header says of a tensor. */
export const tensorEntry = t.type({ dtype, shape: t.array(count), data_offsets: t.tuple([count, count]) })

/** `__metadata__` of a header. */
export const metadata = t.record(t.string, t.string)

/** A file of the same folder, by its plain name. */
const fileName = new t.Type<string>(
  "a plain file name", t.string.is,
  (input, context) => typeof input === "string" && /^[^/\\]+$/.test(input) && !input.startsWith("..")
    ? t.success(input) : t.failure(input, context),
  t.identity
)

/** `model.safetensors.index.json`. */
export const shardIndex = t.type({ weight_map: t.record(t.string, fileName) })
