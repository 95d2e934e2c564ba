import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { Ran } from "../../lab/run";
import type { Outcome } from "./faultTable";
import { TestLab } from "./harness";
import { liveObjects, orphans } from "./inventory";

export const CLUSTERS = ["us", "eu"];
export const UP = ["up", "--yes", "--skip-preview", "--continue-on-error"];

export let lab: TestLab;
/** Every object of the fleet as it last was in order, and its identity. */
let before: Map<string, string>;

/** Brings the clusters us and eu up once for all tests of a file. */
export function useFaultyFleet(): void {
  beforeAll(async () => {
    lab = await TestLab.pair();
    await lab.bringUp();
    await noteObjects();
  });
  afterAll(() => lab?.remove());
}

/** Notes which objects there are: none of them may be lost from now on. */
export async function noteObjects(): Promise<readonly string[]> {
  before = await inventory();
  return [...before.keys()];
}

async function inventory(): Promise<Map<string, string>> {
  const all = await Promise.all(
    CLUSTERS.map(async (cluster) =>
      (await liveObjects(lab, cluster)).map(({ key, uid }) => [`${cluster} ${key}`, uid] as const),
    ),
  );
  return new Map(all.flat());
}

let changes = 0;
/** A change of every cluster: its Links exclude one more label. */
export function change(): string {
  changes += 1;
  const label = `fault-${changes}`;
  lab.edit((config) => {
    // Not of the whole topology: that changes each cluster's chart as well, which the links to it wait for.
    const links = [
      { source: "us", target: "eu", excludedLabels: [label] },
      { source: "eu", target: "us", excludedLabels: [label] },
    ];
    config["linkerd-fleet:topology"] = { kind: "mesh", links };
  });
  return label;
}

export async function isApplied(label: string, cluster: string): Promise<boolean> {
  const specs = await lab.kubectl(
    cluster,
    "get",
    "links",
    "-A",
    "-o=jsonpath={.items[*].spec.excludedLabels}",
  );
  return specs.includes(`"${label}"`);
}

/** The engine that holds the stack's lock. */
export function lockHolder(): number | undefined {
  const folder = join(lab.lab.state, ".pulumi", "locks");
  const locks = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  const [lock] = locks.filter((file) => file.endsWith(".json"));
  return lock === undefined ? undefined : JSON.parse(readFileSync(join(folder, lock), "utf8")).pid;
}

/** What a command said: the part that must be there, for the table. No fault makes it print a stack trace. */
export function said({ stdout, stderr }: Ran, pattern: RegExp): string {
  const all = stdout + stderr;
  expect(all).toMatch(pattern);
  expect(all).not.toMatch(/unhandled|^\s+at .*:\d+:\d+/im);
  return (pattern.exec(all)?.[0] ?? "").replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
}

/** The last command that heals must leave nothing to do; then what was lost and what nobody knows is counted. */
export async function healedBy(
  commands: readonly (() => Promise<Ran>)[],
  renewed: RegExp = /^$/,
): Promise<Pick<Outcome, "lost" | "orphaned">> {
  for (const command of commands) {
    const ran = await command();
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  }
  expect(await lab.preview()).toEqual([]);
  const now = await inventory();
  const lost = [...before].filter(([key, uid]) => now.get(key) !== uid && !renewed.test(key));
  expect(lost).toEqual([]);
  const orphaned = (await Promise.all(CLUSTERS.map((cluster) => orphans(lab, cluster)))).flat();
  before = now;
  return { lost: lost.length, orphaned: orphaned.length };
}

export const up = () => lab.pulumi(...UP);
export const recover = () => lab.shell("npx fleet recover --yes");
