#!/usr/bin/env node
// The command `fleet`: it runs the TypeScript beside it. `npx` and `npm run` find Node 22 in node_modules.
if (Number.parseInt(process.versions.node, 10) < 22) {
  console.error("fleet needs Node.js 22: run it as `npx fleet`, which finds it in node_modules.");
  process.exit(3);
}
require("tsx");
require("./cli").main();
