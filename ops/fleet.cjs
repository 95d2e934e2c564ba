#!/usr/bin/env node
// The command `fleet`: it runs the TypeScript beside it. `npx` and `npm run` find Node 22 in node_modules. In the package,
// the JavaScript that was made of it stands beside it.
if (process.versions.node.localeCompare("22.19.0", "en", { numeric: true }) < 0) {
  console.error(
    `fleet needs Node.js 22.19.0 or later, and this is ${process.versions.node}: run it as \`npx fleet\`, which finds one ` +
      "in node_modules.",
  );
  process.exit(3);
}
if (require("node:fs").existsSync(require("node:path").join(__dirname, "cli.ts"))) require("tsx");
require("./cli").main();
