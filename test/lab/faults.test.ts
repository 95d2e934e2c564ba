import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { clusterFolder } from "../../lab/clusters";
import { processesOf } from "../../lab/processes";
import type { Ran } from "../../lab/run";
import { asSource } from "./credentials";
import { documented } from "./faultTable";
import {
  change,
  healedBy,
  isApplied,
  lab,
  lockHolder,
  noteObjects,
  recover,
  said,
  UP,
  up,
  useFaultyFleet,
} from "./faultyFleet";
import { releaseStates } from "./inventory";
import { stateFaults } from "./stateFaults";

useFaultyFleet();

/** How often Helm has changed the multicluster extension of us. */
async function upgrades(): Promise<number> {
  return (await releaseStates(lab, "us"))["linkerd-multicluster"]?.length ?? 0;
}

/** Makes certificates that old, as far as the state knows: the clock cannot be moved. */
async function laterBy(hours: number): Promise<void> {
  const exported = (await lab.pulumi("stack", "export")).stdout;
  const earlier = exported.replaceAll(
    /("validityEndTime": )"([^"]+)"/g,
    (_, key: string, end: string) =>
      `${key}"${new Date(Date.parse(end) - hours * 3_600_000).toISOString().replace(/\.\d+Z$/, "Z")}"`,
  );
  expect(earlier).not.toBe(exported);
  const file = join(lab.folder, "earlier.json");
  writeFileSync(file, earlier, { mode: 0o600 });
  const ran = await lab.pulumi("stack", "import", "--file", file);
  expect(ran.code, ran.stderr).toBe(0);
}

/** As in docs/runbooks/restore.md: fields that somebody edited are taken back. */
const TAKING_BACK = "PULUMI_K8S_ENABLE_PATCH_FORCE=true";
const restore = () => lab.shell(`${TAKING_BACK} pulumi ${UP.join(" ")} --refresh`);
/** The provider names an address only. */
const UNREACHABLE = /The cluster "eu" is unreachable \(context "eu"\)/;
const start = () => lab.cli("start", "eu");

it("a cluster that is down at preview does not hide what would change, there and elsewhere", async () => {
  await lab.cli("stop", "eu");
  change();
  const ran = await lab.pulumi("preview", "--diff");
  expect((ran.stdout.match(/fault-1/g) ?? []).length).toBeGreaterThanOrEqual(2);
  expect(ran.stdout).toMatch(/~ \d+ to update/);
  documented({
    fault: "a cluster is down at preview",
    code: ran.code,
    says: said(ran, UNREACHABLE),
    others: "none to apply",
    healed: "nothing to heal",
    lost: 0,
    orphaned: 0,
  });
});

it("a cluster that is down at `up` fails alone, and is completed when it comes back", async () => {
  const ran = await up();
  expect(await isApplied("fault-1", "us")).toBe(true);
  const says = said(ran, UNREACHABLE);
  const healed = await healedBy([start, up]);
  expect(await isApplied("fault-1", "eu")).toBe(true);
  documented({
    fault: "a cluster is down at `up`, and comes back",
    code: ran.code,
    says,
    others: "applied",
    healed: "`up`",
    ...healed,
  });
});

it("a cluster that goes down in the middle of `up` is completed when it comes back", async () => {
  const revisions = await upgrades();
  lab.edit((config) => {
    config["linkerd-fleet:linkerd"] = {
      ...(config["linkerd-fleet:linkerd"] as object),
      charts: { multicluster: { values: { controllerDefaults: { logLevel: "debug" } } } },
    };
  });
  const running = up();
  const underWay = () =>
    /"type": ?"updating"/.test(lab.stateFile()) && lab.stateFile().includes("eu-multicluster-release");
  await expect.poll(underWay, { timeout: 120_000, interval: 50 }).toBe(true);
  await lab.cli("stop", "eu");
  const ran = await running;
  expect(ran.code).not.toBe(0);
  expect(await upgrades()).toBe(revisions + 1);
  const says = said(ran, UNREACHABLE);
  documented({
    fault: "a cluster goes down in the middle of `up`, and comes back",
    code: ran.code,
    says,
    others: "applied",
    healed: "`npx fleet recover`, `up`",
    ...(await healedBy([start, recover, up])),
  });
});

