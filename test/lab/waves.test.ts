import { afterAll, beforeAll, expect, test } from "vitest";
import { TestLab } from "./harness";

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create({ eu: { wave: 1 }, us: { wave: 2 } });
  lab.edit((config) => {
    config["linkerd-fleet:services"] = [];
  });
  const first = await lab.cli();
  expect(first.stderr).toBe("");
  await plant("eu", ["Deployment/a", "StatefulSet/b", "DaemonSet/c", "Deployment/other"]);
  await plant("us", ["Deployment/a"]);
  lab.edit((config) => {
    config["linkerd-fleet:restart"] = {
      ...{ on: ["version"], timeoutSeconds: 30 },
      workloads: [{ namespace: "shop", selector: "mesh in (yes),!canary" }],
    };
  });
});
afterAll(() => lab?.remove());

/** Helm's revisions of a release. */
async function revisions(cluster: string, release: string): Promise<number> {
  const selector = `-l=owner=helm,name=${release}`;
  const names = await lab.kubectl(cluster, "get", "secrets", "-n=linkerd", selector, "-o=name");
  return names.trim().split("\n").length;
}

function upgrade(values: Record<string, unknown>, ofEu: Record<string, unknown> = {}): void {
  lab.edit((config) => {
    const linkerd = config["linkerd-fleet:linkerd"] as object;
    config["linkerd-fleet:linkerd"] = { ...linkerd, charts: { controlPlane: { values } } };
    const { eu } = config["linkerd-fleet:clusters"];
    if (eu) eu.linkerd = { charts: { controlPlane: { values: ofEu } } };
  });
}

/**
 * Workloads that were meshed before the last upgrade. Nothing injects proxies in the lab: their marks stay what they are
 * also when they restart.
 */
async function plant(cluster: string, workloads: readonly string[]): Promise<void> {
  const items = workloads.map((workload) => {
    const [kind = "", name = ""] = workload.split("/");
    const labels = { app: name, "linkerd.io/control-plane-ns": "linkerd" };
    const annotations = { "linkerd.io/proxy-version": "edge-26.7.1", "linkerd.io/trust-root-sha256": "old" };
    const spec = {
      ...(kind === "StatefulSet" && { serviceName: name }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels, annotations },
        spec: { containers: [{ name: "web", image: "web:demo" }] },
      },
    };
    const own = { mesh: "yes", ...(name === "other" && { canary: "yes" }) };
    return { apiVersion: "apps/v1", kind, metadata: { name, namespace: "shop", labels: own }, spec };
  });
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const kubectl = `kubectl --context ${cluster} -n shop`;
  const ran = await lab.shell(
    `kubectl --context ${cluster} create namespace shop --dry-run=client -o yaml | kubectl --context ${cluster} apply -f -\n` +
      `${kubectl} apply --server-side --field-manager=owner -f - <<'END'\n${list}\nEND\n` +
      workloads
        .map((workload) => `${kubectl} rollout status ${workload.toLowerCase()} --timeout=2m`)
        .join("\n"),
  );
  expect(ran.code, ran.stderr).toBe(0);
}

/** By name: how often the workload's template was changed, and what it was restarted for. */
async function restarts(cluster: string): Promise<Record<string, string>> {
  const mark = "{.spec.template.metadata.annotations.linkerd-fleet/restarted-for}";
  const path = `-o=jsonpath={range .items[*]}{.metadata.name}={.metadata.generation} ${mark}{"\\n"}{end}`;
  const told = await lab.kubectl(
    cluster,
    "get",
    "deployments,statefulsets,daemonsets",
    "-n=shop",
    "-l=mesh",
    path,
  );
  return Object.fromEntries(
    told
      .trim()
      .split("\n")
      .map((line) => line.trim().split("=") as [string, string]),
  );
}

const RESTARTED = "2 Linkerd 2026.8.3";

const up = () => lab.pulumi("up", "--yes", "--skip-preview", "--continue-on-error");

test("an upgrade that fails in wave 1 leaves wave 2 untouched", async () => {
  upgrade({ controllerLogLevel: "debug" }, { webhookFailurePolicy: "Maybe" });
  const failed = await up();
  expect(failed.code).not.toBe(0);
  expect(failed.stdout + failed.stderr).toContain("eu-linkerd-release");
  expect(await revisions("us", "linkerd-control-plane")).toBe(1);
  expect(failed.stdout + failed.stderr).toContain(
    "eu: 3 workloads restart, at most 1 at once: Deployment shop/a (proxy edge-26.7.1), ",
  );
  expect(await restarts("eu")).toEqual({ a: "1", b: "1", c: "1", other: "1" });
});

test("mended, it goes on through all waves; a workload that does not become ready stops those behind it", async () => {
  upgrade({ controllerLogLevel: "debug" });
  const pods = (await lab.kubectl("eu", "get", "pods", "-n=shop", "-o=name")).trim().split("\n").length;
  await lab.kubectl("eu", "create", "quota", "full", "-n=shop", `--hard=pods=${pods}`);
  const stopped = await up();
  expect(stopped.code).not.toBe(0);
  expect(stopped.stdout + stopped.stderr).toContain("eu-shop-deployment-a");
  expect(await revisions("us", "linkerd-control-plane")).toBe(2);
  expect(await restarts("eu")).toEqual({ a: RESTARTED, b: "1", c: "1", other: "1" });
  expect(await restarts("us")).toEqual({ a: "1" });
});

test("with room for it, they go on where they stopped, and nothing restarts twice", async () => {
  await lab.kubectl("eu", "delete", "quota", "full", "-n=shop");
  await lab.kubectl("eu", "rollout", "status", "deployment/a", "-n=shop", "--timeout=2m");
  expect(await up()).toMatchObject({ code: 0 });
  expect(await restarts("eu")).toEqual({ a: RESTARTED, b: RESTARTED, c: RESTARTED, other: "1" });
  expect(await restarts("us")).toEqual({ a: RESTARTED });
  expect(await lab.preview()).toEqual([]);
  lab.edit((config) => {
    delete config["linkerd-fleet:restart"];
  });
  expect(await up()).toMatchObject({ code: 0 });
  expect(await restarts("us")).toEqual({ a: RESTARTED });
  const { stdout } = await lab.shell("npx fleet verify || true");
  expect(stdout).toMatch(
    /Deployment shop\/other 1 of 1\) have a proxy of edge-26\.7\.1; the control plane's is of/,
  );
});
