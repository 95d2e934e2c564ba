import { afterAll, beforeAll, expect, it } from "vitest";
import { EXPORT_KEYS } from "../../fleet/exports/labels";
import { mirroredModes } from "../../fleet/links/mirrors";
import type { LabelSelector, LinkSpec } from "../../fleet/objects/multicluster";
import { TestLab } from "./harness";
import { during } from "./watch";

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.pair();
  name(["eu"]);
  lab.edit((config) => {
    for (const service of config["linkerd-fleet:services"]) {
      if (service.mode === "gateway") service.in = ["us"];
      else service.to = ["us", "eu"];
    }
  });
  await lab.bringUp();
});
afterAll(() => lab?.remove());

/** The clusters that see `reports` of us; without any, every linked cluster. */
function name(to: readonly string[] | undefined): void {
  lab.edit((config) => {
    for (const service of config["linkerd-fleet:services"]) {
      if (service.mode !== "gateway") continue;
      if (to) service.to = [...to];
      else delete service.to;
    }
  });
}

async function linkTo(source: string, target: string): Promise<LinkSpec> {
  const link = await lab.kubectl(source, "get", "link", target, "-n=linkerd-multicluster", "-o=json");
  return JSON.parse(link).spec;
}

/** As `kubectl -l` takes it. */
function query(selector: LabelSelector): string {
  return "matchLabels" in selector
    ? Object.entries(selector.matchLabels)
        .map(([key, value]) => `${key}=${value}`)
        .join()
    : selector.matchExpressions.map(({ key, values }) => `${key} in (${values.join()})`).join();
}

/** The Services of a target that a source's Link selects, by the target's own API server. */
async function seen(source: string, target: string): Promise<string[]> {
  const spec = await linkTo(source, target);
  const found = await Promise.all(
    [spec.selector, spec.remoteDiscoverySelector, spec.federatedServiceSelector].map((selector) =>
      lab.kubectl(
        target,
        "get",
        "services",
        "-A",
        `-l=${query(selector)}`,
        "-o=jsonpath={.items[*].metadata.name}",
      ),
    ),
  );
  return found.flatMap((names) => names.split(" ").filter(Boolean)).sort();
}

async function labelsOf(service: string, namespace: string): Promise<Record<string, string>> {
  const read = await lab.kubectl("us", "get", "service", service, `-n=${namespace}`, "-o=json");
  const labels: Record<string, string> = JSON.parse(read).metadata.labels ?? {};
  return Object.fromEntries(EXPORT_KEYS.flatMap((key) => (key in labels ? [[key, labels[key] ?? ""]] : [])));
}

const OWN = { "mirror.linkerd.io/exported": "true.bi.reports" };

/** The lines of the report about the change that is in the stack file. */
async function reported(): Promise<string> {
  const told = await lab.shell("pulumi preview --json | npx fleet report --stack dev");
  expect(told.code, told.stderr).toBe(0);
  return told.stdout;
}

/** Deploys; how often the cluster did not see `reports` meanwhile. */
async function unseenBy(source: string): Promise<number> {
  const samples = await during(
    async () => expect(await lab.cli()).toMatchObject({ stderr: "", code: 0 }),
    async () => {
      // What either reading of the Link selects was selected: the label was read between them.
      const before = await linkTo(source, "us");
      const labels = await labelsOf("reports", "bi");
      return [before, await linkTo(source, "us")].some((spec) =>
        mirroredModes(spec, labels).includes("gateway"),
      );
    },
  );
  expect(samples.length).toBeGreaterThan(3);
  return samples.filter((isSeen) => !isSeen).length;
}

it("a service that names a cluster has a label of its own, which the Link of that cluster selects", async () => {
  expect(await labelsOf("reports", "bi")).toEqual(OWN);
  expect(await labelsOf("checkout", "shop")).toEqual({
    "mirror.linkerd.io/federated": "member.shop.checkout",
  });
  expect(await seen("eu", "us")).toEqual(["checkout", "reports"]);
  expect(await seen("us", "eu")).toEqual(["checkout"]);
  expect(await lab.preview()).toEqual([]);
});

