import type { z } from "zod";
import { proxyOf } from "./proxy";
import { type namespace, type Pod, PROXY, pod as podShape } from "./shapes";

const INJECT = "linkerd.io/inject";
const YES: readonly unknown[] = ["enabled", "ingress"];
/** With another word, on the namespace or on the pod, a pod gets no proxy. */
const WORDS: readonly unknown[] = [...YES, "disabled", "", undefined];

/**
 * Pods that ask for a proxy as the injector would have made them (linkerd2 `pkg/inject/report.go`,
 * `disabledByAnnotation`).
 */
export function proxied(pods: readonly Pod[], namespaces: readonly z.infer<typeof namespace>[]): Pod[] {
  const said = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.annotations[INJECT]]));
  return pods.map((pod) => {
    const of = said.get(pod.metadata.namespace);
    const own = pod.metadata.annotations[INJECT];
    const asks = WORDS.includes(of) && YES.includes(own || of);
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
