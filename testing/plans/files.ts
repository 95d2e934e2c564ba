import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** Every stack file of the repository, by its path from the root. */
export const STACK_FILES = [
  "Pulumi.dev.yaml",
  "docs/example-stack.yaml",
  ...readdirSync("examples")
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => join("examples", file)),
];

/** Where the plan of a stack file is committed. */
export function planFile(stackFile: string): string {
  return join("test", "golden", "plans", basename(stackFile));
}
