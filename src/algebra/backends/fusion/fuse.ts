/**
 * Which expressions are stored in memory, and which stored ones are computed together in one kernel. Stored are the
 * results of contractions and reductions, what is used several times and costs more to compute than to load, and what
 * operations need in memory; everything else is read through. Groups share a space: rows, and inner axes that their
 * reductions fold. Laws: laws/algebra/backends/cpu/engine.law.ts.
 */
import type { Axes } from "../../axis.ts"
import * as Axis from "../../axis.ts"
import type { Expression } from "../../expression.ts"
import { operands } from "../../expression.ts"
import type { Graph } from "../../graph.ts"

/** Stored expressions that one kernel computes, or one that has a kernel of its own kind. */
export interface Group {
  readonly members: ReadonlyArray<Expression>
  /** Axes of the rows and of the inner loops, with sizes; undefined for operations with kernels of their own. */
  readonly space: Space | undefined
  /** The stored expressions of other groups, and sources, that this one reads. */
  readonly reads: ReadonlySet<Expression>
}

export interface Space {
  readonly rows: Axes
  readonly inner: Axes
  /** Whether no member may have the whole space: reductions that run over rows of memory, or that are to be divided. */
  readonly reductionsOnly: boolean
}

const unaryCosts: { readonly [kind: string]: number } = {
  exponential: 12,
  logarithm: 12,
  sine: 16,
  cosine: 16,
  tangentHyperbolic: 16,
  errorFunction: 20,
  power: 40,
  remainder: 20,
  divide: 4,
  reciprocal: 4,
  squareRoot: 4
}
const loadCost = 2
/** An expression used more than once is stored if it costs as much as this: two loads and an addition. */
const worthStoring = 5
/** One that is used once, but for many elements, is stored if it costs as much as this. */
const worthHoisting = 10

const isSource = ({ operation: { op } }: Expression): boolean => op === "input" || op === "literal"

/** Operations with kernels of their own. */
export const isOwnKind = ({ operation: { op } }: Expression): boolean =>
  op === "contract" ||
  op === "concatenate" ||
  op === "scatter" ||
  op === "argsort" ||
  op === "factorise" ||
  op === "solve"

/** A reduction that folds something: over no axes it is its operand. */
export const isReduction = ({ operation }: Expression): boolean =>
  operation.op === "reduce" && operation.over.length > 0

/** What only moves elements about, so that a contraction can read through it by strides. */
export const isView = ({ operation: { op } }: Expression): boolean =>
  op === "rename" || op === "split" || op === "merge" || op === "slice" || op === "expand"

/** What lies below views. */
export const underViews = (node: Expression): Expression => {
  let found = node
  for (let [x] = operands(found); isView(found) && x !== undefined; [x] = operands(found)) found = x
  return found
}

const mustStore = (node: Expression, readInPlace: ReadonlySet<Expression>): ReadonlyArray<Expression> => {
  const { operation } = node
  switch (operation.op) {
    case "contract":
      return [node, ...[operation.x, operation.y].filter((each) => !readInPlace.has(each)).map(underViews)]
    case "argsort":
    case "factorise":
    case "solve":
      return [node, ...operands(node)]
    case "concatenate":
    case "scatter":
      return [node]
    case "reduce":
      return operation.over.length > 0 ? [node] : []
    default:
      return []
  }
}

/** The expressions of a graph that need no input. */
export const constants = (graph: Graph): ReadonlySet<Expression> => {
  const found = new Set<Expression>()
  for (const node of graph.nodes)
    if (node.operation.op !== "input" && operands(node).every((operand) => found.has(operand))) found.add(node)
  return found
}

/**
 * The expressions that are to be stored; `extra` ones are too. Those of `readInPlace` are not for being used in several
 * places, and contractions need not have them stored.
 */
