import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createdClusters, isRunning } from "../../lab/clusters";
import { repository } from "../../lab/env";
import { TestLab } from "./harness";

let lab: TestLab;

beforeAll(async () => {
  lab = await TestLab.create();
});
afterAll(() => lab?.remove());

/** Runs `npm run lab` and sends it a signal once it prints this; returns its exit code and what it said. */
async function signalled(signal: NodeJS.Signals, at: RegExp): Promise<{ code: number | null; said: string }> {
  const child: ChildProcess = spawn(
    process.execPath,
    ["--import", "tsx", join(repository, "lab", "cli.ts")],
    {
      cwd: repository,
      env: lab.env(),
    },
  );
  let said = "";
  let sent = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text: Buffer) => {
      said += text.toString();
      if (!sent && at.test(said)) sent = child.kill(signal);
    });
  }
  await once(child, "close");
  return { code: child.exitCode, said };
}

test("Ctrl-C while clusters start ends in a sentence, not in a stack trace", async () => {
  const { code, said } = await signalled("SIGINT", /starting clusters/);
  expect(code).toBe(130);
  expect(said).toContain("Interrupted. `npm run lab` goes on from here");
  expect(said).not.toMatch(/^\s+at /m);
});

test("Ctrl-C in the middle of `pulumi up` waits for the engine", async () => {
  const { code, said } = await signalled("SIGINT", /pulumi up[\s\S]* [1-9]\d* resources done/);
  expect(code).toBe(130);
  expect(said).toContain("Stopping once the running step is over");
  expect(createdClusters(lab.lab).map(({ name }) => isRunning(lab.lab, name))).toEqual([true, true, true]);
});

test("the next run completes the fleet, and then nothing changes", async () => {
  const next = await lab.cli();
  expect(next.stderr).toBe("");
  expect(next.code).toBe(0);
  expect(await lab.preview()).toEqual([]);
});

test("an engine whose command was killed goes on; until it is done the next run says so", async () => {
  lab.edit((config) => {
    config["linkerd-fleet:clusters"].latam = {
      context: "latam",
      network: "lab",
      apiServer: lab.apiServer(3),
    };
  });
  await signalled("SIGKILL", /pulumi up[\s\S]* [1-9]\d* resources done/);
  const refused = await lab.cli();
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/^pulumi is at work on this stack already \(process \d+\)/);
  await expect.poll(() => lab.cli().then(({ code }) => code), { timeout: 120_000, interval: 2000 }).toBe(0);
  expect(await lab.preview()).toEqual([]);
});
