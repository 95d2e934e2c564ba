import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labEnv } from "../../lab/env";
import { run } from "../../lab/run";
import { asSource, secretData } from "./credentials";
import { TestLab } from "./harness";
import { follow, readRunbook, type Step } from "./runbook";

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create(undefined, { mirrors: true });
  await lab.bringUp();
});
afterAll(() => lab?.remove());

async function done(steps: readonly Step[]): Promise<string> {
  let said = "";
  for (const step of steps) {
    const ran = await follow(lab, step);
    expect(ran.code, `${step.text}\n${ran.stdout}${ran.stderr}`).toBe(0);
    said += ran.stdout;
  }
  return said;
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
  const [setting, up, drained, setting2, up2, tidy] = readRunbook("drain-and-remove-a-link") as [
    Step,
    Step,
    Step,
    Step,
    Step,
    Step,
  ];
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

describe("a cluster that is gone for good", () => {
  it("is forgotten, and cleaned out of the others, as the runbook says", async () => {
    const [forget, ...rest] = readRunbook("remove-a-dead-cluster") as [Step, Step];
    const refused = await follow(lab, forget);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("apac answers");
    expect((await lab.cli("stop", "apac")).code).toBe(0);
    await done([forget]);
    lab.edit((config) => {
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

describe("removing the fleet with a cluster down, as the runbook says", () => {
  const [destroy, left] = readRunbook("remove-a-fleet") as [Step, Step];
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
    const said = await done([destroy]);
    expect(said).toContain("eu: deleted Service shop/checkout-federated");
    expect(said).toContain("The fleet is gone.");
    expect(await done([left])).toBe("");
    for (const cluster of ["us", "eu"]) {
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
