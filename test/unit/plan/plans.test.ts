import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { PLANTED } from "../../../testing/mocks";
import { planFile, STACK_FILES } from "../../../testing/plans/files";
import { renderPlan } from "../../../testing/plans/render";

describe("the committed plan", () => {
  it.each(STACK_FILES)("of %s is what the program makes today", async (stackFile) => {
    const plan = await renderPlan(stackFile);
    const file = planFile(stackFile);
    const committed = existsSync(file) ? readFileSync(file, "utf8") : "";
    expect(plan, `${file} is not what the program makes: run \`npm run plans\` and review its diff`).toBe(
      committed,
    );
    for (const secret of Object.values(PLANTED)) expect(plan).not.toContain(secret);
  });

  it("belongs to a stack file", () => {
    const plans = readdirSync("test/golden/plans");
    expect(plans, "a plan whose stack file is gone: delete it").toEqual(
      STACK_FILES.map((file) => basename(file)).sort(),
    );
  });
});
