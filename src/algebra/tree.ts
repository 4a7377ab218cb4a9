/**
 * Trees of tensors: a model's parameters, an optimiser's state, a batch. A tree is plain data (records, arrays and
 * leaves), so a model is written as its paper writes it and every interpreter walks it the same way.
 */

/** A leaf, or a record or array of trees. A field that is undefined is absent. */
export type Tree<T> = T | undefined | ReadonlyArray<Tree<T>> | { readonly [field: string]: Tree<T> }

/** A leaf and the dotted path to it: `layers.0.attention.query.weight`. */
export interface Leaf<T> {
  readonly path: string
  readonly value: T
}

const join = (path: string, field: string | number): string => (path === "" ? `${field}` : `${path}.${field}`)

/** A walk over anything shaped as a tree; `isLeaf` tells a leaf from a record. */
export const make = <T>(isLeaf: (value: unknown) => value is T) => {
  const leaves = (tree: unknown, path = ""): ReadonlyArray<Leaf<T>> => {
    if (tree === undefined || tree === null) return []
    if (isLeaf(tree)) return [{ path, value: tree }]
    if (Array.isArray(tree)) return tree.flatMap((branch, index) => leaves(branch, join(path, index)))
    if (typeof tree === "object")
      return Object.entries(tree).flatMap(([field, branch]) => leaves(branch, join(path, field)))
    return []
  }
  const map = (tree: unknown, change: (leaf: T, path: string) => unknown, path = ""): unknown => {
    if (tree === undefined || tree === null) return tree
    if (isLeaf(tree)) return change(tree, path)
    if (Array.isArray(tree)) return tree.map((branch, index) => map(branch, change, join(path, index)))
    if (typeof tree === "object")
      return Object.fromEntries(
        Object.entries(tree).map(([field, branch]) => [field, map(branch, change, join(path, field))])
      )
    return tree
  }
  return { leaves, map }
}
