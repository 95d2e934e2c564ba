import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { labEnv } from "../../lab/env";
import { run } from "../../lab/run";
import { asSource, secretData } from "./credentials";
import { type StackConfig, TestLab } from "./harness";
import { exactly, follow, followAll, readRunbook, type Step } from "./runbook";

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create(undefined, { mirrors: true });
  await lab.bringUp();
});
afterAll(() => lab?.remove());

async function done(steps: readonly Step[]): Promise<string> {
  return (await followAll(lab, steps)).stdout;
}

const links = async (cluster: string) =>
  (await lab.kubectl(cluster, "get", "links", "-A", "-o=name")).trim().split("\n").sort();

/** What service mirrors have made in a cluster, as YAML, and their Leases. */
const mirrored = (cluster: string) =>
  lab.kubectl(
    cluster,
    "get",
    "services,endpoints,endpointslices",
    "-A",
    "-l=mirror.linkerd.io/mirrored-service",
    "-o=yaml",
  );
const leases = (cluster: string) =>
  lab.kubectl(cluster, "get", "leases", "-n=linkerd-multicluster", "-o=name");

/** A request of a source's, with what it was given for a target. */
const read = (source: string, target: string) =>
  asSource(lab, source, target, "linkerd-multicluster", ["get", "services", "-n=shop"]);

describe("draining and removing a link, as the runbook says", () => {
  const [setting, up, drained, setting2, up2, tidy] = exactly(6, readRunbook("drain-and-remove-a-link"));
  const scale = (replicas: number) =>
    lab.kubectl(
      "us",
      "scale",
      "deployment/controller-apac",
      "-n=linkerd-multicluster",
      `--replicas=${replicas}`,
    );

  it("the link matches nothing, and the command says what the source still holds", async () => {
    // Its service mirror does not run for now.
    await scale(0);
    await done([setting, up]);
    const selectors = await lab.kubectl(
      "us",
      "get",
      "link/apac",
      "-n=linkerd-multicluster",
      "-o=jsonpath={.spec['selector','remoteDiscoverySelector','federatedServiceSelector'].matchLabels}",
    );
    expect(selectors.match(/linkerd-fleet\/crosses/g)).toHaveLength(3);
    const left = await lab.shell("npx fleet drain --wait 1");
    expect(left.code).toBe(1);
    expect(left.stdout).toContain(
      "us → apac: us still has bi/reports-apac, shop/checkout-federated (federated)",
    );
  });

  it("the command waits until nothing is left, and the removal takes only that link's things", async () => {
    const waiting = follow(lab, drained);
    await scale(1);
    const ran = await waiting;
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).toContain("us → apac: drained");
    const { kubeconfig = "" } = await secretData(lab, "us", "linkerd", "cluster-credentials-apac");
    await done([setting2, up2]);
    // As Linkerd's own mirror does.
    expect(await leases("us")).toContain("service-mirror-write-apac");
    expect(await done([tidy])).toContain("us: deleted Lease linkerd-multicluster/service-mirror-write-apac");
    expect(await leases("us")).not.toContain("service-mirror-write-apac");
    expect(await leases("us")).toContain("service-mirror-write-eu");
    // Its Link to apac is there.
    expect(await leases("eu")).toContain("service-mirror-write-apac");
    expect(await mirrored("eu")).toContain("reports-apac");
    expect(await links("us")).toEqual(["link.multicluster.linkerd.io/eu"]);
    expect(await links("apac")).toHaveLength(2);
    const file = join(lab.folder, "gone");
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    const refused = await run(lab.tools.bin.kubectl, ["get", "services", "-n=shop"], {
      env: { ...labEnv(lab.lab, lab.tools), KUBECONFIG: file },
    });
    expect(refused.code).not.toBe(0);
    expect(await lab.preview()).toEqual([]);
  });
});

