import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { repository } from "../../lab/env";
import { type Ran, run } from "../../lab/run";
import { exactly, readCommands, runAsWritten, type Step } from "./runbook";

let clone: string;
let files: string[];

beforeAll(async () => {
  clone = mkdtempSync(join(tmpdir(), "linkerd-fleet-clone-"));
  const listed = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repository,
    env: process.env,
  });
  files = listed.stdout.split("\0").filter(Boolean);
  for (const file of files) cpSync(join(repository, file), join(clone, file));
});
afterAll(() => rmSync(clone, { recursive: true }));

const [install] = exactly(1, readCommands("README.md").slice(0, 1));
const [verbs] = exactly(1, readCommands("docs/commands.md"));
const [bench] = exactly(1, readCommands("README.md").slice(-1));
const [regenerate] = exactly(1, readCommands("CONTRIBUTING.md"));

async function succeeds(step: Step): Promise<Ran> {
  const ran = await runAsWritten(step, (script) =>
    run("bash", ["-euo", "pipefail", "-c", script], { cwd: clone, env: process.env }),
  );
  expect(ran.code, `${step.text}${ran.stdout}${ran.stderr}`).toBe(0);
  return ran;
}

it("the README's first command installs all that a clone needs", async () => {
  await succeeds(install);
});

it("the command works right after it, in the clone's folder", async () => {
  const ran = await succeeds(verbs);
  expect(ran.stdout).toContain("Pulumi.dev.yaml: no problems");
  for (const words of [
    ["verify", "--help"],
    ["check", "examples/three-regions.yaml"],
  ]) {
    const one = await run("npx", ["fleet", ...words], { cwd: clone, env: process.env });
    expect(one.code, one.stdout + one.stderr).toBe(0);
  }
});

it("what CONTRIBUTING.md says to run after a change leaves nothing to commit", async () => {
  await succeeds(regenerate);
  const changed = files.filter(
    (file) => !readFileSync(join(clone, file)).equals(readFileSync(join(repository, file))),
  );
  expect(changed).toEqual([]);
});

it("the README's figure of the planner is taken", async () => {
  expect((await succeeds(bench)).stdout).toContain("plan a mesh of 300 clusters");
});
