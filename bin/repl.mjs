#!/usr/bin/env node
// The typed REPL, from the built package: `npm run repl` builds it when it is older than its sources.
import "../dist/src/runtime/repl/main.js"
