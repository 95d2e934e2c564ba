/** `npm run docs`: writes the documents that follow from the configuration's schema. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { documents } from "./documents";

for (const [path, text] of Object.entries(documents())) writeFileSync(join(__dirname, "..", path), text);
