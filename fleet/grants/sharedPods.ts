import type { Problem } from "../config/problems";
import type { GrantPlan } from "./plan";

/** What to do about two services that have a port of their pods in common, and let in others. */
export const SAME_CALLERS =
  "give both the same callers at that port, or export one Service, in several modes if necessary";

export type Labels = Readonly<Record<string, string>>;

/** Whether all pods of one selector are pods of the other. */
export function sharePods(one: Labels, other: Labels): boolean {
  const within = (inner: Labels, outer: Labels) =>
    Object.keys(outer).length > 0 && Object.entries(outer).every(([key, value]) => inner[key] === value);
  return within(one, other) || within(other, one);
}

/** What is decided of one port of a service, in one form: who may call, and how they are known. */
export function accessTo(
  { protocol, probes, local, ports, enforce }: GrantPlan,
  port: GrantPlan["ports"][number]["port"],
): string {
  const { callers, routes } = ports.find((one) => one.port === port) ?? {};
  return JSON.stringify({ protocol, probes, local, callers, routes, enforce });
}

function portOfOtherAccess(one: GrantPlan, other: GrantPlan): string | number | undefined {
  return one.ports
    .map(({ port }) => port)
    .find(
      (port) =>
        other.ports.some((theirs) => theirs.port === port) && accessTo(one, port) !== accessTo(other, port),
    );
}

/** Pairs of services of one cluster and namespace that would be in each other's way if they had the same pods. */
export function sharedPorts(grants: readonly GrantPlan[]): (readonly [GrantPlan, GrantPlan])[] {
  const groups = Map.groupBy(grants, ({ cluster, namespace }) => `${cluster}/${namespace}`);
  return [...groups.values()].flatMap((group) =>
    group.flatMap((one, at) =>
      group
        .slice(at + 1)
        .flatMap((other) => (portOfOtherAccess(one, other) === undefined ? [] : [[one, other] as const])),
    ),
  );
}

/**
 * A port of a pod has one Server: of several, Linkerd follows the oldest (linkerd2 `inbound/index.rs`), so that the
 * other service's grants have no effect. `undefined` where the pods are not the same.
 */
export function accessAt(
  one: GrantPlan,
  ofOne: Labels,
  other: GrantPlan,
  ofOther: Labels,
): Problem | undefined {
  const port = portOfOtherAccess(one, other);
  if (port === undefined || !sharePods(ofOne, ofOther)) return undefined;
  const named = ({ namespace, name }: GrantPlan) => `${namespace}/${name}`;
  return {
    path: "services",
    problem:
      `${named(one)} and ${named(other)} of ${one.cluster} are the same pods at port ${port}, and let in others: ` +
      "Linkerd follows only one of them",
    fix: SAME_CALLERS,
  };
}
