import type { ClusterPlan } from "../fleet/clusters/plan";
import type { ChartKey } from "../fleet/linkerd/charts";
import {
  controlPlaneValues,
  crdsValues,
  multiclusterValues,
  type Values,
  vizValues,
  WEBHOOKS,
} from "../fleet/linkerd/values";
import { planFleet } from "../fleet/plan";
import { cluster, fleetOf } from "./fleets";

/** The values of one cluster's charts. */
export function chartValues(cluster: ClusterPlan): Record<ChartKey, Values> {
  const webhooks = WEBHOOKS.map(({ value }) => ({ value, caBundle: `CA of ${value}` }));
  const viz = { release: "linkerd-viz", chart: "linkerd-viz", version: "2026.8.3", values: {} };
  return {
    crds: crdsValues(cluster),
    controlPlane: controlPlaneValues(cluster, { bundle: "BUNDLE", webhooks }),
    multicluster: multiclusterValues(cluster),
    viz: vizValues(cluster, cluster.install.viz ?? viz),
  };
}

/** One cluster for each kind of gateway, linked to all others, with every setting that gives a chart a value. */
export function fullClusters(): readonly ClusterPlan[] {
  const annotations = { "example.com/balancer": "internal" };
  const balancer = { annotations, loadBalancerClass: "example.com/lb", sourceRanges: ["192.0.2.0/24"] };
  const gateways = {
    balanced: { type: "loadBalancer", ...balancer, replicas: 2 },
    ported: { type: "nodePort", address: "203.0.113.1", port: 30143, probePort: 30191, annotations },
    fixed: { type: "static", address: "gw.example.com", ...balancer, loadBalancerIP: "203.0.113.2" },
    bare: { type: "none" },
    emissary: { type: "emissary" },
  };
  const secret = (key: string) => ({ secret: key });
  const clusters = Object.entries(gateways).map(([name, gateway]) => [
    name,
    cluster(name, { gateway, createNamespaces: true, chartAccesses: ["theirs"] }),
  ]);
  const anchors = [{ id: "2026", state: "active" }];
  const service = { name: "web", namespace: "shop", mode: "gateway", ports: ["http"], headless: true };
  const plan = planFleet(
    fleetOf(Object.fromEntries(clusters), {
      linkerd: {
        channel: "enterprise",
        version: "2.19.0",
        license: secret("license"),
        ha: true,
        viz: true,
        cni: true,
        nativeSidecar: false,
        defaultInboundPolicy: "deny",
        images: {
          registry: "mirror.example.com/l",
          pause: "mirror.example.com/pause:3",
          pullSecret: secret("pull"),
        },
      },
      trust: { anchors, restart: { extension: true } },
      observability: {
        prometheus: { namespace: "monitoring", serviceAccount: "prometheus" },
        labels: { release: "prometheus" },
      },
      services: [
        { ...service, in: ["balanced"], allowGateway: true },
        { ...service, name: "api", mode: "federated", headless: false, in: ["balanced"], to: ["ported"] },
      ],
    }),
  );
  return plan.clusters;
}
