/** The laws that need a browser, apart from the others: `npm run browser`. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["laws/browser/*.test.ts", "laws/browser/*.law.ts"],
    testTimeout: 300_000
  }
})
