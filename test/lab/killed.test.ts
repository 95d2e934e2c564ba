import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labEnv, repository } from "../../lab/env";
import { endProcess } from "../../live/processes";
import { documented } from "./faultTable";
import { TestLab } from "./harness";
import { liveObjects, orphans, releaseStates } from "./inventory";
import { exactly, follow, readRunbook } from "./runbook";

const KILLS = 10;
const seed = Number(process.env.LINKERD_FLEET_SEED ?? Date.now() % 1_000_000);
const CLUSTERS = ["us", "eu"];

let lab: TestLab;
beforeAll(async () => {
  console.log(`points of the kills: LINKERD_FLEET_SEED=${seed}`);
  lab = await TestLab.pair();
});
afterAll(() => lab?.remove());

/** How far the stack is: what its state holds, and how many operations are under way. */
function progress(): { resources: number; pending: number } {
  const file = join(lab.lab.state, ".pulumi", "stacks", "linkerd-fleet", "dev.json");
  if (!existsSync(file)) return { resources: 0, pending: 0 };
  const { latest } = JSON.parse(readFileSync(file, "utf8")).checkpoint;
  return { resources: latest?.resources?.length ?? 0, pending: latest?.pending_operations?.length ?? 0 };
}

/** The process that holds the stack's lock. */
function engine(): number | undefined {
  const folder = join(lab.lab.state, ".pulumi", "locks");
  if (!existsSync(folder)) return undefined;
  const locks = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".json"),
  );
  return locks.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")).pid as number)[0];
}

/** The processes that run the program for an engine. */
function languageHosts(engine: number): number[] {
  const children = (of: number) =>
    readdirSync(`/proc/${of}/task`).flatMap((thread) =>
      readFileSync(`/proc/${of}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  const hosts = children(engine).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("pulumi-language-nodejs"),
  );
  return hosts.flatMap((host) => [host, ...children(host)]);
}

/** Where an engine is killed: when so many resources are recorded and one is under way, at most so many ms later. */
interface Point {
  readonly resources: number;
  readonly wait: number;
}

const pointsWithin = (min: number, max: number, count: number): Point[] =>
  fc
    .sample(fc.record({ resources: fc.integer({ min, max }), wait: fc.integer({ min: 0, max: 2500 }) }), {
      numRuns: count,
      seed,
    })
    .sort((a, b) => a.resources - b.resources);

/** Runs a program that runs the engine, and kills the engine in the middle of an operation; returns its exit code. */
async function killedAt({ resources: point, wait }: Point, program: string, args: string[]): Promise<number> {
  const env = {
    ...labEnv(lab.lab, lab.tools),
    LINKERD_FLEET_LAB: lab.lab.root,
    LINKERD_FLEET_PROJECT: lab.lab.project,
  };
  const child: ChildProcess = spawn(program, args, { cwd: lab.lab.project, env, stdio: "ignore" });
  const ended = once(child, "close");
  let over = false;
  ended.then(() => {
    over = true;
  });
  for (;;) {
    const { resources, pending } = progress();
    const pid = engine();
    if (pid !== undefined && resources >= point && pending > 0) {
      const until = Date.now() + wait;
      // Not after the update's own end: on a fast machine little is left to do.
      while (Date.now() < until && progress().pending > 0) await sleep(20);
      const programs = languageHosts(pid);
      process.kill(pid, "SIGKILL");
      await ended;
      // Unlike its plugins, the engine's language host and the program seldom notice.
      programs.forEach(endProcess);
      return child.exitCode ?? 128 + constants.signals[child.signalCode ?? "SIGKILL"];
    }
    if (over) throw new Error(`the update ended before the kill at ${point} of ${resources} resources`);
    await sleep(20);
  }
}

describe("an engine killed at ten random points of `up`", () => {
  const [recover, ...rest] = exactly(3, readRunbook("recover-from-an-interrupted-update"));
  /** Every object ever seen, and its identity. */
  const seen = new Map<string, string>();
  /** Of the last `up` that was killed. */
  let code = 0;
  /** What an `up` says of the lock that the dead engine left. */
  let locked = "";

  const up = ["up", "--yes", "--skip-preview", "--continue-on-error", "--non-interactive"];

  it("is healed by one command each time", async () => {
    const [first = { resources: 4, wait: 0 }] = pointsWithin(4, 20, 1);
    await killedAt(first, process.execPath, ["--import", "tsx", join(repository, "lab", "cli.ts")]);
    await meetTheLock();
    // An engine that is killed while it writes leaves this, too rarely for a test to wait for it.
    const attributes = join(lab.lab.state, ".pulumi", "stacks", "linkerd-fleet", "dev.json.attrs");
    truncateSync(attributes);
    expect(await heal()).toMatch(new RegExp(`Cut short when .*${attributes}.* → deleted`));

    const total = (await lab.preview()).length + progress().resources;
    for (const point of pointsWithin(first.resources, Math.floor(total * 0.85), KILLS - 1)) {
      code = await killedAt(point, lab.tools.bin.pulumi, up);
      if (locked === "") await meetTheLock();
      const healed = await heal();
      console.log(`killed at ${progress().resources} of ${total} resources\n${healed}`);
    }
  });

  /** Where the state cannot be read, an `up` does not come as far as the lock. */
  async function meetTheLock(): Promise<void> {
    const refused = await lab.pulumi(...up);
    locked = /the stack is currently locked/.exec(refused.stdout + refused.stderr)?.[0] ?? "";
  }

  /** What the command says that heals the stack. */
  async function heal(): Promise<string> {
    const healed = await follow(lab, recover);
    expect(healed.code, healed.stderr).toBe(0);
    for (const cluster of CLUSTERS)
      for (const { key, uid } of await liveObjects(lab, cluster)) seen.set(`${cluster} ${key}`, uid);
    return healed.stdout;
  }

  it("the next `up` finishes, and the preview after it is empty", async () => {
    for (const step of rest) {
      const done = await follow(lab, step);
      expect(done.code, done.stdout + done.stderr).toBe(0);
    }
  });

  it("nothing was uninstalled or made twice, and nothing is left that the state does not know", async () => {
    expect(seen.size).toBeGreaterThan(100);
    const now = new Map<string, string>();
    let orphaned = 0;
    for (const cluster of CLUSTERS) {
      for (const { key, uid } of await liveObjects(lab, cluster)) now.set(`${cluster} ${key}`, uid);
      orphaned += (await orphans(lab, cluster)).length;
      expect(await releaseStates(lab, cluster)).toEqual({
        "linkerd-crds": ["deployed"],
        "linkerd-control-plane": ["deployed"],
        "linkerd-multicluster": ["deployed"],
      });
    }
    const lost = [...seen].filter(([key, uid]) => now.get(key) !== uid);
    expect(lost).toEqual([]);
    documented({
      fault: "the engine is killed (SIGKILL), at ten random points of `up`",
      code,
      says: locked,
      others: "none to apply",
      healed: "`npx fleet recover`, `up`",
      lost: lost.length,
      orphaned,
    });
  });
});
