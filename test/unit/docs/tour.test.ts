import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";

it("the tour says how many resources the lab's fleet has: those of its plan, and the stack", () => {
  const planned = parse(readFileSync("test/golden/plans/Pulumi.dev.yaml", "utf8")) as unknown[];
  expect(readFileSync("docs/tour.md", "utf8")).toContain(`Resources: create ${planned.length + 1}.`);
});
