import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuthorizationPolicySpec } from "../../fleet/objects/policy";
import { repository } from "../../lab/env";
import { TestLab } from "./harness";

const CRDS = join(__dirname, "crds", "monitoring.coreos.com.yaml");
const observability = {
  prometheus: { namespace: "shop", serviceAccount: "prometheus" },
  labels: { release: "monitoring" },
  dashboard: { namespace: "grafana" },
};

let lab: TestLab;
beforeAll(async () => {
  lab = await TestLab.create({ eu: {}, us: {} });
  lab.edit((config) => {
    config["linkerd-fleet:services"] = [];
    config["linkerd-fleet:observability"] = observability;
    config["linkerd-fleet:linkerd"] = { ...(config["linkerd-fleet:linkerd"] as object), viz: true };
  });
});
afterAll(() => lab?.remove());

test("a cluster without the Prometheus Operator is named before anything is made", async () => {
  const ran = await lab.cli();
  expect(ran.code).not.toBe(0);
  const said = ran.stdout + ran.stderr;
  for (const cluster of ["eu", "us"]) {
    expect(said).toContain(`${cluster} has no PodMonitor, PrometheusRule of monitoring.coreos.com/v1`);
    expect(said).toContain(`write clusters.${cluster}.observed: false`);
    expect(said).toContain(`${cluster} has no namespace grafana`);
    expect(await lab.kubectl(cluster, "get", "namespaces", "-o=name")).not.toContain("linkerd");
  }
});

test("with it, each cluster's links are shown to its Prometheus, and a preview has nothing to do", async () => {
  for (const cluster of ["eu", "us"]) {
    await lab.kubectl(cluster, "apply", "-f", CRDS);
    await lab.kubectl(cluster, "create", "namespace", "grafana");
  }
  await lab.kubectl("us", "apply", "-f", join(repository, "lab", "emissary"));
  lab.edit((config) => {
    Object.assign(config["linkerd-fleet:clusters"].us ?? {}, { gateway: { type: "emissary" } });
  });
  const ran = await lab.cli();
  expect(ran.stderr).toBe("");
  expect(await lab.preview()).toEqual([]);

  const get = async (kinds: string, namespace: string) =>
    (await lab.kubectl("eu", "get", kinds, `-n=${namespace}`, "-o=name", "-l=release=monitoring"))
      .split("\n")
      .filter(Boolean)
      .map((name) => name.replace(".monitoring.coreos.com", ""));
  expect(await get("podmonitors,prometheusrules", "linkerd-multicluster")).toEqual([
    "podmonitor/linkerd-fleet",
    "prometheusrule/linkerd-fleet",
  ]);
  expect(await get("podmonitors", "linkerd")).toEqual([
    "podmonitor/linkerd-controller",
    "podmonitor/linkerd-proxy",
  ]);

  const path = ["-n=linkerd-multicluster", "-o=json"];
  const { items } = JSON.parse(await lab.kubectl("eu", "get", "prometheusrules", ...path));
  const { rules } = items[0].spec.groups[0];
  expect(rules.map(({ alert }: { alert: string }) => alert)).toContain("LinkerdLinkNotMirroring");
  expect(JSON.stringify(rules)).toContain("controller-us-");
  const recorded = { record: "linkerd_fleet:proxies:count", labels: { cluster: "eu" } };
  expect(rules).toContainEqual(expect.objectContaining(recorded));

  const dashboard = await lab.kubectl(
    "eu",
    "get",
    "configmap/linkerd-fleet-dashboard",
    "-n=grafana",
    "-o=json",
  );
  const { title, templating } = JSON.parse(JSON.parse(dashboard).data["linkerd-fleet.json"]);
  expect(title).toBe("Linkerd fleet");
  expect(templating.list.map(({ name }: { name: string }) => name)).toContain("cluster");
});

test("an Emissary that is the gateway is open to that Prometheus, as the pods of the extension are", async () => {
  const policies = JSON.parse(
    await lab.kubectl("us", "get", "authorizationpolicies.policy.linkerd.io", "-n=emissary", "-o=json"),
  );
  const refs = policies.items.map(({ spec }: { spec: AuthorizationPolicySpec }) => [
    spec.targetRef.name,
    ...spec.requiredAuthenticationRefs.map(({ name }) => name),
  ]);
  expect(refs).toContainEqual(["fleet.gateway-admin", "linkerd-fleet.prometheus"]);
  const identities = await lab.kubectl(
    "us",
    "get",
    "meshtlsauthentications.policy.linkerd.io/linkerd-fleet.prometheus",
    "-n=emissary",
    "-o=jsonpath={.spec.identities}",
  );
  expect(identities).toBe('["prometheus.shop.serviceaccount.identity.linkerd.cluster.local"]');
});

test("the ports that its PodMonitor names are the ones that the service mirrors have", async () => {
  const pods = JSON.parse(
    await lab.kubectl("eu", "get", "deployments", "-n=linkerd-multicluster", "-o=json"),
  );
  const ports = pods.items.flatMap((one: Workload) =>
    one.spec.template.spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name)),
  );
  expect(ports).toEqual(expect.arrayContaining(["ctrl-admin", "locsm-admin"]));
});

interface Workload {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: { readonly ports?: { readonly name: string }[] }[] };
    };
  };
}

test("linkerd-viz runs beside it where the stack file says so", async () => {
  const viz = await lab.kubectl("us", "get", "deployments", "-n=linkerd-viz", "-o=name");
  expect(viz.trim().split("\n")).toEqual(
    ["metrics-api", "prometheus", "tap", "tap-injector", "web"].map((name) => `deployment.apps/${name}`),
  );
  const namespace = JSON.parse(await lab.kubectl("us", "get", "namespace", "linkerd-viz", "-o=json"));
  expect(namespace.metadata.labels).toMatchObject({ "linkerd.io/extension": "viz" });
});

test("without it again, nothing of it stays", async () => {
  lab.edit((config) => {
    delete config["linkerd-fleet:observability"];
  });
  const ran = await lab.cli();
  expect(ran.stderr).toBe("");
  expect(await lab.kubectl("eu", "get", "podmonitors,prometheusrules", "-A", "-o=name")).toBe("");
  for (const cluster of ["eu", "us"]) {
    expect(
      await lab.kubectl(cluster, "get", "authorizationpolicies.policy.linkerd.io", "-A", "-o=name"),
    ).not.toContain("linkerd-fleet");
  }
});
