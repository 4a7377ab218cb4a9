/** Just enough of the ONNX protobuf format to write a model of one node, for the engines that take only models. */

const varint = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
const bytesField = (field: number, bytes: readonly number[]): readonly number[] => [
  field * 8 + 2,
  ...varint(bytes.length),
  ...bytes
]
const textField = (field: number, text: string): readonly number[] =>
  bytesField(field, [...new TextEncoder().encode(text)])
const numberField = (field: number, value: number): readonly number[] => [field * 8, ...varint(value)]

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

/** A model that applies one operator to its inputs. */
export const model = (operator: string, inputs: readonly Value[], output: Value): Uint8Array => {
  const node = [
    ...inputs.flatMap(({ name }) => textField(1, name)), ...textField(2, output.name), ...textField(4, operator)
  ]
  const graph = [
    ...bytesField(1, node), ...textField(2, "graph"), ...inputs.flatMap((input) => bytesField(11, valueInfo(input))),
    ...bytesField(12, valueInfo(output))
  ]
  return Uint8Array.from([...numberField(1, 8), ...bytesField(7, graph), ...bytesField(8, numberField(2, 13))])
}

/** One operator of a chain: it takes what the inputs and earlier operators are named. */
export interface Operator {
  readonly operator: string
  readonly takes: readonly string[]
  readonly gives: string
}

/** A model of several operators in order, of operator set 20. */
export const chain = (operators: readonly Operator[], inputs: readonly Value[], output: Value): Uint8Array => {
  const nodes = operators.flatMap(({ operator, takes, gives }) => bytesField(1, [
    ...takes.flatMap((name) => textField(1, name)), ...textField(2, gives), ...textField(4, operator)
  ]))
  const graph = [
    ...nodes,
    ...textField(2, "graph"),
    ...inputs.flatMap((input) => bytesField(11, valueInfo(input))),
    ...bytesField(12, valueInfo(output))
  ]
  return Uint8Array.from([...numberField(1, 9), ...bytesField(7, graph), ...bytesField(8, numberField(2, 20))])
}