it("a Helm operation that never ended is named, and recovered without an uninstall", async () => {
  const name = "linkerd-multicluster";
  const records = await lab.kubectl(
    "eu",
    "get",
    "secrets",
    "-n",
    name,
    `-l=owner=helm,name=${name}`,
    "-o=json",
  );
  const { items } = JSON.parse(records) as {
    items: {
      metadata: { name: string; labels: Record<string, string> };
      type: string;
      data: { release: string };
    }[];
  };
  const [last] = items.sort((a, b) => Number(b.metadata.labels.version) - Number(a.metadata.labels.version));
  if (!last) throw new Error("no release record");
  const decoded = Buffer.from(Buffer.from(last.data.release, "base64").toString(), "base64");
  const release = JSON.parse(gunzipSync(decoded).toString());
  release.version += 1;
  release.info.status = "pending-upgrade";
  const content = gzipSync(JSON.stringify(release)).toString("base64");
  const record = {
    apiVersion: "v1",
    kind: "Secret",
    type: last.type,
    metadata: {
      namespace: name,
      name: `sh.helm.release.v1.${name}.v${release.version}`,
      labels: { ...last.metadata.labels, status: "pending-upgrade", version: String(release.version) },
    },
    data: { release: Buffer.from(content).toString("base64") },
  };
  const file = join(lab.folder, "record.json");
  writeFileSync(file, JSON.stringify(record), { mode: 0o600 });
  await lab.kubectl("eu", "create", "-f", file);
  const revisions = await upgrades();
  lab.edit((config) => {
    config["linkerd-fleet:linkerd"] = {
      ...(config["linkerd-fleet:linkerd"] as object),
      charts: { multicluster: { values: { controllerDefaults: { logLevel: "info" } } } },
    };
  });
  const ran = await up();
  expect(ran.code).not.toBe(0);
  const says = said(ran, /another operation \(install\/upgrade\/rollback\) is in progress/);
  said(ran, /eu-multicluster-release/);
  expect(await upgrades()).toBe(revisions + 1);
  documented({
    fault: "a Helm operation never ended (`pending-upgrade`)",
    code: ran.code,
    says: `eu-multicluster-release: ${says}`,
    others: "applied",
    healed: "`npx fleet recover`, `up`",
    ...(await healedBy([recover, up])),
  });
});

it("a Helm install whose engine was killed is gone on with, without an uninstall", async () => {
  const wait = { timeout: 120_000, interval: 500 };
  const states = async () => (await releaseStates(lab, "eu"))["linkerd-viz"];
  lab.edit((config) => {
    Object.assign(config["linkerd-fleet:clusters"].eu ?? {}, { linkerd: { viz: true } });
  });
  const nodes = processesOf(clusterFolder(lab.lab, "eu"), ["kwok-controller"]);
  expect(nodes).toHaveLength(1);
  let refused: Ran;
  // No pod gets ready meanwhile, so Helm waits for as long as it takes.
  for (const { pid } of nodes) process.kill(pid, "SIGSTOP");
  try {
    const running = up();
    await expect.poll(states, wait).toEqual(["pending-install"]);
    process.kill(lockHolder() ?? 0, "SIGKILL");
    await running;
    expect(await noteObjects()).toContain("eu Deployment linkerd-viz/metrics-api");
    refused = await up();
    expect(refused.code).not.toBe(0);
    // The plugin outlives the engine, and waits for the pods still.
    const healing = await recover();
    expect(healing.code, healing.stderr).toBe(0);
    said(
      healing,
      /eu-viz-release: Helm release linkerd-viz\/linkerd-viz in cluster eu is pending-install for Helm/,
    );
  } finally {
    for (const { pid } of nodes) process.kill(pid, "SIGCONT");
  }
  documented({
    fault: "the engine is killed while Helm installs (`pending-install`)",
    code: refused.code,
    says: said(refused, /the stack is currently locked/),
    others: "none to apply",
    healed: "`npx fleet recover`, `up`",
    ...(await healedBy([up])),
  });
  expect(await states()).toEqual(["deployed"]);
});

