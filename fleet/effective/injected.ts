import type { z } from "zod";
import { proxyOf } from "./proxy";
import { type namespace, type Pod, PROXY, pod as podShape } from "./shapes";

const INJECT = "linkerd.io/inject";
const YES: readonly unknown[] = ["enabled", "ingress"];

/**
 * Pods that ask for a proxy as the injector would have made them (linkerd2 `pkg/inject/report.go`,
 * `disabledByAnnotation`).
 */
export function proxied(pods: readonly Pod[], namespaces: readonly z.infer<typeof namespace>[]): Pod[] {
  const asking = new Set(
    namespaces
      .filter(({ metadata }) => YES.includes(metadata.annotations[INJECT]))
      .map(({ metadata }) => metadata.name),
  );
  return pods.map((pod) => {
    const own = pod.metadata.annotations[INJECT];
    const asks = own === undefined ? asking.has(pod.metadata.namespace) : YES.includes(own);
    if (!asks || proxyOf(pod) || pod.spec.hostNetwork) return pod;
    const [proxy] = PROXIES;
    return proxy ? { ...pod, spec: { ...pod.spec, containers: [...pod.spec.containers, proxy] } } : pod;
  });
}

/** linkerd2 `charts/partials/templates/_proxy.tpl`, as far as it decides. */
const PROXIES = podShape.parse({
  metadata: { name: "any" },
  spec: {
    containers: [
      {
        name: PROXY,
        ports: [
          { name: "linkerd-proxy", containerPort: 4143 },
          { name: "linkerd-admin", containerPort: 4191 },
        ],
      },
    ],
  },
}).spec.containers;
