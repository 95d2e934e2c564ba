import { CONTROL_PLANE_NAMESPACE, MULTICLUSTER_NAMESPACE } from "../config/names";
import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";

/** What restarts is the users' own, is listed once, and in one spelling. */
export function restartRules(fleet: Readable): Problem[] {
  return [...named(fleet), ...selected(fleet), ...spelledTwice(fleet)];
}

/** Each restarted Deployment is the user's own and is listed once. */
function named({ trust, linkerd }: Readable): Problem[] {
  const workloads = trust?.restart.workloads ?? [];
  const names = workloads.map(({ namespace, deployment }) => `${namespace}/${deployment}`);
  return workloads.flatMap(({ namespace }, at) => {
    const path = pathOf(["trust", "restart", "workloads", at]);
    const own = ofLinkerd(namespace, linkerd, "trust.restart.extension: true");
    if (own) return [{ path, ...own }];
    return names.indexOf(names[at] ?? "") === at
      ? []
      : [{ path, problem: "is listed before", fix: "write one entry, with all its clusters" }];
  });
}

function selected({ restart, linkerd }: Readable): Problem[] {
  const workloads = restart?.workloads ?? [];
  const written = workloads.map(({ in: _, ...selection }) => JSON.stringify(selection));
  return workloads.flatMap(({ namespace, name, selector }, at): Problem[] => {
    const path = pathOf(["restart", "workloads", at]);
    const own = ofLinkerd(namespace, linkerd, "restart.extension: true");
    if (own) return [{ path, ...own }];
    if (name !== undefined && selector !== undefined) {
      return [{ path, problem: "has a name and a selector", fix: "keep one of them" }];
    }
    return written.indexOf(written[at] ?? "") === at
      ? []
      : [{ path, problem: "is listed before", fix: "write one entry, with all its clusters" }];
  });
}

function ofLinkerd(
  namespace: string,
  linkerd: Readable["linkerd"],
  extension: string,
): Omit<Problem, "path"> | undefined {
  if (namespace === (linkerd?.namespace ?? CONTROL_PLANE_NAMESPACE)) {
    return { problem: "is of the control plane, which restarts by itself", fix: "remove it" };
  }
  return namespace === MULTICLUSTER_NAMESPACE
    ? { problem: "is of the multicluster extension", fix: `remove it, and set ${extension}` }
    : undefined;
}

function spelledTwice({ restart, trust }: Readable): Problem[] {
  const isOld = trust && (trust.restart.workloads.length > 0 || trust.restart.extension);
  if (!restart || !isOld) return [];
  return [
    {
      path: "trust.restart",
      problem: "is the older form of `restart`, which is set too",
      fix: "move its entries into restart.workloads (`name` in place of `deployment`), and remove it",
    },
  ];
}
