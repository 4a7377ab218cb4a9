#!/usr/bin/env node
// The `noether` command: from its sources where they are, else from the built package, on the Node that it needs.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { constants } from "node:os"
import { fileURLToPath } from "node:url"

const local = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const source = local("src/runtime/main.ts")
const inTree = existsSync(source)
const suffices = major > 22 || (major === 22 && minor >= (inTree ? 18 : 12))
const packaged = local("node_modules/node/bin/node")

if (suffices) {
  await import(inTree ? source : local("dist/src/runtime/main.js"))
} else if (existsSync(packaged) && process.execPath !== packaged) {
  const child = spawn(packaged, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" })
  // a terminal sends Ctrl-C to both; what is sent to this process alone is passed on
  process.on("SIGINT", () => { if (!process.stdin.isTTY) child.kill("SIGINT") })
  process.on("SIGTERM", () => child.kill("SIGTERM"))
  child.on("exit", (status, signal) => { process.exitCode = status ?? 128 + (constants.signals[signal] ?? 0) })
} else {
  console.error(`noether needs Node ${inTree ? "22.18" : "22.12"} or newer, or its own (npm ci); this is ${process.versions.node}`)
  process.exitCode = 1
}
