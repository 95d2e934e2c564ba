import { GRANT_PREFIX, type ServiceName } from "../config/names";
import type { Case, ComparedPort, ExaminedPort } from "./examine";
import { isAudited } from "./inbound";
import { requestWords } from "./requests";
import { PROBE } from "./routes";

/** A difference between what a cluster really lets through and what the stack file declares. */
export interface Difference extends ServiceName {
  /**
   * `open`: reachable though undeclared. `closed`: declared though unreachable. `audited`: declared, and let in by
   * the audit alone. `unknown`: it cannot be told.
   */
  readonly kind: "open" | "closed" | "audited" | "unknown";
  readonly cluster: string;
  readonly port: number | string;
  /** One for each kind of caller, for people. */
  readonly callers: readonly string[];
  /** One for each kind of request, for people. */
  readonly requests: readonly string[];
  readonly why: string;
  /** The objects that decide it. */
  readonly by: readonly string[];
  readonly remedy: string;
}

/** Those of one cause in one. */
export function differencesOf({ port, cases }: ExaminedPort): Difference[] {
  const wrong = cases.flatMap((one) => {
    const kind = differenceOf(port, one);
    return kind ? [{ ...one, kind }] : [];
  });
  const alike = Map.groupBy(wrong, ({ kind, verdict }) => JSON.stringify([kind, verdict.why]));
  return [...alike.values()].flatMap((of) => {
    const [first] = of;
    if (!first) return [];
    const { kind, verdict } = first;
    const { cluster, namespace, name } = port;
    const by = unique(of.flatMap((one) => one.verdict.by));
    return [
      {
        ...{ kind, cluster, namespace, name, port: port.port },
        callers: unique(of.map(({ caller }) => caller.words)),
        requests: unique(of.map(({ request }) => requestWords(request))),
        why: verdict.why,
        by,
        remedy: remedyOf(kind, by, port),
      },
    ];
  });
}

/**
 * A declared caller has to reach every pod. Any other caller may reach none, unless the stack file says `audit`, and
 * then by the audit alone.
 */
export function differenceOf(
  { enforce }: Pick<ComparedPort, "enforce">,
  { declared, verdict }: Pick<Case, "declared" | "verdict">,
): Difference["kind"] | undefined {
  if (isAudited(verdict) && (declared || enforce === "audit")) return declared ? "audited" : undefined;
  if (verdict.outcome === (declared ? "allowed" : "denied")) return undefined;
  // Linkerd lets probes in by itself, from every address of the probe networks.
  if (verdict.by.includes(PROBE)) return undefined;
  if (verdict.outcome === "unknown") return "unknown";
  return declared ? "closed" : "open";
}

function remedyOf(kind: Difference["kind"], by: readonly string[], port: ComparedPort): string {
  const foreign = by.filter(
    (object) => /^[A-Z]\w+ \S+\/\S+$/.test(object) && !object.includes(`/${GRANT_PREFIX}`),
  );
  const correct = foreign.length > 0 ? `correct or delete ${foreign.join(" and ")}` : undefined;
  if (port.gatewayOnly) {
    return "`pulumi up` limits its gateway to the services that cross through it; or list it in `services`, mode gateway";
  }
  if (port.undeclared) {
    return `name port ${port.port} in \`ports\` of ${port.namespace}/${port.name}: it is closed to whom no grant names`;
  }
  const pods = by.filter((object) => object.startsWith("Pod ")).join(" and ");
  // No Server decides: either nothing that comes there passes a proxy, or no Server selects the pod.
  if (kind === "open" && pods !== "" && !by.some((object) => object.startsWith("Server "))) {
    const of = `${port.namespace}/${port.name}`;
    return by.join(" and ") === pods
      ? `let ${pods} have a proxy that gets what comes to port ${port.port} of ${of}, then restart it`
      : `let \`pods\` of ${of} select ${pods}; if its Server is gone, \`pulumi up --refresh\` puts it back`;
  }
  if (kind === "unknown")
    return `ask again with \`fleet access --from … --to …\`, which takes more of the request`;
  const restored = "`pulumi up --refresh` puts back what this program made";
  if (kind === "audited") return correct ?? restored;
  const declare =
    kind === "open"
      ? "declare it in `services` of the stack file"
      : "take it out of `services` of the stack file";
  return `${correct ?? restored}, or ${declare}`;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