export const stored = (
  graph: Graph,
  extra: ReadonlySet<Expression>,
  readInPlace: ReadonlySet<Expression> = new Set()
): ReadonlySet<Expression> => {
  const found = new Set<Expression>([
    ...extra,
    ...graph.outputs,
    ...graph.nodes.filter(isSource),
    ...graph.nodes.flatMap((node) => mustStore(node, readInPlace))
  ])
  const known = constants(graph)
  const consumers = new Map<Expression, Set<Expression>>()
  for (const node of graph.nodes)
    for (const operand of operands(node)) consumers.set(operand, (consumers.get(operand) ?? new Set()).add(node))
  const costs = new Map<Expression, number>()
  for (const node of graph.nodes) {
    const size = Axis.count(node.axes)
    const { operation } = node
    const own =
      operation.op === "unary" || operation.op === "binary"
        ? (unaryCosts[operation.kind] ?? 1)
        : operation.op === "gather" || operation.op === "pad"
          ? 4
          : operation.op === "select" || operation.op === "cast"
            ? 1
            : 0
    const cost = operands(node).reduce((sum, operand) => {
      const small = Axis.count(operand.axes) * 8 <= size
      return sum + (found.has(operand) ? (small ? loadCost / 4 : loadCost) : (costs.get(operand) ?? 0))
    }, own)
    costs.set(node, cost)
    if (found.has(node) || readInPlace.has(node)) continue
    const users = [...(consumers.get(node) ?? [])]
    const widest = Math.max(...users.map((user) => Axis.count(user.axes)))
    const leavesConstants = known.has(node) && users.some((user) => !known.has(user)) && size <= 2 ** 22
    if (
      (users.length > 1 && cost >= worthStoring) ||
      (cost >= worthHoisting && (widest >= 4 * size || leavesConstants))
    )
      found.add(node)
  }
  return found
}

/** Names of an operand's axes as those of the group's space; undefined where an axis is read in another order. */
type Frame = ReadonlyMap<string, string | undefined>

/** The stored expressions that one is computed from, and whether each is read at the same indices. */
const dependencies = (node: Expression, isStored: ReadonlySet<Expression>): ReadonlyMap<Expression, boolean> => {
  const found = new Map<Expression, boolean>()
  const seen = new Map<Expression, Set<string>>()
  const visit = (x: Expression, frame: Frame): void => {
    if (x !== node && isStored.has(x)) {
      const aligned = Array.from(x.axes.keys()).every((name) => frame.get(name) === name)
      found.set(x, aligned && (found.get(x) ?? true))
      return
    }
    const text = Array.from(x.axes.keys(), (name) => frame.get(name) ?? "?").join()
    const texts = seen.get(x) ?? new Set()
    if (texts.has(text)) return
    seen.set(x, texts.add(text))
    const { operation } = x
    const go = (operand: Expression, rename: (name: string) => string | undefined): void =>
      visit(operand, new Map(Array.from(operand.axes.keys(), (name) => [name, rename(name)])))
    const same = (name: string): string | undefined => frame.get(name)
    switch (operation.op) {
      case "rename":
        return go(operation.x, (name) => frame.get(operation.names.get(name) ?? name))
      case "split":
      case "slice":
      case "pad":
      case "tile":
        return go(operation.x, (name) => (name === operation.axis ? undefined : same(name)))
      case "reduce":
        return go(operation.x, (name) => (operation.over.includes(name) ? name : same(name)))
      case "merge":
        return go(operation.x, (name) => (operation.from.includes(name) ? undefined : same(name)))
      case "gather":
        go(operation.x, (name) => (name === operation.axis ? undefined : same(name)))
        return go(operation.y, same)
      default:
        for (const operand of operands(x)) go(operand, isOwnKind(x) ? () => undefined : same)
    }
  }
  visit(node, new Map(Array.from(node.axes.keys(), (name) => [name, name])))
  return found
}

const sameNames = (left: Axes, right: Axes): boolean => Axis.same(left, right)
const union = (left: Axes, right: Axes): Axes => new Map([...left, ...right])

const spaceOf = (node: Expression): Space | undefined => {
  const { operation } = node
  if (isOwnKind(node) || isSource(node)) return undefined
  if (operation.op !== "reduce" || operation.over.length === 0)
    return { rows: node.axes, inner: new Map(), reductionsOnly: false }
  const inner = new Map(Array.from(operation.x.axes).filter(([name]) => operation.over.includes(name)))
  const last = Array.from(operation.x.axes).findLast(([, size]) => size > 1)
  const contiguous = last !== undefined && inner.has(last[0])
  const wide = Axis.count(node.axes) < 16 && Axis.count(inner) > 2 ** 14
  return { rows: node.axes, inner, reductionsOnly: !contiguous || wide }
}

/** The space that two groups can share, if there is one. */
const unify = (left: Space, right: Space): Space | undefined => {
  const [a, b] = left.inner.size === 0 ? [left, right] : [right, left]
  if (a.inner.size > 0)
    return sameNames(a.rows, b.rows) && sameNames(a.inner, b.inner) && a.reductionsOnly === b.reductionsOnly
      ? a
      : undefined
  if (sameNames(a.rows, b.rows)) return b
  return b.inner.size > 0 && !b.reductionsOnly && sameNames(a.rows, union(b.rows, b.inner)) ? b : undefined
}