it("a cluster that joins later sees nothing that does not name it, and no other Link or label changes", async () => {
  const before = [await linkTo("eu", "us"), await labelsOf("reports", "bi")];
  lab.edit((config) => {
    config["linkerd-fleet:clusters"].apac = {
      ...{ context: "apac", region: "apac", network: "lab", podNetworks: ["10.3.0.0/16"] },
      apiServer: lab.apiServer(2),
    };
  });
  expect(await lab.cli()).toMatchObject({ stderr: "", code: 0 });
  expect(await seen("apac", "us")).toEqual([]);
  expect(await seen("apac", "eu")).toEqual([]);
  expect([await linkTo("eu", "us"), await labelsOf("reports", "bi")]).toEqual(before);
  expect(await seen("eu", "us")).toEqual(["checkout", "reports"]);
  expect(await lab.preview()).toEqual([]);
});

it("a cluster is added: its Link changes and nothing else does, and the report stops a reviewer", async () => {
  name(["eu", "apac"]);
  const told = await reported();
  expect(told).toContain("bi/reports of us: crosses (gateway) to apac as well (more clusters see it)");
  const steps = (await lab.preview()).filter(({ type }) => type !== "pulumi:pulumi:Stack");
  expect(steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
    "update apac-to-us",
    "update apac-to-us-link",
    "update us-bi-reports",
  ]);
  expect(await unseenBy("eu")).toBe(0);
  expect(await seen("apac", "us")).toEqual(["reports"]);
  expect(await labelsOf("reports", "bi")).toEqual(OWN);
  expect(await lab.preview()).toEqual([]);
});

it("a cluster is taken away: it sees the service no more, and a mirror that is left there is found", async () => {
  name(["apac"]);
  expect(await reported()).toContain(
    "bi/reports of us: crosses (gateway) to eu no longer: callers there lose it",
  );
  expect(await unseenBy("apac")).toBe(0);
  expect(await seen("eu", "us")).toEqual(["checkout"]);
  expect(await seen("apac", "us")).toEqual(["reports"]);
  expect(await lab.preview()).toEqual([]);

  await lab.kubectl("eu", "create", "service", "clusterip", "reports-us", "-n=bi", "--tcp=80");
  const mirror = ["mirror.linkerd.io/mirrored-service=true", "mirror.linkerd.io/cluster-name=us"];
  await lab.kubectl("eu", "label", "service", "reports-us", "-n=bi", ...mirror);
  const { stdout } = await lab.shell("npx fleet verify || true");
  expect(stdout).toContain("bi/reports-us mirrors a service of us, whose `to` does not name eu");
  await lab.kubectl("eu", "delete", "service", "reports-us", "-n=bi");
  const services = await lab.shell("npx fleet services --json");
  expect(services.code, services.stdout).toBe(0);
  expect(JSON.parse(services.stdout)).toContainEqual(
    expect.objectContaining({ service: "bi/reports", to: { us: ["apac"] }, labelled: ["us"], otherwise: [] }),
  );
});

it("a service crosses to all again, and to some again, and who sees it all the time never loses it", async () => {
  name(undefined);
  expect(await reported()).toContain(
    "bi/reports of us: crosses (gateway) to every linked cluster, not only to apac",
  );
  expect(await unseenBy("apac")).toBe(0);
  expect(await seen("eu", "us")).toEqual(["checkout", "reports"]);
  expect(await labelsOf("reports", "bi")).toEqual({ "mirror.linkerd.io/exported": "true" });
  expect((await linkTo("apac", "us")).selector).toEqual({
    matchLabels: { "mirror.linkerd.io/exported": "true" },
  });
  expect(await lab.preview()).toEqual([]);

  name(["eu"]);
  expect(await unseenBy("eu")).toBe(0);
  expect(await seen("apac", "us")).toEqual([]);
  expect(await labelsOf("reports", "bi")).toEqual(OWN);
  expect(await lab.preview()).toEqual([]);
});

it("a name that is no cluster's, and the exporting cluster itself, are refused before anything is changed", async () => {
  for (const [to, path] of [
    [["eu", "apca"], "services[1].to[1]"],
    [["eu", "us"], "services[1].to[1]"],
  ] as const) {
    name(to);
    const refused = await lab.pulumi("up", "--yes", "--skip-preview");
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain(path);
  }
  expect(await labelsOf("reports", "bi")).toEqual(OWN);
});
