/**
 * A parameter tree is its list of leaves under dotted paths, and back. Nothing else in the library needs to know how
 * the tree is nested: training, growth and files work on the list.
 */
import type { Architecture } from "./architecture.ts"
import type { Leaves, Parameter, ParameterTree } from "./parameters.ts"
import { parametersOf } from "./parameters.ts"

interface Branch { [key: string]: unknown }

const isBranch = (node: unknown): node is Branch => typeof node === "object" && node !== null

/**
 * The tree of an architecture, each leaf made by `leaf` from its parameter. The leaf of a parameter of kind K must be
 * an L[K]; the type of `leaf` cannot say so, so the caller promises it.
 */
export const build = <L extends Leaves>(
  architecture: Architecture,
  leaf: (parameter: Parameter) => L[keyof L]
): ParameterTree<L> => {
  const layers = Array.from({ length: architecture.layers }, () => ({ attention: {}, feedForward: {} }))
  const root: Branch = { layers }
  for (const parameter of parametersOf(architecture)) {
    const keys = parameter.path.split(".")
    const last = keys.pop() ?? parameter.path
    let branch = root
    for (const key of keys) {
      const next = (branch[key] ??= {})
      branch = isBranch(next) ? next : {}
    }
    branch[last] = leaf(parameter)
  }
  // parametersOf lists every path that the tree's type asks for, which no type can follow through dotted names
  return root as unknown as ParameterTree<L>
}

/** The leaf at a dotted path, or undefined. */
export const at = <L extends Leaves>(tree: ParameterTree<L>, path: string): L[keyof L] | undefined => {
  let node: unknown = tree
  for (const key of path.split(".")) node = isBranch(node) ? node[key] : undefined
  // whatever stands at a parameter's path is a leaf of the tree
  return node as L[keyof L] | undefined
}

/** The leaves of a tree with their parameters, in the order of computation. */
export const leavesOf = <L extends Leaves>(
  architecture: Architecture,
  tree: ParameterTree<L>
): ReadonlyArray<readonly [Parameter, L[keyof L]]> =>
  parametersOf(architecture).flatMap((parameter) => {
    const leaf = at(tree, parameter.path)
    return leaf === undefined ? [] : [[parameter, leaf] as const]
  })
