import { type Difference, differencesOf } from "../../../fleet/effective/compare";
import { examineAccess } from "../../../fleet/effective/examine";
import { coverageGaps } from "../../../fleet/grants/coverage";
import { type Finding, notWorking, whenReadable } from "../finding";
import type { FleetState } from "../read";
import type { Check } from "./check";

/** Whom the live objects let in by Linkerd's rules, next to whom the stack file lets in. */
const effects: Check = {
  name: "callers reach what is declared for them, and nothing else",
  judge: (fleet) => {
    const { plan, effective } = fleet;
    const examined = examineAccess(plan, clustersRead(fleet));
    const unread = [...effective].flatMap(([subject, read]) =>
      read.state === "found" ? [] : [{ subject, findings: whenReadable({ read }, () => [NO_MESH]) }],
    );
    const ofServices = Map.groupBy(
      // Services that nobody exports and nobody reaches are not spoken of.
      examined.filter((one) => !one.port.gatewayOnly || differencesOf(one).length > 0),
      ({ port }) => `${port.namespace}/${port.name} in ${port.cluster}`,
    );
    const wider = closedPods(fleet);
    const judged = [...ofServices].map(([subject, ports]) => {
      const cases = ports.reduce((sum, { cases }) => sum + cases.length, 0);
      const findings = cases === 0 ? [NO_PODS] : ports.flatMap(differencesOf).map(findingOf);
      return { subject, findings: [...findings, ...(wider.get(subject) ?? [])] };
    });
    return [...unread, ...judged];
  },
};

export const effectChecks: readonly Check[] = [effects];

/** All clusters of the plan that could be read. */
export function clustersRead({ effective }: Pick<FleetState, "effective">) {
  return new Map(
    [...effective].flatMap(([name, read]) => (read.state === "found" ? [[name, read.value] as const] : [])),
  );
}

/** Pods that Servers of a service close, though they are not its own: whom they let in is nobody's declaration. */
function closedPods(fleet: FleetState): ReadonlyMap<string, readonly Finding[]> {
  const gaps = [...clustersRead(fleet).values()]
    .flatMap((cluster) => coverageGaps(fleet.plan, cluster))
    .filter(({ kind }) => kind === "wider");
  const bySubject = Map.groupBy(
    gaps,
    ({ grant: { namespace, name, cluster } }) => `${namespace}/${name} in ${cluster}`,
  );
  return new Map(
    [...bySubject].map(([subject, of]) => [
      subject,
      of.map(({ problem, fix, setting }) =>
        notWorking(problem, `in \`${setting}\` of its entry in \`services\`, ${fix}`, "warning"),
      ),
    ]),
  );
}

const NO_MESH = notWorking("it has no Linkerd", "`pulumi up --continue-on-error` installs it");

/** Whether anybody is let in is decided pod by pod. */
const NO_PODS = notWorking(
  "it has no pod, and only pods decide who reaches them",
  "ask again when it has pods",
  "unknown",
);

const SAID = {
  open: (who: string) => `lets in ${who}, and nothing declares them`,
  closed: (who: string) => `keeps out ${who}, who are declared`,
  audited: (who: string) => `lets in ${who}, who are declared, by the audit alone`,
  unknown: (who: string) => `: it is not known whether ${who} are let in`,
} as const;

function findingOf({ kind, port, callers, requests, why, by, remedy }: Difference): Finding {
  const said = SAID[kind](shortened(callers, "; "));
  const message =
    `port ${port}${kind === "unknown" ? "" : " "}${said} (${shortened(requests, ", ")}): ${why}` +
    (by.length > 0 ? ` (${by.join(", ")})` : "");
  const severity = kind === "open" || kind === "closed" ? "error" : "warning";
  return { severity, message, remedy, runbook: kind === "open" ? "undeclared" : "not-working" };
}

/** So many say which kind they are. */
const EXAMPLES = 3;

function shortened(items: readonly string[], separator: string): string {
  const more = items.length - EXAMPLES;
  const shown = items.slice(0, EXAMPLES).join(separator);
  return more > 0 ? `${shown} and ${more} more` : shown;
}
