import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import { WITHOUT_CHECKPOINTS } from "../../ops/rollout/main";
import { LoneProject } from "../../testing/loneProject";

const UP = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "trust"];

let project: LoneProject;
beforeAll(async () => {
  project = await LoneProject.create();
  const file = join(project.folder, "Pulumi.trust.yaml");
  writeFileSync(file, stringify({ config: { "linkerd-fleet:fleet": join(project.folder, "fleet.yaml") } }));
  await project.must("stack", "init", "trust");
});
afterAll(() => project?.remove());

function haveClusters(count: number): void {
  const clusters = Array.from({ length: count }, (_, at) => [
    `c${at}`,
    { stack: "prod", context: `c${at}`, apiServer: `https://c${at}.example.com` },
  ]);
  const fleet = {
    linkerd: { version: "2026.8.3", source: project.tools.charts },
    trust: { stack: "trust", anchors: [{ id: "2026", state: "active" }] },
    clusters: Object.fromEntries(clusters),
    topology: { kind: "hub", hub: "c0" },
  };
  writeFileSync(join(project.folder, "fleet.yaml"), stringify(fleet));
}

/** Kills the engine once it has made so many resources. */
async function killAfter(resources: number): Promise<void> {
  const events = join(project.folder, "events");
  rmSync(events, { force: true });
  const engine = project.begin([...UP, `--event-log=${events}`], WITHOUT_CHECKPOINTS);
  const ended = once(engine, "exit");
  const made = () =>
    existsSync(events) ? readFileSync(events, "utf8").split("resOutputsEvent").length - 1 : 0;
  await vi.waitFor(() => expect(made()).toBeGreaterThanOrEqual(resources), { timeout: 60_000, interval: 20 });
  engine.kill("SIGKILL");
  expect(await ended).toEqual([null, "SIGKILL"]);
  await project.must("cancel", "--yes", "trust");
}

const exported = z.object({
  deployment: z.object({
    resources: z.array(z.object({ urn: z.string(), type: z.string() })).default([]),
    pending_operations: z.array(z.unknown()).default([]),
  }),
});

async function state(): Promise<string> {
  return (await project.must("stack", "export", "--show-secrets", "--stack", "trust")).stdout;
}

const read = (text: string) => exported.parse(JSON.parse(text)).deployment;
const keysIn = (text: string) =>
  read(text).resources.filter(({ type }) => type.endsWith(":PrivateKey")).length;

describe("the stack of the anchors, deployed without checkpoints and killed", () => {
  it.each([5, 40])("after %s resources of its first `up`, has made nothing", async (many) => {
    haveClusters(20);
    await killAfter(many);
    expect(read(await state())).toEqual({ resources: [], pending_operations: [] });
  });

  it("later, is as it was before, and the next `up` keeps the anchor", async () => {
    await project.must(...UP);
    const before = await state();
    expect(keysIn(before)).toBe(21);
    const anchor = (await project.must("stack", "output", "trustBundle", "--stack", "trust")).stdout;

    haveClusters(40);
    await killAfter(100);
    expect(read(await state())).toEqual(read(before));

    await project.must(...UP);
    const after = await state();
    expect(keysIn(after)).toBe(41);
    expect(read(after).pending_operations).toEqual([]);
    expect((await project.must("stack", "output", "trustBundle", "--stack", "trust")).stdout).toBe(anchor);
  });
});
