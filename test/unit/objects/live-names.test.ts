import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clusterObjects, type Known } from "../../../fleet/clusterObjects";
import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { parseFleetConfig } from "../../../fleet/config/parse";
import type { FleetObject } from "../../../fleet/objects/object";
import type { Plain } from "../../../fleet/objects/values";
import { type Plan, planFleet } from "../../../fleet/plan";
import { rollingRestarts } from "../../../fleet/restart/objects";
import { stack } from "../../../testing/arbitraries";
import type { Sections } from "../../../testing/mistakes/sound";

/** Names that meet when they are joined, and those of objects that Linkerd, its charts or Emissary have. */
const CLUSTERS = ["a", "a-b", "b", "b-a", "default", "federated-a", "gateway"];
const NAMESPACES = ["shop", "shop-a", "emissary", "linkerd", "linkerd-multicluster", "linkerd-viz"];
const SERVICES = ["web", "web-a", "web-grant", "web-a-b", "emissary-ingress", "linkerd-gateway", "local"];
const PORTS = [80, "http", "local", "grant-http", "grant-local", "probes", "callers"];
const WORKLOADS = ["linkerd-destination", "emissary-ingress", "web"];

const some = <T>(of: readonly T[], maxLength: number) =>
  fc.subarray([...of], { minLength: 1, maxLength: Math.min(maxLength, of.length) });
const gateway = fc.oneof(
  fc.constantFrom<object>(
    { type: "loadBalancer" },
    { type: "loadBalancer", allowedNetworks: ["10.0.0.0/8"] },
  ),
  fc.record({
    type: fc.constant("emissary"),
    namespace: fc.constantFrom("emissary", "shop"),
    service: fc.constantFrom("emissary-ingress", "web"),
    hosts: fc.constant([{ name: "web", hostname: "*" }]),
    mappings: fc.constant([{ name: "web", prefix: "/", service: "web" }]),
  }),
);
const workload = fc.record({
  namespace: fc.constantFrom(...NAMESPACES),
  deployment: fc.constantFrom(...WORKLOADS),
});
const service = (clusters: readonly string[]) =>
  fc.record(
    {
      name: fc.constantFrom(...SERVICES),
      namespace: fc.constantFrom(...NAMESPACES),
      mode: fc.constantFrom("gateway", "flat", "federated"),
      in: some(clusters, 3),
      ports: some(PORTS, 3),
      local: fc.constantFrom("keep", "meshed", "none"),
      pods: fc.constant({ app: "web" }),
    },
    { requiredKeys: ["name", "namespace", "mode", "in", "ports"] },
  );

const fleets: fc.Arbitrary<Sections> = some(CLUSTERS, 4).chain((names) =>
  fc.record({
    linkerd: fc.record({
      version: fc.constant("2026.8.3"),
      namespace: fc.constantFrom(
        "linkerd",
        "linkerd",
        "linkerd",
        "shop",
        "linkerd-multicluster",
        "linkerd-viz",
      ),
      viz: fc.boolean(),
    }),
    trust: fc.record({
      anchors: fc.constant([{ id: "2026", state: "active" }]),
      restart: fc.record({ workloads: fc.array(workload, { maxLength: 4 }) }),
    }),
    access: fc.record({ generation: fc.constantFrom(1, 2) }),
    clusters: fc
      .array(
        fc.record({
          gateway,
          namespaces: fc.dictionary(
            fc.constantFrom(...NAMESPACES),
            fc.constant({ defaultInboundPolicy: "deny" }),
            {
              maxKeys: 1,
            },
          ),
        }),
        { minLength: names.length, maxLength: names.length },
      )
      .map((all) =>
        Object.fromEntries(
          all.map((one, at) => [
            names[at],
            {
              ...one,
              context: names[at],
              network: "shared",
              podNetworks: [`10.${at}.0.0/16`],
              apiServer: `https://api-${at}.example.com`,
            },
          ]),
        ),
      ),
    topology: fc.constant({ kind: "mesh" }),
    services: fc.array(service(names), { maxLength: 4 }),
    observability: fc.option(
      fc.record({
        prometheus: fc.constant({ namespace: "monitoring", serviceAccount: "prometheus" }),
        dashboard: fc.record({ namespace: fc.constantFrom("monitoring", "shop") }),
      }),
      { nil: undefined },
    ),
  }),
);

const PAIR = { certificate: "", privateKey: "" };
const KNOWN: Known<Plain> = {
  stackFile: "Pulumi.test.yaml",
  secret: String,
  trustBundle: "",
  issuer: { ...PAIR, anchor: "" },
  webhook: () => PAIR,
  tokenName: ({ serviceAccount }, generation) => `${serviceAccount}-drawn${generation}`,
  kubeconfig: () => "",
  gatewayAddress: () => "192.0.2.1",
  generation: ({ source, target }) => (source < target ? 2 : 1),
  selector: ({ name }) => ({ app: name }),
  gatewaySelector: { app: "emissary" },
};

/** Everything that the fleet wants in a cluster; its restarts by selector have found the workloads of others. */
function objectsOf(plan: Plan, cluster: ClusterPlan): FleetObject[] {
  const names = [...new Set(clusterObjects(plan, cluster, KNOWN).flatMap(({ objects }) => objects))];
  const restarts = names.flatMap(({ kind, metadata: { name, namespace = "" } }) =>
    kind === "Deployment" ? [{ kind, namespace, name, mark: "anchors", after: [] }] : [],
  );
  const rolling = { on: [], atOnce: 1, timeoutSeconds: 30, selections: [], target: "anchors", restarts };
  return [...names, ...rollingRestarts({ restart: { ...cluster.restart, rolling } })];
}

function keyOf({ apiVersion, kind, metadata: { namespace = "", name } }: FleetObject): string {
  return `${apiVersion.replace(/\/?[^/]*$/, "")} ${kind} ${namespace}/${name}`;
}

/** The objects of a key that has several. */
function meeting(objects: readonly FleetObject[]): FleetObject[][] {
  return [...Map.groupBy(objects, keyOf).values()].filter(({ length }) => length > 1);
}

/** The valid ones of some fleets, which name no two things alike. */
const PLANS = fc.sample(fleets, 1000).flatMap((sections): Plan[] => {
  const { config } = parseFleetConfig(stack(JSON.parse(JSON.stringify(sections))));
  return config ? [planFleet(config)] : [];
});
const met = PLANS.flatMap((plan) => plan.clusters.flatMap((cluster) => meeting(objectsOf(plan, cluster))));

describe("the objects of a cluster, whatever a fleet's clusters, namespaces, services and ports are called", () => {
  it("are one for each name of a kind, and none that the fleet makes is patched as somebody else's", () => {
    expect(PLANS.length).toBeGreaterThan(50);
    expect(met.filter((all) => all.some(({ patch }) => !patch)).map((all) => all.map(keyOf))).toEqual([]);
  });

  it("are patched under the name of one field manager: two names are one annotation, and one name takes back", () => {
    const named = met.map((patches) =>
      patches.flatMap(({ kind, id, metadata }) =>
        "pulumi.com/patchFieldManager" in (metadata.annotations ?? {}) ? [`${kind} ${id}`] : [],
      ),
    );
    expect(met.length).toBeGreaterThan(100);
    expect(named.filter(({ length }) => length > 1)).toEqual([]);
  });
});
