/**
 * `npm run plans`: writes what every stack file of the repository makes, so that a change of code shows its effect.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { planFile, STACK_FILES } from "./files";
import { renderPlan } from "./render";

async function main(): Promise<void> {
  for (const stackFile of STACK_FILES) {
    const file = planFile(stackFile);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await renderPlan(stackFile));
  }
}

main();
