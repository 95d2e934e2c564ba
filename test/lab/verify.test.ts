import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openFleet } from "../../live/fleet";
import { judge, type Result } from "../../ops/verify/judge";
import { readFleet } from "../../ops/verify/read";
import type { Pair } from "../../testing/authority";
import { Hands } from "./hands";
import { TestLab } from "./harness";
import { follow, readRunbook } from "./runbook";
import { FAULTS } from "./verifyFaults/all";

let lab: TestLab;
let hands: Hands;
let anchor: Pair;

beforeAll(async () => {
  lab = await TestLab.pair();
  await lab.bringUp();
  writeFileSync(outputs(), (await lab.pulumi("stack", "output", "--json")).stdout);
  vi.stubEnv("KUBECONFIG", lab.lab.kubeconfig);
  hands = new Hands(lab);
  anchor = await readAnchor();
});
afterAll(() => lab?.remove());

const outputs = () => join(lab.folder, "outputs.json");

/** The fleet's trust anchor, with its key: only the state has it. */
async function readAnchor(): Promise<Pair> {
  const { deployment } = JSON.parse((await lab.pulumi("stack", "export", "--show-secrets")).stdout) as {
    deployment: { resources: { urn: string; outputs?: Record<string, unknown> }[] };
  };
  const output = (name: string, key: string) =>
    deployment.resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs?.[key];
  const secret = output("trust-2026-key", "privateKeyPem") as { plaintext: string };
  return { pem: String(output("trust-2026-certificate", "certPem")), key: JSON.parse(secret.plaintext) };
}

async function verify(): Promise<Result[]> {
  const {
    plan,
    outputs: deployed,
    clusters,
  } = await openFleet({ config: lab.lab.stackFile, outputs: outputs() });
  return judge(await readFleet(plan, deployed, clusters, { asInjected: true }));
}

/** Everything that is not well, besides what only pods know. */
function wrong(results: readonly Result[]) {
  return results.flatMap(({ subject, findings }) =>
    findings
      .filter(({ severity }) => severity !== "unknown")
      .map(({ message, remedy, runbook }) => ({ said: `${subject}: ${message}`, remedy, runbook })),
  );
}

describe("a fleet as `up` leaves it", () => {
  it("is well, as far as can be seen without pods", async () => {
    const ran = await lab.shell("npx fleet verify --json");
    expect(ran.stderr).toBe("");
    expect(ran.code).toBe(0);
    const { results } = JSON.parse(ran.stdout) as { results: Result[] };
    expect(wrong(results)).toEqual([]);
    const unknown = results.filter(({ outcome }) => outcome === "unknown").map(({ check }) => check);
    expect([...new Set(unknown)]).toEqual([
      "the service mirror is at work",
      "the gateway is alive",
      "what is declared has crossed",
    ]);
  });
});

/** An API server goes on taking a token that it has just seen for 10 s. */
const WAIT = { timeout: 20_000, interval: 1_000 };

describe("verify names exactly the fault, and what to do:", () => {
  it.each(FAULTS)("$what", async ({ plant, found, remedy }) => {
    const undo = await plant({ hands, lab, anchor });
    try {
      await vi.waitFor(async () => {
        const said = wrong(await verify());
        expect(said.map((one) => one.said)).toEqual(found);
        expect(said[0]?.remedy).toContain(remedy);
      }, WAIT);
    } finally {
      await undo();
    }
    expect(wrong(await verify())).toEqual([]);
  });

  it("a cluster that does not answer, once", async () => {
    expect((await lab.cli("stop", "eu")).code).toBe(0);
    try {
      const said = wrong(await verify());
      const [away, ...lost] = said;
      expect(away).toMatchObject({
        said: expect.stringMatching(/^eu: .*ECONNREFUSED/),
        runbook: "unreachable",
      });
      for (const one of lost)
        expect(one.said).toMatch(/^us → eu: a destination controller that started after eu/);
    } finally {
      expect((await lab.cli("start", "eu")).code).toBe(0);
    }
    await followAll("unreachable");
    expect(wrong(await verify())).toEqual([]);
  });
});

/** Every step succeeds, as written. */
async function followAll(runbook: string): Promise<void> {
  const steps = readRunbook(runbook);
  expect(steps.length).toBeGreaterThan(1);
  for (const step of steps) {
    const ran = await follow(lab, step);
    expect(ran.code, `${step.text}${ran.stdout}${ran.stderr}`).toBe(0);
  }
}

describe("the runbooks", () => {
  it("restore: what was deleted or edited is as it was, also what a chart made", async () => {
    await hands.remove("us", "v1 Secret linkerd/cluster-credentials-eu");
    await hands.remove("us", "multicluster.linkerd.io/v1alpha3 Link linkerd-multicluster/eu");
    await hands.remove("us", "apps/v1 Deployment linkerd-multicluster/controller-eu");
    await hands.remove("eu", "policy.linkerd.io/v1beta3 Server shop/fleet.checkout.http");
    await hands.edit("eu", "rbac.authorization.k8s.io/v1 ClusterRole linkerd-fleet-remote-access", (role) => {
      role.rules = [];
    });
    await hands.edit("us", "v1 Service shop/checkout", ({ metadata = {} }) => {
      metadata.labels = {};
    });
    // The deleted Server is missing, and its port is open.
    expect(wrong(await verify())).toHaveLength(7);
    await followAll("restore");
    expect(wrong(await verify())).toEqual([]);
    expect(await lab.preview()).toEqual([]);
  });

  it("undeclared: an object that nobody declared is gone", async () => {
    const { spec } = await hands.read("us", "multicluster.linkerd.io/v1alpha3 Link linkerd-multicluster/eu");
    await hands.create("us", "multicluster.linkerd.io/v1alpha3 Link linkerd-multicluster/apac", { spec });
    await hands.edit("us", "v1 Service bi/reports", ({ metadata = {} }) => {
      metadata.labels = { "mirror.linkerd.io/exported": "true" };
    });
    expect(wrong(await verify())).toHaveLength(2);
    await followAll("undeclared");
    expect(wrong(await verify())).toEqual([]);
  });

  it("not-working: every command finds what it looks for", () => followAll("not-working"));
});

it("expiry lists every certificate, and gateways every link through one", async () => {
  const expiry = await lab.shell("npx fleet expiry --json");
  expect(expiry.stderr).toBe("");
  const items = JSON.parse(expiry.stdout) as { kind: string; cluster: string }[];
  expect(items.map(({ kind, cluster }) => `${kind} ${cluster}`).sort()).toEqual([
    ...["cluster-ca eu", "cluster-ca us", "issuer eu", "issuer us", "trust-anchor "],
    ...["eu", "eu", "eu", "us", "us", "us"].map((cluster) => `webhook ${cluster}`),
  ]);
  const gateways = await lab.shell("npx fleet gateways --json");
  expect(gateways.stderr).toBe("");
  const { gateway } = JSON.parse((await lab.pulumi("stack", "output", "--json")).stdout).clusters.eu;
  expect(JSON.parse(gateways.stdout)).toContainEqual(
    expect.objectContaining({
      source: "us",
      target: "eu",
      address: `${gateway.address}:4143`,
      services: ["bi/reports"],
    }),
  );
});
