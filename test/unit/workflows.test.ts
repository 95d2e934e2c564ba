import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const folder = join(__dirname, "..", "..", ".github", "workflows");

interface Workflow {
  permissions: object;
  jobs: Record<
    string,
    {
      permissions?: object;
      concurrency?: object;
      steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
    }
  >;
}

describe.each(readdirSync(folder))("%s", (file) => {
  const text = readFileSync(join(folder, file), "utf8");
  const workflow: Workflow = parse(text);
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  it("pins every action to a commit", () => {
    const uses = steps.flatMap((step) => step.uses ?? []);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40}$/);
  });

  it("grants nothing by default, and each job what it needs", () => {
    expect(workflow.permissions).toEqual({});
    for (const job of jobs) {
      expect(job.permissions).toMatchObject({ contents: "read" });
      expect(job.concurrency).toBeDefined();
    }
    for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
      expect(step.with).toMatchObject({ "persist-credentials": false });
    }
  });

  it("never puts an expression into a shell command, where a name could inject one", () => {
    for (const { run = "" } of steps) expect(run).not.toContain("${{");
  });

  it("never lets one unreachable cluster stop an update of the others", () => {
    for (const { run = "" } of steps) {
      if (/pulumi up\b/.test(run)) expect(run).toContain("--continue-on-error");
    }
  });
});
