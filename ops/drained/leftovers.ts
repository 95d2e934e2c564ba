import { z } from "zod";

/** What is read of a Service. */
export const service = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
});
export type Service = z.infer<typeof service>;

/**
 * What of a source's Services still leads to a target: its mirrors, and federated services of which it is a member. The
 * Services are looked at because `Link.status` goes on listing what was removed (linkerd2
 * `multicluster/service-mirror/cluster_watcher.go`).
 */
export function leftovers(services: readonly Service[], target: string): string[] {
  return services.flatMap(({ metadata: { name, namespace, labels, annotations } }) => {
    const members = annotations["multicluster.linkerd.io/remote-discovery"]?.split(",") ?? [];
    if (members.some((member) => member.endsWith(`@${target}`) && labels[TARGET] !== target)) {
      return [`${namespace}/${name} (federated)`];
    }
    // The chart's probe Service of the link carries the label as well, and goes with the link.
    if (labels[TARGET] !== target || labels["mirror.linkerd.io/mirrored-gateway"] === "true") return [];
    return [`${namespace}/${name}`];
  });
}

const TARGET = "mirror.linkerd.io/cluster-name";
