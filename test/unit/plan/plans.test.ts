import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PLANTED } from "../../../testing/mocks";
import { compact } from "../../../testing/plans/compact";
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

  it("loses nothing where one resource is told as like another", () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.integer()));
    // Plain objects, as resources have: one without a prototype would differ from its like by that alone.
    const plain = { noNullPrototype: true };
    const values = fc.dictionary(
      fc.constantFrom("us", "eu", "c", "d"),
      fc.oneof(leaf, fc.dictionary(fc.constantFrom("e", "us"), leaf, plain)),
      plain,
    );
    const resources = fc.array(
      fc.record(
        {
          name: fc.constantFrom("us-a", "eu-a", "us-to-eu", "eu-to-us", "us-to-apac"),
          type: fc.constantFrom("x", "y"),
          inputs: values,
        },
        plain,
      ),
      { minLength: 2, maxLength: 6 },
    );
    fc.assert(
      fc.property(resources, fc.nat(), values, (before, at, inputs) => {
        const clusters = ["us", "eu", "apac"];
        const after = before.map((resource, index) =>
          index === at % before.length ? { ...resource, inputs } : resource,
        );
        const alike = isDeepStrictEqual(before, after);
        expect(isDeepStrictEqual(compact(before, clusters), compact(after, clusters))).toBe(alike);
      }),
    );
  });

  it("belongs to a stack file", () => {
    const plans = readdirSync("test/golden/plans");
    expect(plans, "a plan whose stack file is gone: delete it").toEqual(
      STACK_FILES.map((file) => basename(file)).sort(),
    );
  });
});