interface Cluster {
  members: Array<Expression>
  space: Space | undefined
  /** Clusters that this one reads from, some of which may have been joined to others since. */
  sources: Set<Cluster>
  /** What some member reads at other indices than its own. */
  misaligned: Set<Expression>
  reads: Set<Expression>
  joined: Cluster | undefined
}

const current = (cluster: Cluster): Cluster => {
  let found = cluster
  while (found.joined !== undefined) found = found.joined
  return found
}

/** Whether `from` needs `target` by way of a third cluster. */
const needsThrough = (from: Cluster, target: Cluster): boolean => {
  const seen = new Set<Cluster>([from])
  const stack = [...from.sources].map(current).filter((each) => each !== target && each !== from)
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    for (const source of next.sources) {
      const found = current(source)
      if (found === target) return true
      if (!seen.has(found)) stack.push(found)
    }
  }
  return false
}

/**
 * What is to be stored too so that no expression is computed from more than `most` stored ones: of each that is, its
 * largest part that is not.
 */
export const tooWide = (graph: Graph, isStored: ReadonlySet<Expression>, most: number): ReadonlySet<Expression> => {
  const found = new Set<Expression>()
  if (most === Infinity) return found
  for (const node of graph.nodes) {
    if (!isStored.has(node)) continue
    const roots = isOwnKind(node) ? operands(node).filter((operand) => !isStored.has(operand)) : [node]
    for (const root of roots) {
      if (dependencies(root, isStored).size <= most) continue
      let part: Expression | undefined = root
      const width = (of: Expression): number => (isStored.has(of) ? 1 : dependencies(of, isStored).size)
      do part = operands(part).toSorted((a, b) => width(b) - width(a))[0]
      while (part !== undefined && width(part) > most)
      // a contraction may read through what only moves elements, so that is never stored for this
      if (part !== undefined && !isStored.has(underViews(part))) found.add(underViews(part))
    }
  }
  return found
}

/**
 * The stored expressions in groups, in an order in which each can be computed; a group of several has at most `most`
 * that it reads or computes.
 */
export const groups = (
  graph: Graph,
  isStored: ReadonlySet<Expression>,
  fuse: boolean,
  most = Infinity
): ReadonlyArray<Group> => {
  const known = constants(graph)
  const owner = new Map<Expression, Cluster>()
  const clusters: Array<Cluster> = []
  for (const node of graph.nodes) {
    if (!isStored.has(node) || isSource(node)) continue
    const needs = dependencies(node, isStored)
    const empty = Array.from(node.axes.values()).includes(0)
    const cluster: Cluster = {
      members: [node],
      space: spaceOf(node),
      sources: new Set(),
      reads: new Set(needs.keys()),
      joined: undefined,
      misaligned: new Set([...needs].filter(([, aligned]) => !aligned).map(([each]) => each))
    }
    clusters.push(cluster)
    owner.set(node, cluster)
    for (const each of needs.keys()) {
      const found = owner.get(each)
      if (found !== undefined) cluster.sources.add(current(found))
    }
    if (!fuse || cluster.space === undefined || empty) continue
    for (const [each, aligned] of [...needs].toReversed()) {
      const found = owner.get(each)
      if (found === undefined || !aligned || known.has(each) !== known.has(node)) continue
      const [from, into] = [current(cluster), current(found)]
      if (from === into || from.space === undefined || into.space === undefined) continue
      if (
        into.members.some((member) => from.misaligned.has(member)) ||
        from.members.some((member) => into.misaligned.has(member))
      )
        continue
      if (into.members.some((member) => Array.from(member.axes.values()).includes(0))) continue
      const space = unify(from.space, into.space)
      if (space === undefined || needsThrough(from, into) || needsThrough(into, from)) continue
      if (new Set([...into.reads, ...from.reads, ...into.members, ...from.members]).size > most) continue
      into.members.push(...from.members)
      into.space = space
      for (const source of from.sources) if (current(source) !== into) into.sources.add(current(source))
      for (const each of from.misaligned) into.misaligned.add(each)
      for (const each of from.reads) into.reads.add(each)
      from.joined = into
    }
  }
  const order: Array<Cluster> = []
  const done = new Set<Cluster>()
  const visit = (cluster: Cluster): void => {
    if (done.has(cluster)) return
    done.add(cluster)
    for (const source of cluster.sources) visit(current(source))
    order.push(cluster)
  }
  for (const cluster of clusters) visit(current(cluster))
  const places = new Map(graph.nodes.map((node, index) => [node, index]))
  return order.map(({ members, space, reads }) => ({
    space,
    reads: new Set([...reads].filter((each) => !members.includes(each))),
    members: members.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0))
  }))
}
