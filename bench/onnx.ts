/** Just enough of the ONNX protobuf format to write a model of a few nodes, for the engines that take only models. */

const varint = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
const bytesField = (field: number, bytes: readonly number[]): readonly number[] => [
  ...varint(field * 8 + 2),
  ...varint(bytes.length),
  ...bytes
]
const textField = (field: number, text: string): readonly number[] =>
  bytesField(field, [...new TextEncoder().encode(text)])
const numberField = (field: number, value: number): readonly number[] => [...varint(field * 8), ...varint(value)]

/** The element types of TensorProto. */
export const elementType = { f32: 1, f64: 11 } as const

/** The name, element type and dimensions of a value of the graph. */
export interface Value {
  readonly name: string
  readonly dtype: keyof typeof elementType
  readonly shape: readonly number[]
}

const valueInfo = ({ name, dtype, shape }: Value): readonly number[] => {
  const dimensions = shape.flatMap((size) => bytesField(1, numberField(1, size)))
  const tensor = [...numberField(1, elementType[dtype]), ...bytesField(2, dimensions)]
  return [...textField(1, name), ...bytesField(2, bytesField(1, tensor))]
}

/** One operator of a chain: it takes what the inputs and earlier operators are named. */
export interface Operator {
  readonly operator: string
  readonly takes: readonly string[]
  readonly gives: string
  /** Attributes that are text. */
  readonly text?: Readonly<Record<string, string>>
}

/** AttributeProto's type for text. */
const textType = 3

/** A model of operators in order, of operator set 23. */
export const model = (operators: readonly Operator[], inputs: readonly Value[], output: Value): Uint8Array => {
  const nodes = operators.flatMap(({ operator, takes, gives, text = {} }) => bytesField(1, [
    ...takes.flatMap((name) => textField(1, name)), ...textField(2, gives), ...textField(4, operator),
    ...Object.entries(text).flatMap(([name, value]) =>
      bytesField(5, [...textField(1, name), ...textField(4, value), ...numberField(20, textType)]))
  ]))
  const graph = [
    ...nodes,
    ...textField(2, "graph"),
    ...inputs.flatMap((input) => bytesField(11, valueInfo(input))),
    ...bytesField(12, valueInfo(output))
  ]
  return Uint8Array.from([...numberField(1, 10), ...bytesField(7, graph), ...bytesField(8, numberField(2, 23))])
}