it("a revoked source's token is dead at once, and the other sources' are not, as the runbook says", async () => {
  const { kubeconfig = "" } = await secretData(lab, "us", "linkerd", "cluster-credentials-eu");
  const file = join(lab.folder, "leaked");
  writeFileSync(file, kubeconfig, { mode: 0o600 });
  const withLeaked = () =>
    run(lab.tools.bin.kubectl, ["get", "services", "-n=shop"], {
      env: { ...labEnv(lab.lab, lab.tools), KUBECONFIG: file },
    });
  expect((await withLeaked()).code).toBe(0);

  const steps = readRunbook("revoke-a-source");
  // The runbook's fleet still has the link that the one before removed.
  await done(steps.slice(0, 2));
  const refused = await withLeaked();
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/forbidden|Unauthorized|logged in/i);
  for (const [source, target] of [
    ["apac", "eu"],
    ["apac", "us"],
    ["eu", "us"],
  ] as const)
    expect((await read(source, target)).code, `${source} reads ${target}`).toBe(0);
  await done(steps.slice(2));
  expect(await lab.preview()).toEqual([]);
});

/** As the stack file had it. */
let apac: { readonly cluster: object; readonly services: StackConfig["linkerd-fleet:services"] };

describe("a cluster that is gone for good", () => {
  it("is forgotten, and cleaned out of the others, as the runbook says", async () => {
    const [forget, ...rest] = exactly(6, readRunbook("remove-a-dead-cluster"));
    const refused = await follow(lab, forget);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("apac answers");
    expect((await lab.cli("stop", "apac")).code).toBe(0);
    await done([forget]);
    lab.edit((config) => {
      apac = {
        cluster: config["linkerd-fleet:clusters"].apac ?? {},
        services: config["linkerd-fleet:services"],
      };
      delete config["linkerd-fleet:clusters"].apac;
      config["linkerd-fleet:topology"] = { kind: "mesh" };
      config["linkerd-fleet:services"] = config["linkerd-fleet:services"].map((service) => ({
        ...service,
        in: ["eu"],
      }));
    });
    await done(rest);
    for (const cluster of ["us", "eu"]) {
      expect(await links(cluster)).toHaveLength(1);
      const held = await lab.kubectl(cluster, "get", "secrets,serviceaccounts,deployments", "-A", "-o=name");
      expect(held).not.toMatch(/apac/);
      expect(await mirrored(cluster)).not.toMatch(/apac/);
      expect(await leases(cluster)).not.toMatch(/apac/);
    }
    expect(await mirrored("us")).toContain("checkout@eu");
    expect(lab.stateFile()).not.toContain("kubernetes::apac");
    expect(await lab.preview()).toEqual([]);
  });
});