it("objects deleted and edited behind our back are found and restored", async () => {
  await lab.kubectl("eu", "delete", "link/us", "-n=linkerd-multicluster");
  await lab.kubectl("eu", "delete", "secret/cluster-credentials-us", "-n=linkerd");
  await lab.kubectl("eu", "delete", "clusterrolebinding/linkerd-service-mirror-remote-access-us");
  await lab.kubectl("eu", "delete", "authorizationpolicy/fleet.checkout.http.callers", "-n=shop");
  await lab.kubectl(
    "us",
    "patch",
    "link/eu",
    "-n=linkerd-multicluster",
    "--type=merge",
    '-p={"spec":{"targetClusterDomain":"stray.example.com"}}',
  );
  const found = await lab.shell(`${TAKING_BACK} pulumi preview --refresh --expect-no-changes`);
  expect(found.code).not.toBe(0);
  const renewed = /^eu (Link|Secret linkerd\/cluster-credentials-us|ClusterRoleBinding|AuthorizationPolicy)/;
  const healed = await healedBy([restore, up], renewed);
  expect(
    await lab.kubectl(
      "us",
      "get",
      "link/eu",
      "-n=linkerd-multicluster",
      "-o=jsonpath={.spec.targetClusterDomain}",
    ),
  ).toBe("cluster.local");
  documented({
    fault: "a Link, credentials, RBAC and a grant are deleted, a Link is edited",
    code: found.code,
    says: `\`pulumi preview --refresh --expect-no-changes\` ([restore](runbooks/restore.md)): ${said(found, /no changes were expected/)}`,
    others: "none to apply",
    healed: "`up --refresh` that takes fields back, `up`",
    ...healed,
  });
});

it("a token that was invalidated on the target is made anew", async () => {
  const read = () => asSource(lab, "us", "eu", "linkerd", ["get", "services", "-n=shop"]);
  expect((await read()).code).toBe(0);
  const secrets = await lab.kubectl("eu", "get", "secrets", "-n=linkerd-multicluster", "-o=name");
  const token = secrets.split("\n").find((name) => name.includes("remote-access-us"));
  await lab.kubectl("eu", "delete", "-n=linkerd-multicluster", token ?? "");
  await expect.poll(async () => (await read()).code, { timeout: 30_000, interval: 1000 }).not.toBe(0);
  const refused = await read();
  const healed = await healedBy([() => lab.pulumi(...UP, "--refresh")], /remote-access-us/);
  expect((await read()).code).toBe(0);
  documented({
    fault: "a token is invalidated on the target",
    code: refused.code,
    says: "the source is refused, others are not",
    others: "none to apply",
    healed: "`up --refresh`",
    ...healed,
  });
});

stateFaults();

it("an issuer near its end is renewed by the next `up`, with no change of anything else", async () => {
  lab.edit((config) => {
    const trust = config["linkerd-fleet:trust"] as object;
    const issuer = { lifetimeHours: 3, renewBeforeHours: 1 };
    config["linkerd-fleet:trust"] = { ...trust, issuer };
  });
  expect((await up()).code).toBe(0);
  const issuer = () =>
    lab.kubectl("eu", "get", "secret/linkerd-identity-issuer", "-n=linkerd", "-o=jsonpath={.data}");
  const short = await issuer();
  expect(await lab.preview()).toEqual([]);
  await laterBy(2.5);
  const renewing = await lab.preview();
  expect(new Set(renewing.map(({ name }) => name.replace(/^(us|eu)-/, "")))).toEqual(
    new Set(["issuer-certificate", "linkerd-issuer"]),
  );
  const ran = await up();
  expect(ran.code).toBe(0);
  expect(await issuer()).not.toBe(short);
  documented({
    fault: "an issuer is near its end",
    code: ran.code,
    says: said(ran, /eu-linkerd-issuer updated/),
    others: "applied",
    healed: "`up`",
    ...(await healedBy([])),
  });
});
