import { afterAll, beforeAll, expect, it } from "vitest";
import { TestLab } from "./harness";

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.pair();
  lab.edit((config) => {
    for (const service of config["linkerd-fleet:services"]) {
      if (service.mode !== "gateway") continue;
      Object.assign(service, { in: ["us", "eu"], traffic: { prefer: "local", port: 80, from: ["us"] } });
    }
  });
  await lab.bringUp();
});
afterAll(() => lab?.remove());

const ROUTE = ["httproutes.gateway.networking.k8s.io", "fleet.reports.80", "-n=bi"] as const;

async function backends(): Promise<[name: string, weight: number][]> {
  const route = JSON.parse(await lab.kubectl("us", "get", ...ROUTE, "-o=json"));
  return route.spec.rules[0].backendRefs.map((of: { name: string; weight: number }) => [of.name, of.weight]);
}

async function annotations(kind: readonly string[], cluster = "us"): Promise<Record<string, string>> {
  return JSON.parse(await lab.kubectl(cluster, "get", ...kind, "-o=json")).metadata.annotations ?? {};
}

async function verified(): Promise<string> {
  return (await lab.shell("npx fleet verify || true")).stdout;
}

it("a service that prefers the local one has a route with a standby, and a second preview is empty", async () => {
  expect(await backends()).toEqual([
    ["reports-eu", 1],
    ["reports", 999],
  ]);
  expect(await annotations(ROUTE)).toMatchObject({
    "retry.linkerd.io/limit": "3",
    "retry.linkerd.io/http": "5xx",
    "retry.linkerd.io/timeout": "400ms",
  });
  expect(await annotations(["service", "reports", "-n=bi"])).toMatchObject({
    "balancer.linkerd.io/failure-accrual": "consecutive",
  });
  expect(await lab.preview()).toEqual([]);
});

it("a new federated service leaves out members that fail, and a second preview and verify agree", async () => {
  for (const cluster of ["us", "eu"]) {
    expect(await annotations(["service", "checkout", "-n=shop"], cluster)).toMatchObject({
      "balancer.linkerd.io/failure-accrual": "consecutive",
    });
  }
  const told = await verified();
  expect(told).not.toContain("failure-accrual");
  expect(told).not.toContain("fleet.reports.80");
});

it("a route that somebody edits is named by verify, and made again", async () => {
  const weight = JSON.stringify([{ op: "replace", path: "/spec/rules/0/backendRefs/0/weight", value: 500 }]);
  await lab.kubectl("us", "patch", ...ROUTE, "--type=json", `--patch=${weight}`);
  await lab.kubectl("us", "annotate", ...ROUTE, "--overwrite", "retry.linkerd.io/limit=0");
  const told = await verified();
  expect(told).toContain("fleet.reports.80");
  expect(told).toContain("retry.linkerd.io/limit");
  const up = await lab.pulumi("up", "--yes", "--skip-preview", "--refresh");
  expect(up.code, up.stderr).toBe(0);
  expect(await verified()).not.toContain("fleet.reports.80");
});

it("an evacuation leaves the route with the local Service, and its end brings the standby back", async () => {
  const evacuate = (evacuated: boolean) =>
    lab.edit((config) => {
      const { eu } = config["linkerd-fleet:clusters"];
      if (eu) eu.evacuate = evacuated;
    });
  evacuate(true);
  const up = await lab.pulumi("up", "--yes", "--skip-preview");
  expect(up.code, up.stdout + up.stderr).toBe(0);
  expect(await backends()).toEqual([["reports", 999]]);
  expect(await lab.preview()).toEqual([]);
  evacuate(false);
  const back = await lab.pulumi("up", "--yes", "--skip-preview");
  expect(back.code, back.stdout + back.stderr).toBe(0);
  expect(await backends()).toHaveLength(2);
  expect(await lab.preview()).toEqual([]);
});
