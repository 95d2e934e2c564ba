import { isDeepStrictEqual } from "node:util";
import type { Link, Outcome } from "./objects";

/** What to write to `Link.status`, `undefined` if it says so. As the original, it never writes an empty list. */
export function statusOf(
  { status = {} }: Link,
  outcomes: readonly Outcome[],
  now: string,
): object | undefined {
  const lists = (["mirrorServices", "federatedServices"] as const).map((list) => {
    const before = status[list] ?? [];
    const told = outcomes.flatMap(({ report }) => {
      if (report?.list !== list) return [];
      const at = (lastTransitionTime: string) => ({
        ...{ controllerName: "linkerd.io/service-mirror", remoteRef: report.remoteRef },
        conditions: [{ type: "Mirrored", ...report.condition, lastTransitionTime }],
      });
      const old = before.find((one) => isDeepStrictEqual(one.remoteRef, report.remoteRef));
      const same = at(old?.conditions[0]?.lastTransitionTime ?? now);
      return [old === undefined || isDeepStrictEqual(old, same) ? same : at(now)];
    });
    return told.length === 0 || isDeepStrictEqual(told, before) ? {} : { [list]: told };
  });
  const changed = Object.assign({}, ...lists);
  return Object.keys(changed).length > 0 ? changed : undefined;
}
