import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { processesOf } from "../../lab/processes";
import type { Ran } from "../../lab/run";
import type { Result } from "../../ops/verify/judge";
import { TestLab } from "./harness";

let lab: TestLab;
let first: Ran;
beforeAll(async () => {
  lab = await TestLab.create(undefined, { mirrors: true });
  first = await lab.cli();
});
afterAll(() => lab?.remove());

const MULTICLUSTER = "-n=linkerd-multicluster";
/** A mirror looks every two seconds, and starts again ten seconds after it could not. */
const SOON = { timeout: 40_000, interval: 500 };

/** The Services that a cluster has of others: `bi/reports-apac`. */
async function mirrored(cluster: string): Promise<string[]> {
  const found = await lab.kubectl(
    cluster,
    ...["get", "services", "-A", "-l=mirror.linkerd.io/mirrored-service=true"],
    "-o=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{'\\n'}{end}",
  );
  return found.split("\n").filter(Boolean).sort();
}

/** Exports a Service by hand. */
const label = (cluster: string, value: string) =>
  lab.kubectl(cluster, "label", "service/reports", "-n=bi", `mirror.linkerd.io/exported${value}`);

it("the lab's last table shows what each cluster sees of the others, and that a stand-in mirrors it", () => {
  expect(first.stderr).toBe("");
  expect(first.code).toBe(0);
  const rows = first.stdout.split("\n").map((line) => line.split("│").map((cell) => cell.trim()));
  expect(rows).toEqual(
    expect.arrayContaining([
      ["", "service-mirror", expect.any(String), "stand-in", "lab/standins/mirror", ""],
      ["", "us", "bi/reports-apac", "apac", ""],
      ["", "eu", "bi/reports-apac", "apac", ""],
      ...["us", "eu", "apac"].map((cluster) => ["", cluster, "shop/checkout-federated", "apac, eu, us", ""]),
    ]),
  );
});

it("`fleet verify` and `fleet access` find nothing wrong with what was mirrored", async () => {
  const verify = await lab.shell("npx fleet verify --json");
  expect(verify.code, verify.stdout + verify.stderr).toBe(0);
  const { results } = JSON.parse(verify.stdout) as { results: Result[] };
  expect(results.filter(({ outcome }) => outcome !== "ok" && outcome !== "unknown")).toEqual([]);
  // No service goes through the gateways of us and eu.
  const unknown = results.filter(({ outcome }) => outcome === "unknown");
  expect(unknown.map(({ check, subject }) => `${subject}: ${check}`).sort()).toEqual([
    "apac → eu: the gateway is alive",
    "apac → us: the gateway is alive",
    "eu → us: the gateway is alive",
    "us → eu: the gateway is alive",
  ]);
  const access = await lab.shell("npx fleet access --json");
  expect(access.code, access.stdout + access.stderr).toBe(0);
  expect(JSON.parse(access.stdout).differences).toEqual([]);
});

it("a mirror leads to the target's gateway by the name of the original", async () => {
  const endpoints = await lab.kubectl("us", "get", "endpoints/reports-apac", "-n=bi", "-o=json");
  const { metadata, subsets } = JSON.parse(endpoints);
  const link = await lab.kubectl(
    "us",
    "get",
    "link/apac",
    MULTICLUSTER,
    "-o=jsonpath={.spec.gatewayAddress}",
  );
  expect(subsets).toEqual([
    { addresses: [{ ip: link }], ports: [{ name: "http", port: 4143, protocol: "TCP" }] },
  ]);
  expect(metadata.annotations).toMatchObject({
    "mirror.linkerd.io/remote-svc-fq-name": "reports.bi.svc.cluster.local",
    "mirror.linkerd.io/remote-gateway-identity": expect.stringContaining("linkerd-gateway"),
  });
});

it("a preview has no changes, and a second run says so", async () => {
  expect(await lab.preview()).toEqual([]);
  expect((await lab.cli()).stdout).toContain("Nothing changed.");
});

describe("a change in a target", () => {
  it("is followed: a Service is mirrored when it is exported, and no more when it is not", async () => {
    await label("eu", "=true");
    await vi.waitFor(async () => {
      expect(await mirrored("us")).toContain("bi/reports-eu");
      expect(await mirrored("apac")).toContain("bi/reports-eu");
    }, SOON);
    await label("eu", "-");
    await vi.waitFor(async () => {
      expect(await mirrored("us")).toEqual(["bi/reports-apac", "shop/checkout-federated"]);
      expect(await mirrored("apac")).toEqual(["shop/checkout-federated"]);
    }, SOON);
    // As Linkerd's own, the status goes on listing the last one that left.
    const status = await lab.kubectl("us", "get", "link/eu", MULTICLUSTER, "-o=jsonpath={.status}");
    expect(status).toContain("reports-eu");
  });

  it("is followed while another target does not answer, whose mirrors stay", async () => {
    expect((await lab.cli("stop", "apac")).code).toBe(0);
    await label("eu", "=remote-discovery");
    await vi.waitFor(async () => expect(await mirrored("us")).toContain("bi/reports-eu"), SOON);
    expect(await mirrored("us")).toContain("bi/reports-apac");
    expect((await lab.cli("start", "apac")).code).toBe(0);
    await vi.waitFor(async () => expect(await mirrored("apac")).toContain("bi/reports-eu"), SOON);
    await label("eu", "-");
    await vi.waitFor(async () => expect(await mirrored("us")).not.toContain("bi/reports-eu"), SOON);
  });
});

describe("the credentials of a Link", () => {
  const SECRET = "secret/cluster-credentials-eu";

  it("are read once: others are taken only when the mirror starts again", async () => {
    const good = await lab.kubectl("us", "get", SECRET, MULTICLUSTER, "-o=jsonpath={.data.kubeconfig}");
    const write = (kubeconfig: string) =>
      lab.kubectl("us", "patch", SECRET, MULTICLUSTER, `-p=${JSON.stringify({ data: { kubeconfig } })}`);
    const restart = () => lab.kubectl("us", "rollout", "restart", "deployment/controller-eu", MULTICLUSTER);

    const kubeconfig = JSON.parse(Buffer.from(good, "base64").toString());
    kubeconfig.users[0].user.token = "none";
    await write(Buffer.from(JSON.stringify(kubeconfig)).toString("base64"));
    await label("eu", "=true");
    await vi.waitFor(async () => expect(await mirrored("us")).toContain("bi/reports-eu"), SOON);
    await restart();
    await vi.waitFor(() => expect(log()).toContain("us → eu: Unauthorized"), SOON);
    await label("eu", "-");
    await vi.waitFor(async () => expect(await mirrored("apac")).not.toContain("bi/reports-eu"), SOON);
    // What was mirrored stays, as long as the target does not say otherwise.
    expect(await mirrored("us")).toContain("bi/reports-eu");
    await write(good);
    await vi.waitFor(async () => expect(await mirrored("us")).not.toContain("bi/reports-eu"), SOON);
  });

  it("stand in no log", () => {
    expect(log()).toContain("us → eu: follows its target");
    expect(log()).not.toMatch(/ey[\w-]{20}/);
  });

  const log = () => readFileSync(join(lab.lab.logs, "mirrors.log"), "utf8");
});

it("`down` ends the mirror", async () => {
  expect((await lab.cli("down")).code).toBe(0);
  expect(processesOf(lab.lab.root, ["service-mirror"])).toEqual([]);
});
