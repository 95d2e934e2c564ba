import { MULTICLUSTER_NAMESPACE, mirrorServiceName } from "../fleet/config/names";
import { crossingModes } from "../fleet/exports/named";
import type { Plan } from "../fleet/plan";
import type { LinkPlan } from "../fleet/topology/plan";
import { ADDRESS, at, clusterOf, exportsOf, mirrorLabels, type Stored } from "./stored";

/** Objects that a service mirror makes, and the copies of its Endpoints. */
export function ofMirror(plan: Plan, link: LinkPlan): Stored[] {
  const { target } = link;
  const { gateway, clusterDomain } = clusterOf(plan, target);
  const identity: Record<string, string> = gateway.enabled
    ? { "mirror.linkerd.io/remote-gateway-identity": gateway.identity }
    : {};
  const labels = { ...mirrorLabels(target), "mirror.linkerd.io/mirrored-service": "true" };
  const mc = MULTICLUSTER_NAMESPACE;
  const endpoints = (namespace: string, name: string, own: object, annotations: object): Stored[] => [
    at(
      "/api/v1/endpoints",
      namespace,
      name,
      { subsets: [{ addresses: [{ ip: ADDRESS }] }] },
      { labels: own, annotations },
    ),
    at(
      "/apis/discovery.k8s.io/v1/endpointslices",
      namespace,
      `${name}-x7k2p`,
      { endpoints: [{ addresses: [ADDRESS] }] },
      { labels: { ...own, "kubernetes.io/service-name": name }, annotations },
    ),
  ];
  return [
    at("/apis/coordination.k8s.io/v1/leases", mc, `service-mirror-write-${target}`, {
      spec: { holderIdentity: "pod", leaseDurationSeconds: 30, renewTime: new Date().toISOString() },
    }),
    ...(gateway.enabled ? endpoints(mc, `probe-${target}`, mirrorLabels(target), identity) : []),
    ...exportsOf(plan, target)
      .filter((one) => crossingModes(one, link).includes("gateway"))
      .flatMap(({ name, namespace }) => {
        const mirror = mirrorServiceName(name, target);
        const asked = {
          "mirror.linkerd.io/remote-svc-fq-name": `${name}.${namespace}.svc.${clusterDomain}`,
        };
        return [
          at("/api/v1/services", namespace, mirror, { spec: {} }, { labels, annotations: asked }),
          ...endpoints(namespace, mirror, labels, { ...asked, ...identity }),
        ];
      }),
  ];
}
