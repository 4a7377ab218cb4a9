import * as fc from "fast-check"
import { Effect, Exit, FileSystem, Layer, Path } from "effect"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import { given, layer } from "../../page/files.ts"
import { openFolder } from "../../src/methods/language/folder.ts"
import { readText } from "../../src/runtime/commands/text.ts"

/** A server of the files beside the page, which sends each as `sent` makes it. */
const server = (sent: (bytes: Buffer, url: URL) => Buffer | undefined = (bytes) => bytes) => {
  const asked: Array<string> = []
  vi.stubGlobal("fetch", async (url: URL) => {
    asked.push(url.pathname)
    const bytes = sent(await readFile(fileURLToPath(url)), url)
    return bytes === undefined ? new Response("", { status: 404 }) : new Response(new Uint8Array(bytes))
  })
  return asked
}

const run = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>) =>
  Effect.runPromiseExit(Effect.provide(effect, Layer.fresh(Layer.merge(layer, Path.layer))))
const value = async <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>): Promise<A> => {
  const exit = await run(effect)
  if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
  return exit.value
}

const text = given.prose.heldOut
let prose = ""
beforeAll(async () => {
  prose = gunzipSync(await readFile(new URL("../../data/prose.heldout.txt.gz", import.meta.url))).toString("utf8")
})
afterEach(() => { vi.unstubAllGlobals() })

describe("the page's files", () => {
  it("are read as the text that was compressed, whoever inflates it", async () => {
    server()
    expect(await value(readText(text))).toBe(prose)
    server((bytes, { pathname }) => pathname.endsWith(".gz") ? gunzipSync(bytes) : bytes)
    expect(await value(readText(text))).toBe(prose)
  })

  it("are a model's folder", async () => {
    server()
    const { architecture, weights, tokenizerFiles } = await value(Effect.scoped(openFolder(given.model)))
    expect(architecture.vocabulary).toBe(1024)
    expect(weights.tensors.size).toBeGreaterThan(10)
    expect(tokenizerFiles).toEqual(["models/default/tokenizer.json", "models/default/tokenizer_config.json"])
  })

  /** Bytes from anywhere are those of the file, and end where it ends. */
  const readsParts = (shift: number) => fc.asyncProperty(
    fc.array(fc.tuple(fc.nat(800), fc.nat(300), fc.boolean()), { maxLength: 6 }),
    async (parts) => {
      server()
      const whole = await readFile(new URL("../../models/default/config.json", import.meta.url))
      await value(Effect.scoped(Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const file = yield* fs.open("./models/default/config.json")
        let cursor = 0
        for (const [from, length, here] of parts) {
          const begin = here ? cursor : from
          const into = new Uint8Array(length)
          const read = yield* file.read(into, here ? {} : { position: BigInt(from + shift) })
          if (here) cursor += Number(read)
          const expected = whole.subarray(begin, begin + length)
          expect(Buffer.from(into.subarray(0, Number(read)))).toEqual(Buffer.from(expected))
        }
      })))
    }
  )
  it("are read from any position, or from where the last reading ended", () => fc.assert(readsParts(0)))
  it("would not be, one byte off", () =>
    expect(fc.check(readsParts(1), { numRuns: 30 })).resolves.toMatchObject({ failed: true }))

  it("are fetched once", async () => {
    const asked = server()
    await value(Effect.andThen(readText(text), readText(`/${text}`)))
    expect(asked).toHaveLength(1)
  })

  it("are missed by name, and never written", async () => {
    server()
    expect(String(await run(readText("data/other.txt")))).toMatch(/NotFound.*data\/other\.txt|data\/other\.txt.*no such file/)
    const write = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString("models/default/config.json", "{}"))
    expect(Exit.isFailure(await run(write))).toBe(true)
    server(() => undefined)
    expect(String(await run(readText(text)))).toMatch(/404/)
  })
})
