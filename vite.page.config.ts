/** The page: `npm run page` serves it while it is written, `npm run page:build` makes the files of a static site. */
import { defineConfig } from "vite"
import { style } from "./src/runtime/report/style.ts"

/** Browsers share memory with threads only where a page asks to be isolated from other origins. */
const headers = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" }

export default defineConfig({
  root: "page",
  base: "./",
  build: {
    outDir: "../out/page", emptyOutDir: true, target: "esnext", assetsInlineLimit: 0, chunkSizeWarningLimit: 4096
  },
  worker: { format: "es" },
  optimizeDeps: { entries: ["index.html", "worker.ts"] },
  server: { headers, fs: { allow: [".."] } },
  preview: { headers },
  plugins: [{
    name: "style of reports",
    transformIndexHtml: () => [{ tag: "style", children: style, injectTo: "head-prepend" }]
  }]
})
