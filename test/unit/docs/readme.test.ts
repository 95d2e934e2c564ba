import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { parseFleetConfig } from "../../../fleet/config/parse";

it("the stack file that the README opens with is a valid one", () => {
  const readme = readFileSync(join(__dirname, "..", "..", "..", "README.md"), "utf8");
  const [, block = ""] = /```yaml\n(config:[\s\S]*?)```/.exec(readme) ?? [];
  const { config } = parse(block) as { config: Record<string, unknown> };
  const values = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("linkerd-fleet:", ""), value]),
  );
  expect(parseFleetConfig({ values, secretKeys: new Set() })).not.toHaveProperty("problems");
});
