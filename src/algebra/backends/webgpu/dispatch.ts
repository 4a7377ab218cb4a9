/** How many workgroups a kernel runs in, and which of its units an invocation has: any number, in two dimensions. */

export interface Grid {
  readonly width: number
  readonly height: number
}

/** So many workgroups, none of both dimensions above the most that there may be. */
export const gridOf = (groups: number, most: number): Grid => {
  const height = Math.max(1, Math.ceil(groups / most))
  return { width: Math.max(1, Math.ceil(groups / height)), height }
}

/** The head of a kernel's entry point, where `group` is the workgroup's number and `lane` the invocation's in it. */
export const entry = (invocations: number, { width }: Grid): string => `@compute @workgroup_size(${invocations})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let group = workgroup.y * ${width}u + workgroup.x;`

/** Statements that take a number apart into indices of these sizes, the last fastest. */
export const decompose = (
  from: string,
  names: ReadonlyArray<string>,
  sizes: ReadonlyArray<number>
): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let rest = from
  for (let at = names.length - 1; at > 0; at--) {
    lines.push(`let ${names[at]} = ${rest} % ${sizes[at]};`)
    const next = `${names[at]}above`
    lines.push(`let ${next} = ${rest} / ${sizes[at]};`)
    rest = next
  }
  const [first] = names
  if (first !== undefined) lines.push(`let ${first} = ${rest};`)
  return lines
}
