import { afterAll, beforeAll, expect, test } from "vitest";
import type { Ran } from "../../lab/run";
import { TestLab } from "./harness";

let lab: TestLab;
let first: Ran;

beforeAll(async () => {
  lab = await TestLab.create(undefined, { mirrors: true });
  first = await lab.cli();
});
afterAll(() => lab?.remove());

test("the first run ends with the table of parts, clusters, links, exported and mirrored services", async () => {
  expect(first.stderr).toBe("");
  expect(first.code).toBe(0);
  for (const [source, target] of [
    ["us", "eu"],
    ["eu", "us"],
    ["us", "apac"],
    ["apac", "us"],
    ["eu", "apac"],
    ["apac", "eu"],
  ]) {
    expect(first.stdout).toContain(`${source} → ${target}`);
    const link = await lab.kubectl(
      String(source),
      "get",
      "link",
      String(target),
      "-n",
      "linkerd-multicluster",
      "-o",
      "json",
    );
    expect(JSON.parse(link).spec.targetClusterName).toBe(target);
  }
  for (const text of ["shop/checkout", "bi/reports", "v1.36.", "bi/reports-apac", "shop/checkout-federated"])
    expect(first.stdout).toContain(text);
  expect(first.stdout).toMatch(/plugin kubernetes .* official/);
});

test("each link leads to its target's own gateway", async () => {
  const gateways = await Promise.all(
    ["us", "eu", "apac"].map((cluster) =>
      lab.kubectl(
        cluster,
        "get",
        "service/linkerd-gateway",
        "-n=linkerd-multicluster",
        "-o=jsonpath={.status.loadBalancer.ingress[0].ip}",
      ),
    ),
  );
  expect(new Set(gateways).size).toBe(3);
  const seen = await lab.kubectl(
    "us",
    "get",
    "links",
    "-n=linkerd-multicluster",
    "-o=jsonpath={range .items[*]}{.metadata.name}={.spec.gatewayAddress} {end}",
  );
  expect(seen.trim().split(" ").sort()).toEqual([`apac=${gateways[2]}`, `eu=${gateways[1]}`]);
});

test("a second preview has no changes", async () => {
  expect(await lab.preview()).toEqual([]);
});

test("a second run says that nothing changed", async () => {
  const again = await lab.cli();
  expect(again.stdout).toContain("Nothing changed.");
  expect(again.code).toBe(0);
});

test("the README's report of a preview works as written", async () => {
  const ran = await lab.shell("pulumi preview --json | npx fleet report --stack dev --fail-on risky");
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.stdout).toContain("Nothing changes");
});
