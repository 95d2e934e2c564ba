import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Ran } from "../../lab/run";
import { asSource } from "./credentials";
import { documented, type Outcome } from "./faultTable";
import { TestLab } from "./harness";
import { liveObjects, orphans, releaseStates } from "./inventory";

const CLUSTERS = ["us", "eu"];
const UP = ["up", "--yes", "--skip-preview", "--continue-on-error"];

let lab: TestLab;
/** Every object of the fleet after its first `up`, and its identity. */
let before: Map<string, string>;
beforeAll(async () => {
  lab = await TestLab.create();
  lab.edit((config) => {
    delete config["linkerd-fleet:clusters"].apac;
    config["linkerd-fleet:services"] = config["linkerd-fleet:services"].map((service) => ({
      ...service,
      in: service.name === "reports" ? ["eu"] : CLUSTERS,
    }));
  });
  const first = await lab.cli();
  if (first.code !== 0) throw new Error(`the first run failed:\n${first.stdout}\n${first.stderr}`);
  before = await inventory();
});
afterAll(() => lab?.remove());

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
function change(): string {
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

async function isApplied(label: string, cluster: string): Promise<boolean> {
  const specs = await lab.kubectl(
    cluster,
    "get",
    "links",
    "-A",
    "-o=jsonpath={.items[*].spec.excludedLabels}",
  );
  return specs.includes(`"${label}"`);
}

/** How often Helm has changed the multicluster extension of us. */
async function upgrades(): Promise<number> {
  return (await releaseStates(lab, "us"))["linkerd-multicluster"]?.length ?? 0;
}

/** The engine that holds the stack's lock. */
function lockHolder(): number | undefined {
  const folder = join(lab.lab.state, ".pulumi", "locks");
  const locks = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  const [lock] = locks.filter((file) => file.endsWith(".json"));
  return lock === undefined ? undefined : JSON.parse(readFileSync(join(folder, lock), "utf8")).pid;
}

/** What a command said: the part that must be there, for the table. */
function said({ stdout, stderr }: Ran, pattern: RegExp): string {
  const all = stdout + stderr;
  expect(all).toMatch(pattern);
  return (pattern.exec(all)?.[0] ?? "").replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
}

/** The last command that heals must leave nothing to do; then what was lost and what nobody knows is counted. */
async function healedBy(
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

const up = () => lab.pulumi(...UP);
const recover = () => lab.shell("npm run recover -- --yes");
/** As in docs/runbooks/restore.md: fields that somebody edited are taken back. */
const restore = () => lab.shell(`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi ${UP.join(" ")} --refresh`);
const start = () => lab.cli("start", "eu");

it("a cluster that is down at preview does not hide what would change, there and elsewhere", async () => {
  await lab.cli("stop", "eu");
  change();
  const ran = await lab.pulumi("preview", "--diff");
  expect((ran.stdout.match(/fault-1/g) ?? []).length).toBeGreaterThanOrEqual(2);
  documented({
    fault: "a cluster is down at preview",
    code: ran.code,
    says: said(ran, /2 to update|~ \d+ to update/).replace(/.*/, "what will change, from the state"),
    others: "none to apply",
    healed: "nothing to heal",
    lost: 0,
    orphaned: 0,
  });
});

it("a cluster that is down at `up` fails alone, and is completed when it comes back", async () => {
  const ran = await up();
  expect(await isApplied("fault-1", "us")).toBe(true);
  const says = said(ran, /cluster "eu" is unreachable/);
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
  const says = said(ran, /eu-multicluster-release/);
  documented({
    fault: "a cluster goes down in the middle of `up`, and comes back",
    code: ran.code,
    says,
    others: "applied",
    healed: "`npm run recover`, `up`",
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
    healed: "`npm run recover`, `up`",
    ...(await healedBy([recover, up])),
  });
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
  const found = await lab.pulumi("preview", "--refresh", "--expect-no-changes");
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
    says: `\`pulumi preview --refresh --expect-no-changes\`: ${said(found, /no changes were expected/)}`,
    others: "none to apply",
    healed: "`up --refresh` that takes fields back ([restore](runbooks/restore.md)), `up`",
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

it("two `up` at once: the second is refused, the first is not disturbed", async () => {
  const label = change();
  const first = up();
  await expect.poll(lockHolder, { timeout: 60_000, interval: 20 }).toBeDefined();
  const engine = lockHolder() ?? 0;
  // Held still, so that the first is at work for as long as the others need.
  process.kill(engine, "SIGSTOP");
  const [second, healing] = await Promise.all([up(), recover()]).finally(() =>
    process.kill(engine, "SIGCONT"),
  );
  expect(second.code).not.toBe(0);
  expect(healing.code).toBe(2);
  expect(healing.stderr).toContain(`pulumi is at work on this stack (process ${engine})`);
  expect((await first).code).toBe(0);
  for (const cluster of CLUSTERS) expect(await isApplied(label, cluster)).toBe(true);
  documented({
    fault: "two `up` at once",
    code: second.code,
    says: said(second, /the stack is currently locked/),
    others: "applied",
    healed: "waiting for the first",
    ...(await healedBy([])),
  });
});

it("a state folder that cannot be written stops `up` before it changes anything", async () => {
  const label = change();
  const folders = readdirSync(lab.lab.state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const folder of folders) chmodSync(folder, 0o555);
  // The superuser of a container may write anywhere: it gives that right up.
  const drop =
    process.getuid?.() === 0 ? "setpriv --bounding-set=-dac_override --inh-caps=-dac_override " : "";
  const ran = await lab.shell(`${drop}pulumi ${UP.join(" ")}`);
  for (const folder of folders) chmodSync(folder, 0o755);
  expect(ran.code).not.toBe(0);
  for (const cluster of CLUSTERS) expect(await isApplied(label, cluster)).toBe(false);
  documented({
    fault: "the state folder is read-only",
    code: ran.code,
    says: said(ran, /permission denied/),
    others: "none to apply",
    healed: "`up`",
    ...(await healedBy([up])),
  });
});

it("a full disk stops `up` before it changes anything", async () => {
  const label = change();
  const real = join(lab.folder, "real-state");
  mkdirSync(real);
  const { state } = lab.lab;
  // A small disk in a mount namespace of its own, which ends with the command: nothing is left to unmount.
  const onFullDisk = [
    `mount --bind ${state} ${real}`,
    `mount -t tmpfs -o size=64m tmpfs ${state}`,
    `cp -a ${real}/. ${state}/`,
    `head -c 64M /dev/zero > ${state}/filler || true`,
    `pulumi ${UP.join(" ")} || code=$?`,
    `rm ${state}/filler`,
    `cp -a ${state}/. ${real}/`,
    `exit $\{code:-0}`,
  ];
  const own = process.getuid?.() === 0 ? "unshare --mount" : "unshare --mount --map-root-user";
  const ran = await lab.shell(`${own} bash -euc '${onFullDisk.join("\n")}'`);
  expect(ran.code).not.toBe(0);
  for (const cluster of CLUSTERS) expect(await isApplied(label, cluster)).toBe(false);
  const healing = await recover();
  expect(healing.code).toBe(2);
  expect(healing.stderr).toContain("A lock of the stack is cut short, as a full disk leaves it.");
  documented({
    fault: "the disk of the state folder is full",
    code: ran.code,
    says: said(ran, /no space left on device/),
    others: "none to apply",
    healed: "`pulumi cancel` (a lock was cut short; `npm run recover` says so), `up`",
    ...(await healedBy([() => lab.pulumi("cancel", "--yes"), up])),
  });
});

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
