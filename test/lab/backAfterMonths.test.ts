import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chainsTo } from "../../fleet/trust/certificates";
import { repository } from "../../lab/env";
import { TestLab } from "./harness";
import { exactly, follow, followAll, readRunbook } from "./runbook";

const steps = readRunbook("back-after-months");
const [look, up, restart, destinations, check] = exactly(5, steps.slice(0, 5));
/** What is between is tried by the test of removals. */
const [refresh, again] = exactly(2, steps.slice(-2));

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create(undefined, { mirrors: true });
  await lab.bringUp();
});
afterAll(() => lab?.remove());

const SOON = { timeout: 60_000, interval: 1_000 };
const members = (cluster: string) =>
  lab.kubectl(
    cluster,
    ...["get", "service/checkout-federated", "-n=shop"],
    "-o=jsonpath={.metadata.annotations['multicluster\\.linkerd\\.io/remote-discovery']}",
  );
const verify = () => lab.shell("npx fleet verify");

describe("a namespace that was deleted with its exported service", () => {
  it("takes the member out of the federated services of the others, and `verify` says what is missing", async () => {
    await lab.kubectl("eu", "delete", "namespace", "shop");
    await vi.waitFor(async () => expect(await members("us")).toBe("checkout@apac"), SOON);
    const ran = await verify();
    expect(ran.code, ran.stdout + ran.stderr).toBe(2);
    expect(ran.stdout).toMatch(/eu[\s\S]*shop\/checkout/);
    // Without a refresh, the state says that everything is there.
    expect(await lab.preview()).toEqual([]);
  });

  it("is whole again once its owner made it and the stack was refreshed", async () => {
    await lab.kubectl("eu", "apply", `--filename=${join(repository, "lab", "demo", "shop.yaml")}`);
    await lab.kubectl("eu", "wait", "deployment/checkout", "-n=shop", "--for=condition=Available");
    await followAll(lab, [refresh]);
    await vi.waitFor(
      async () => expect((await members("us")).split(",").sort()).toContain("checkout@eu"),
      SOON,
    );
    const { stdout } = await followAll(lab, [again]);
    expect(stdout).not.toMatch(/error/);
    expect(await lab.preview()).toEqual([]);
  });
});

describe("a cluster that was off while issuers, accesses and the anchor were rotated", () => {
  const anchors = (...list: object[]) =>
    lab.edit((config) => {
      config["linkerd-fleet:trust"] = { anchors: list };
    });
  const allow = (...rules: string[]) =>
    lab.edit((config) => {
      config["linkerd-fleet:allowUnsafe"] = rules;
    });
  const deploy = () => lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
  async function isOfBundle(cluster: string): Promise<boolean> {
    const path = "-o=jsonpath={.data.tls\\.crt}";
    const base64 = await lab.kubectl(cluster, "get", "secret/linkerd-identity-issuer", "-n=linkerd", path);
    const bundle = (await lab.pulumi("stack", "output", "trustBundle")).stdout;
    return chainsTo(new X509Certificate(Buffer.from(base64, "base64")), new X509Certificate(bundle));
  }
  const tokens = (target: string, source: string) =>
    lab.kubectl(
      target,
      ...[
        "get",
        "secrets",
        "-n=linkerd-multicluster",
        "--field-selector=type=kubernetes.io/service-account-token",
      ],
      `-o=jsonpath={range .items[?(@.metadata.annotations.kubernetes\\.io/service-account\\.name=="linkerd-service-mirror-remote-access-${source}")]}{.metadata.name} {end}`,
    );

  it("keeps the anchor from signing, unless the rules are allowed by name, and the others go on", async () => {
    expect((await lab.cli("stop", "eu")).code).toBe(0);
    lab.edit((config) => {
      config["linkerd-fleet:access"] = { generation: 2 };
      Object.assign(config["linkerd-fleet:clusters"].eu ?? {}, { generations: { issuer: 2, webhooks: 2 } });
    });
    anchors({ id: "2026", state: "active" }, { id: "2027", state: "staged" });
    const staged = await deploy();
    expect(staged.code).not.toBe(0);
    expect(staged.stdout + staged.stderr).toContain('"eu" is unreachable');

    anchors({ id: "2026", state: "retiring" }, { id: "2027", state: "active" });
    const refused = await deploy();
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain("switch-anchor-early");
    allow("switch-anchor-early", "rotate-before-ready");
    expect((await deploy()).code).not.toBe(0);
    anchors({ id: "2027", state: "active" });
    allow("switch-anchor-early", "rotate-before-ready", "drop-signing-anchor", "two-anchor-steps");
    expect((await deploy()).code).not.toBe(0);
    for (const cluster of ["us", "apac"]) {
      expect(await isOfBundle(cluster), cluster).toBe(true);
      for (const namespace of ["linkerd", "linkerd-multicluster", "shop", "bi"]) {
        await lab.kubectl(cluster, "rollout", "restart", "deployment", `--namespace=${namespace}`);
        await lab.kubectl(
          cluster,
          "wait",
          "deployment",
          "--all",
          `--namespace=${namespace}`,
          "--for=condition=Available",
        );
      }
    }
    // No deployment was complete, so no token was taken away that somebody may still use.
    expect((await tokens("us", "eu")).trim().split(" ")).toHaveLength(2);
  });

  it("comes back with all of its old things, and `verify` says so", async () => {
    expect((await lab.cli("start", "eu")).code).toBe(0);
    const ran = await follow(lab, look);
    expect(ran.code, ran.stdout + ran.stderr).toBe(2);
    expect(ran.stdout).toContain("trust-anchor");
    expect(ran.stdout).toMatch(/eu.*(bundle|issuer)/);
    expect(await isOfBundle("eu")).toBe(false);
  });

  it("is whole again by the steps of the runbook", async () => {
    await followAll(lab, [up]);
    expect(await isOfBundle("eu")).toBe(true);
    expect((await tokens("us", "eu")).trim().split(" ")).toHaveLength(1);
    await followAll(lab, [restart, destinations]);
    allow();
    await followAll(lab, [check]);
    await vi.waitFor(
      async () => expect((await members("us")).split(",").sort()).toEqual(["checkout@apac", "checkout@eu"]),
      SOON,
    );
  });
});
