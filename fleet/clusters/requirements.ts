import { MULTICLUSTER_NAMESPACE, VIZ_NAMESPACE } from "../config/names";
import type { Plan } from "../plan";
import type { ClusterPlan } from "./plan";

/** A thing that must exist in a cluster before the first resource, because somebody else creates it. */
interface Required {
  readonly cluster: string;
  /** The setting that asks for it. */
  readonly path: string;
  /** The remedy if it is missing. */
  readonly fix: string;
}

export interface RequiredApi extends Required {
  /** As Kubernetes names it: the group and its version. */
  readonly groupVersion: string;
  readonly kinds: readonly string[];
}

export interface RequiredNamespace extends Required {
  readonly namespace: string;
}

/** The things that the plan needs and others create. Without this check, an update would stop half-way. */
export function requiredApis(plan: Plan): RequiredApi[] {
  return plan.clusters.flatMap((cluster) => [
    ...gatewayApi(cluster),
    ...emissary(cluster),
    ...monitoring(cluster),
  ]);
}

/** Namespaces that objects of ours go to, and that neither we nor the owner of a Service make. */
export function requiredNamespaces(plan: Plan): RequiredNamespace[] {
  return plan.clusters.flatMap(({ name, observability, controlPlaneNamespace }) => {
    const { namespace } = observability?.dashboard ?? {};
    const ours = [controlPlaneNamespace, MULTICLUSTER_NAMESPACE, VIZ_NAMESPACE];
    if (namespace === undefined || ours.includes(namespace)) return [];
    const fix = `create it, name the one where Grafana looks for dashboards, or write clusters.${name}.observed: false`;
    return [{ cluster: name, namespace, path: "observability.dashboard.namespace", fix }];
  });
}

/** The policy controller needs it, and the routes of `traffic` are its own. */
function gatewayApi({ name, install }: ClusterPlan): RequiredApi[] {
  if (install.gatewayApi !== "existing") return [];
  return [
    {
      cluster: name,
      groupVersion: "gateway.networking.k8s.io/v1",
      kinds: ["HTTPRoute"],
      path: "linkerd.gatewayApi",
      fix: `install the Gateway API in ${name}, or let this program bring it: docs/versions.md`,
    },
  ];
}

function emissary({ name, gateway }: ClusterPlan): RequiredApi[] {
  if (!gateway.enabled || gateway.kind !== "emissary") return [];
  const { module, hosts, mappings } = gateway.config;
  const kinds = [
    ...(module ? ["Module"] : []),
    ...(hosts.length > 0 ? ["Host"] : []),
    ...(mappings.length > 0 ? ["Mapping"] : []),
  ];
  if (kinds.length === 0) return [];
  return [
    {
      cluster: name,
      groupVersion: "getambassador.io/v3alpha1",
      kinds,
      path: `clusters.${name}.gateway`,
      fix: `install Emissary-ingress 2 or later in ${name}, or remove module, hosts and mappings`,
    },
  ];
}

function monitoring({ name, observability }: ClusterPlan): RequiredApi[] {
  if (!observability) return [];
  return [
    {
      cluster: name,
      groupVersion: "monitoring.coreos.com/v1",
      kinds: ["PodMonitor", "PrometheusRule"],
      path: "observability",
      fix: `install the Prometheus Operator (or its CRDs) in ${name}, or write clusters.${name}.observed: false`,
    },
  ];
}
