import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type LiveCluster, openClusters } from "../../ops/live/cluster";
import { TestLab } from "./harness";
import { follow, readRunbook } from "./runbook";

const CLUSTERS = ["us", "eu", "apac"];

let lab: TestLab;
let live: ReadonlyMap<string, LiveCluster>;
beforeAll(async () => {
  lab = await TestLab.create();
  const first = await lab.cli();
  if (first.code !== 0) throw new Error(`the first run failed:\n${first.stdout}\n${first.stderr}`);
  vi.stubEnv("KUBECONFIG", lab.lab.kubeconfig);
  const { plan } = JSON.parse((await lab.pulumi("stack", "output", "--json")).stdout);
  live = await openClusters(plan.clusters, undefined);
});
afterAll(() => lab?.remove());

function cluster(name: string): LiveCluster {
  const found = live.get(name);
  if (!found) throw new Error(`no cluster ${name}`);
  return found;
}

/** The tokens that a source holds for a target, in its two credentials Secrets. */
async function tokens(source: string, target: string): Promise<string[]> {
  const credentials = z.object({ data: z.object({ kubeconfig: z.string() }) });
  return Promise.all(
    ["linkerd", "linkerd-multicluster"].map(async (namespace) => {
      const path = `/api/v1/namespaces/${namespace}/secrets/cluster-credentials-${target}`;
      const read = await cluster(source).get(path, credentials);
      if (read.state !== "found") throw new Error(`${source}: ${path} is ${read.state}`);
      const kubeconfig = JSON.parse(Buffer.from(read.value.data.kubeconfig, "base64").toString());
      return String(kubeconfig.users[0].user.token);
    }),
  );
}

/** Whether the target's API server takes a token, and lets its holder do something. */
async function isAlive(target: string, token: string): Promise<boolean> {
  const read = await cluster(target).rulesOf(token, "shop");
  if (read.state === "failed" && read.why !== "denied") throw new Error(`${target}: ${read.message}`);
  return (
    read.state === "found" && read.value.resourceRules.some(({ resources }) => resources.includes("pods"))
  );
}

/** What must outlive every rotation, by cluster and name: the uids of Links, namespaces, and Helm's first releases. */
async function lasting(): Promise<Record<string, string>> {
  const all = await Promise.all(
    CLUSTERS.map(async (name) => {
      const read = await lab.kubectl(
        name,
        ...["get", "links,namespaces,deployments", "-A"],
        "-o=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{.metadata.creationTimestamp}\n{end}",
      );
      const releases = await lab.kubectl(
        name,
        ...["get", "secrets", "-A", "-l=owner=helm,version=1"],
        "-o=jsonpath={range .items[*]}{.metadata.name} {.metadata.uid}\n{end}",
      );
      return `${read}${releases}`
        .trim()
        .split("\n")
        .map((line) => `${name} ${line}`);
    }),
  );
  return Object.fromEntries(all.flat().map((line) => [line.slice(0, line.lastIndexOf(" ")), line]));
}

describe("rotating an access, as its runbook says", () => {
  const steps = readRunbook("rotate-access");
  let before: Record<string, string>;
  let old: string[];

  it("gives the source a second token, and at no moment does it hold only a dead one", async () => {
    before = await lasting();
    old = await tokens("us", "eu");
    const samples: boolean[] = [];
    let done = false;
    const sampling = (async () => {
      while (!done) {
        const held = await tokens("us", "eu");
        samples.push((await Promise.all(held.map((token) => isAlive("eu", token)))).every(Boolean));
        await sleep(50);
      }
    })();
    const [settings, update] = steps;
    if (!settings || !update) throw new Error("the runbook has no first step");
    await follow(lab, settings);
    const ran = await follow(lab, update);
    done = true;
    await sampling;
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    expect(samples.length).toBeGreaterThan(20);
    expect(samples).not.toContain(false);
    const fresh = await tokens("us", "eu");
    expect(new Set(fresh).size).toBe(1);
    expect(old).not.toContain(fresh[0]);
    for (const token of old) expect(await isAlive("eu", token)).toBe(true);
  });

  it("makes the service mirror and the destination controller read it again, and replaces nothing", async () => {
    const link = await lab.kubectl("us", "get", "link/eu", "-n=linkerd-multicluster", "-o=jsonpath={.spec}");
    expect(JSON.parse(link).excludedAnnotations).toContain("linkerd-fleet/token-generation-2");
    const destination = JSON.parse(
      await lab.kubectl("us", "get", "deployment/linkerd-destination", "-n=linkerd", "-o=json"),
    );
    expect(destination.spec.template.metadata.annotations).toMatchObject({
      "linkerd-fleet/token-generations": "eu=2",
    });
    expect(destination.status.updatedReplicas).toBe(destination.status.replicas);
    expect(await lasting()).toEqual(before);
  });

  it("then removes the old token, which is dead within ten seconds, and that is all", async () => {
    const steps_ = (await lab.preview()).filter(({ type }) => !type.startsWith("pulumi:"));
    expect(steps_.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
      "delete eu-for-us-suffix",
      "delete eu-for-us-token",
    ]);
    const [, , cleanUp] = steps;
    if (!cleanUp) throw new Error("the runbook has no second step");
    const ran = await follow(lab, cleanUp);
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('"tokens":[2]');
    await sleep(10_000);
    for (const token of old) expect(await isAlive("eu", token)).toBe(false);
    for (const token of await tokens("us", "eu")) expect(await isAlive("eu", token)).toBe(true);
    expect(await lab.preview()).toEqual([]);
    expect(await lasting()).toEqual(before);
  });
});

describe("a rotation while the source does not answer", () => {
  it("leaves it with a valid token until it has the new one", async () => {
    const old = await tokens("apac", "us");
    expect((await lab.cli("stop", "apac")).code).toBe(0);
    lab.edit((config) => {
      config["linkerd-fleet:access"] = {
        generations: [
          { target: "eu", source: "us", generation: 2 },
          { target: "us", source: "apac", generation: 2 },
        ],
      };
    });
    const up = ["up", "--yes", "--skip-preview", "--continue-on-error"];
    expect((await lab.pulumi(...up)).code).not.toBe(0);
    expect((await lab.pulumi(...up)).code).not.toBe(0);
    for (const token of old) expect(await isAlive("us", token)).toBe(true);
    expect((await lab.cli("start", "apac")).code).toBe(0);
    expect(await tokens("apac", "us")).toEqual(old);

    const completed = await lab.pulumi(...up);
    expect(completed.stderr).toBe("");
    const fresh = await tokens("apac", "us");
    expect(old).not.toContain(fresh[0]);
    expect((await lab.pulumi(...up)).code).toBe(0);
    expect(await lab.preview()).toEqual([]);
    for (const token of fresh) expect(await isAlive("us", token)).toBe(true);
  });
});
