/**
 * Llama-shaped models as GGUF files, version 3, for the engines of llama.cpp: the same weights in the layout and
 * rounding of that format. Their vocabulary is made up, so that any text of ASCII is one token a letter.
 */
import type { Architecture } from "../src/methods/language/architecture.ts"
import type { Parameters } from "../src/methods/language/checkpoint.ts"
import { toF16 } from "../src/methods/language/half.ts"
import type { Kind } from "../src/methods/language/parameters.ts"
import { countOf, kinds, parametersOf } from "../src/methods/language/parameters.ts"
import { at } from "../src/methods/language/tree.ts"

const text = (value: string): Uint8Array => {
  const bytes = new TextEncoder().encode(value)
  return join([u64(bytes.length), bytes])
}
const little = (bytes: number, write: (view: DataView) => void): Uint8Array => {
  const view = new DataView(new ArrayBuffer(bytes))
  write(view)
  return new Uint8Array(view.buffer)
}
const u32 = (value: number): Uint8Array => little(4, (view) => view.setUint32(0, value, true))
const u64 = (value: number): Uint8Array => little(8, (view) => view.setBigUint64(0, BigInt(value), true))
const f32 = (value: number): Uint8Array => little(4, (view) => view.setFloat32(0, value, true))

const join = (parts: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(parts.reduce((total, { length }) => total + length, 0))
  let end = 0
  for (const part of parts) {
    joined.set(part, end)
    end += part.length
  }
  return joined
}

/** A field of the header: its type by number, then its value. */
const field = (name: string, type: number, value: Uint8Array): Uint8Array => join([text(name), u32(type), value])
const whole = (name: string, value: number) => field(name, 4, u32(value))
const real = (name: string, value: number) => field(name, 6, f32(value))
const word = (name: string, value: string) => field(name, 8, text(value))
const list = (name: string, type: number, values: ReadonlyArray<Uint8Array>) =>
  field(name, 9, join([u32(type), u64(values.length), ...values]))

/** Every byte is a piece, as are the three that every vocabulary has; the rest are never met in a text. */
const vocabulary = (size: number) => {
  const byte = (value: number): string => `<0x${value.toString(16).toUpperCase().padStart(2, "0")}>`
  const pieces = Array.from({ length: size }, (_, id) =>
    ["<unk>", "<s>", "</s>"][id] ?? (id < 259 ? byte(id - 3) : `<extra ${id}>`))
  // unknown, control, byte, normal
  const kinds = pieces.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1))
  return [
    word("tokenizer.ggml.model", "llama"), list("tokenizer.ggml.tokens", 8, pieces.map(text)),
    list("tokenizer.ggml.scores", 6, pieces.map((_, id) => f32(-id))),
    list("tokenizer.ggml.token_type", 5, kinds.map(u32)),
    whole("tokenizer.ggml.bos_token_id", 1), whole("tokenizer.ggml.eos_token_id", 2),
    whole("tokenizer.ggml.unknown_token_id", 0),
    field("tokenizer.ggml.add_space_prefix", 7, Uint8Array.of(0))
  ]
}

const names: Readonly<Record<string, string>> = {
  embedding: "token_embd", finalNorm: "output_norm", attentionNorm: "attn_norm", feedForwardNorm: "ffn_norm",
  "attention.query": "attn_q", "attention.key": "attn_k", "attention.value": "attn_v",
  "attention.output": "attn_output", "feedForward.gate": "ffn_gate", "feedForward.up": "ffn_up",
  "feedForward.down": "ffn_down"
}
const nameOf = (path: string): string => {
  const [, layer, rest = path] = /^layers\.(\d+)\.(.*)$/.exec(path) ?? []
  const name = names[rest.replace(/\.weight$/, "")]
  if (name === undefined) throw new Error(`${path}: this format is written for plain Llama-shaped models`)
  return `${layer === undefined ? "" : `blk.${layer}.`}${name}.weight`
}

/** Rotary pairs lie side by side in this format, half a head apart in ours. */
const paired = (values: Float32Array, depth: number, width: number): Float32Array => {
  const turned = new Float32Array(values.length)
  for (let row = 0; row < values.length / width; row++) {
    const inHead = row % depth
    const from = row - inHead + (inHead % 2) * depth / 2 + Math.floor(inHead / 2)
    turned.set(values.subarray(from * width, (from + 1) * width), row * width)
  }
  return turned
}

/** Blocks of 32: a scale in half precision, then signed bytes. */
const q8 = (values: Float32Array): Uint8Array => {
  const bytes = new Uint8Array(values.length / 32 * 34)
  const codes = new Int8Array(bytes.buffer)
  for (let block = 0; block < values.length / 32; block++) {
    const own = values.subarray(block * 32, block * 32 + 32)
    const scale = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127
    const [half = 0] = toF16(Float32Array.of(scale))
    bytes.set([half & 255, half >> 8], block * 34)
    own.forEach((value, i) => { codes[block * 34 + 2 + i] = scale === 0 ? 0 : Math.round(value / scale) })
  }
  return bytes
}

const alignment = 32

/** The file of a model, its maps and embeddings in q8_0, its gains in single precision. */
export const gguf = (architecture: Architecture, parameters: Parameters): Uint8Array<ArrayBuffer> => {
  const { vocabulary: size, model, layers, hidden, heads, context, position, norm } = architecture
  const tensors = parametersOf(architecture).map((parameter) => {
    const values = at(parameters, parameter.path) ?? new Float32Array(countOf(parameter))
    const { contracted }: Kind = kinds[parameter.kind]
    // of a map what it sums over, of the embedding its last axis
    const columns = parameter.axes.slice(-Math.max(1, contracted.length)).reduce((total, [, each]) => total * each, 1)
    const rows = countOf(parameter) / columns
    const isTurned = parameter.kind === "query" || parameter.kind === "key"
    const turned = isTurned ? paired(values, heads.depth, columns) : values
    const isMap = parameter.axes.length > 1
    return {
      name: nameOf(parameter.path), dims: isMap ? [columns, rows] : [columns], type: isMap ? 8 : 0,
      bytes: isMap ? q8(turned) : new Uint8Array(turned.buffer, turned.byteOffset, turned.byteLength)
    }
  })
  const fields = [
    word("general.architecture", "llama"), word("general.name", "random"), whole("llama.context_length", context),
    whole("llama.embedding_length", model), whole("llama.block_count", layers), whole("llama.vocab_size", size),
    whole("llama.feed_forward_length", hidden), whole("llama.attention.head_count", heads.key * heads.share),
    whole("llama.attention.head_count_kv", heads.key), whole("llama.rope.dimension_count", heads.depth),
    real("llama.attention.layer_norm_rms_epsilon", norm.epsilon),
    real("llama.rope.freq_base", position.kind === "rotary" ? position.theta : 10000), ...vocabulary(size)
  ]
  let offset = 0
  const infos = tensors.map(({ name, dims, type, bytes }) => {
    const info = join([text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset)])
    offset += Math.ceil(bytes.length / alignment) * alignment
    return info
  })
  const pad = (length: number): Uint8Array => new Uint8Array(Math.ceil(length / alignment) * alignment - length)
  const head = join([
    new TextEncoder().encode("GGUF"), u32(3), u64(tensors.length), u64(fields.length), ...fields, ...infos
  ])
  return join([head, pad(head.length), ...tensors.flatMap(({ bytes }) => [bytes, pad(bytes.length)])])
}
