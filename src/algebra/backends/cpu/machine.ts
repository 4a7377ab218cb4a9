/** What the machine has, in Node and in browsers, which say it differently. */

/** True in Node, Bun and Deno, where workers come from node:worker_threads. */
export const isNode = typeof globalThis.process === "object" && typeof globalThis.process.versions?.node === "string"

/** Threads that can run at once. */
export const cores = (): number => (isNode
  ? process.getBuiltinModule("node:os").availableParallelism()
  : globalThis.navigator.hardwareConcurrency)

/** Bytes of memory; a browser does not tell, and 4 GiB are taken. */
export const memoryBytes = (): number => (isNode ? process.getBuiltinModule("node:os").totalmem() : 2 ** 32)
