import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["laws/**/*.law.ts", "laws/*.test.ts"],
    setupFiles: ["laws/seed.ts"],
    testTimeout: 60_000,
    maxWorkers: 2
  }
})
