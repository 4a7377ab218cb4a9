import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("..", import.meta.url))

const pages = async (): Promise<ReadonlyArray<string>> =>
  ["README.md", "CONTRIBUTING.md", ...(await readdir(path.join(root, "docs"), { recursive: true }))
    .filter((name) => name.endsWith(".md") && !name.startsWith("api")).map((name) => path.join("docs", name))]

const textOf = (page: string): Promise<string> => readFile(path.join(root, page), "utf8")

/** The TypeScript of a page, read from its top as one program. */
const codeOf = (text: string): string =>
  [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block).join("\n")

const compiler = path.join(root, "node_modules/typescript7/bin/tsc")

/** The errors that the compiler finds in programs by name, from a folder in which `noether` is this project. */
const errorsOf = async (programs: Readonly<Record<string, string>>): Promise<ReadonlyArray<string>> => {
  await mkdir(path.join(root, "out"), { recursive: true })
  const folder = await mkdtemp(path.join(root, "out/snippets-"))
  try {
    const settings = { extends: "../../tsconfig.json", include: ["*.ts"] }
    await writeFile(path.join(folder, "tsconfig.json"), JSON.stringify(settings))
    for (const [name, code] of Object.entries(programs)) await writeFile(path.join(folder, `${name}.ts`), code)
    const said = await promisify(execFile)(process.execPath, [compiler, "-p", folder], { cwd: folder }).then(
      () => "", (error: { readonly stdout: string }) => error.stdout)
    return said.split("\n").filter((line) => /^[\w-]+\.ts/.test(line))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The pages that a page leads to and that are not there. */
const lostLinks = (page: string, text: string): ReadonlyArray<string> =>
  [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(path.join(root, path.dirname(page), target)))

describe("the guides", () => {
  it("hold code that compiles, page by page; a contraction over an axis that is not there does not", async () => {
    const codes = await Promise.all((await pages()).map(async (page) => [page, codeOf(await textOf(page))] as const))
    const programs = Object.fromEntries(codes.filter(([, code]) => code !== "")
      .map(([page, code]) => [page.replace(/\W+/g, "-"), code]))
    expect(Object.keys(programs).length).toBeGreaterThan(4)
    const broken = `${programs["docs-algebra-md"]}\ncontract(x, query, "memory")\n`
    const errors = await errorsOf({ ...programs, broken })
    expect(errors).toEqual([expect.stringMatching(/^broken\.ts.*"memory"/)])
  })

  it("lead to pages that are there", async () => {
    for (const page of await pages()) expect(lostLinks(page, await textOf(page)), page).toEqual([])
    expect(lostLinks("README.md", "[this](docs/nowhere.md)")).toEqual(["docs/nowhere.md"])
  })
})