describe("a cluster that was removed, and comes back after the anchor was rotated", () => {
  const [inspect, key, up, adopted, up2, issuer, verify] = exactly(
    7,
    readRunbook("back-after-months").slice(5, -2),
  );
  const anchors = (config: StackConfig, ...list: object[]) => {
    config["linkerd-fleet:trust"] = { anchors: list };
  };
  const active = { id: "2027", state: "active" };
  const tokens = async () =>
    (
      await lab.kubectl(
        "apac",
        ...["get", "secrets", "-n=linkerd-multicluster", "-o=name"],
        "--field-selector=type=kubernetes.io/service-account-token",
      )
    )
      .trim()
      .split("\n")
      .sort();
  let old: string[];

  it("is taken over as it is: its pods lose nobody, and nothing is made anew", async () => {
    lab.edit((config) => {
      config["linkerd-fleet:allowUnsafe"] = ["rotate-before-ready", "switch-anchor-early"];
      anchors(config, { id: "2026", state: "active" }, { id: "2027", state: "staged" });
    });
    await done([up]);
    lab.edit((config) => anchors(config, { id: "2026", state: "retiring" }, active));
    await done([up]);
    lab.edit((config) => {
      config["linkerd-fleet:allowUnsafe"] = ["rotate-before-ready", "drop-signing-anchor"];
      anchors(config, active);
    });
    await done([up]);

    expect((await lab.cli("start", "apac")).code).toBe(0);
    const uid = () =>
      lab.kubectl("apac", "get", "link/us", "-n=linkerd-multicluster", "-o=jsonpath={.metadata.uid}");
    const before = await uid();
    old = await tokens();
    expect(old).not.toEqual([]);
    const found = parse(await done([inspect])) as StackConfig;
    lab.edit((config) => {
      config["linkerd-fleet:allowUnsafe"] = [];
      const { anchors: trusted } = found["linkerd-fleet:trust"] as { anchors: object[] };
      anchors(config, active, ...trusted);
      config["linkerd-fleet:clusters"].apac = { ...apac.cluster, ...found["linkerd-fleet:clusters"].apac };
      config["linkerd-fleet:services"] = apac.services;
    });
    await done([key, up]);
    expect(await uid()).toBe(before);
    expect(await links("us")).toHaveLength(2);
    expect((await read("us", "apac")).code).toBe(0);
    expect((await read("apac", "us")).code).toBe(0);
    await done([adopted, up2]);
    expect(await lab.preview()).toEqual([]);
  });

  it("gets an issuer of the active anchor, and its old tokens are named, with what deletes them", async () => {
    await done([issuer]);
    const told = await follow(lab, verify);
    expect(told.code, told.stdout).toBe(2);
    const remedies = told.stdout.matchAll(
      /kubectl --context apac delete secret -n linkerd-multicluster ([^\s`]+)/g,
    );
    const named = [...remedies];
    expect(named.map(([, name]) => `secret/${name}`).sort()).toEqual(old);
    for (const [command] of named) expect((await lab.shell(command)).code).toBe(0);
    await vi.waitFor(async () => expect((await follow(lab, verify)).code).toBe(0), {
      timeout: 60_000,
      interval: 2_000,
    });
    expect((await read("us", "apac")).code).toBe(0);
  });
});

describe("removing the fleet with a cluster down, as the runbook says", () => {
  const [destroy, left] = exactly(2, readRunbook("remove-a-fleet"));
  const protectedIn = () =>
    (JSON.parse(lab.stateFile()) as Stored).checkpoint.latest.resources.filter(({ protect }) => protect);

  it("names it, takes what leads to it first, and cleans the others; the anchor stays protected", async () => {
    expect(await mirrored("us")).toContain("checkout@eu");
    expect((await lab.cli("stop", "eu")).code).toBe(0);
    const ran = await follow(lab, destroy);
    expect(ran.code, ran.stdout + ran.stderr).toBe(1);
    expect(ran.stdout).toMatch(/ {2}eu \(context "eu"\): does not answer: .*, \d+ resources/);
    expect(ran.stdout).toContain("eu did not answer. Run `npx fleet destroy` again when it answers.");
    expect(ran.stdout).toContain("us: deleted Service shop/checkout-federated, which a service mirror left");
    expect(await lab.kubectl("us", "get", "links", "-A", "-o=name", "--ignore-not-found")).toBe("");
    expect(await mirrored("us")).not.toContain("checkout");
    // What eu still uses of us stays until eu gave it up.
    expect(await lab.kubectl("us", "get", "serviceaccounts", "-n=linkerd-multicluster", "-o=name")).toContain(
      "remote-access-eu",
    );
    expect(protectedIn()).toHaveLength(2);
  });

  it("is finished when the cluster is back, and leaves nothing in any cluster or in the state", async () => {
    expect((await lab.cli("start", "eu")).code).toBe(0);
    expect(await mirrored("eu")).toContain("shop");
    // What is left there goes with it, unless the service mirror is faster.
    expect(await done([destroy])).toContain("The fleet is gone.");
    expect(await done([left])).toBe("");
    for (const cluster of ["us", "eu", "apac"]) {
      expect(await mirrored(cluster)).toContain("items: []");
      const namespaces = await lab.kubectl(cluster, "get", "namespaces", "-o=name");
      expect(namespaces).not.toContain("linkerd");
      const services = await lab.kubectl(cluster, "get", "services", "-A", "-o=yaml");
      expect(services).not.toMatch(/linkerd\.io/);
    }
    expect((JSON.parse(lab.stateFile()) as Stored).checkpoint.latest.resources ?? []).toEqual([]);
    expect(await done([destroy])).toContain("The stack is empty");
  });
});

interface Stored {
  readonly checkpoint: { readonly latest: { readonly resources: { readonly protect?: boolean }[] } };
}
