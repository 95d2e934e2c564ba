import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { planInstall } from "../linkerd/charts";
import { auditsSince } from "../neededVersions";

/** An older Linkerd ignores `accessPolicy: audit`: the Server would refuse whoever has no grant. */
export function auditRules({ linkerd, clusters, services, isUnread }: Readable): Problem[] {
  if (!linkerd || isUnread(["linkerd"])) return [];
  return services.flatMap(({ path, value }) => {
    if (value.enforce !== "audit") return [];
    const old = value.in.flatMap((name) => {
      const cluster = clusters.get(name);
      if (!cluster || isUnread(["clusters", name, "linkerd"])) return [];
      const { crds, controlPlane } = planInstall(linkerd, cluster.linkerd);
      const versions = [crds, controlPlane].map(({ version }) => ({ version, since: auditsSince(version) }));
      return versions
        .filter(({ since }) => since !== undefined)
        .slice(0, 1)
        .map((one) => ({ ...one, name }));
    });
    const [first] = old;
    if (!first) return [];
    const have = old.map(({ name, version }) => `${name} has ${version}`).join(", ");
    return [
      {
        path: pathOf([...path, "enforce"]),
        problem: `audit needs Linkerd ${first.since} or later, and ${have}, which would refuse whoever has no grant`,
        fix: `upgrade ${old.map(({ name }) => name).join(", ")} first, or write deny for now`,
      },
    ];
  });
}
