#!/usr/bin/env node
// The command `fleet`: it runs the TypeScript beside it. `npx` and `npm run` find Node 22 in node_modules.
if (process.versions.node.localeCompare("22.19.0", "en", { numeric: true }) < 0) {
  console.error(
    `fleet needs Node.js 22.19.0 or later, and this is ${process.versions.node}: run it as \`npx fleet\`, which finds one ` +
      "in node_modules.",
  );
  process.exit(3);
}
require("tsx");
require("./cli").main();
