import { nameOf } from "../effective/authorizations";
import type { Cluster } from "../effective/cluster";
import { isTcp, portsNamed } from "../effective/ports";
import { ownPorts, unguarded } from "../effective/proxy";
import { isRunning, servicePorts } from "../effective/reach";
import { portPolicy } from "../effective/servers";
import type { Pod } from "../effective/shapes";
import type { Plan } from "../plan";
import { type Around, type Exported, exportedServices, isOurs, type PlannedServer } from "./exposed";
import type { GrantPlan } from "./plan";
import { accessTo, type Labels, SAME_CALLERS, sharePods } from "./sharedPods";

/** Where the grants of an exported service do not decide who may call it, by the live Service, pods and Servers. */
export interface Gap {
  readonly kind: GapKind;
  readonly grant: GrantPlan;
  /** The setting of its entry in `services` that the gap is about. */
  readonly setting: "ports" | "pods";
  /** One clause, for people. */
  readonly problem: string;
  /** The text to write instead, or what else to do. */
  readonly fix: string;
  /** Whether an update would open it: the service does not cross yet, or a Server that closed the port leaves. */
  readonly opens: boolean;
}

export type GapKind =
  /** Its pods have a port that no Server closes. */
  | "undeclared"
  /** It has pods that its Servers do not select. */
  | "unselected"
  /** Somebody else's older Server counts. */
  | "overruled"
  /** Two Servers of the fleet are for one port, and let in others. */
  | "twice"
  /** A port has no such name in its pods. */
  | "renamed"
  /** What comes to its pods passes no proxy. */
  | "unproxied"
  /** Its Servers close pods that are not its own. */
  | "wider";

/** The gaps of the services that one cluster has. Of a Service that is not there, nothing is known. */
export function coverageGaps(plan: Plan, cluster: Cluster): Gap[] {
  return exportedServices(plan, cluster).flatMap((around) =>
    around.all.flatMap((of) => [
      ...openPorts(of, around),
      ...otherServers(of, around),
      ...renamedPorts(of),
      ...withoutProxy(of, around),
      ...otherPods(of, around),
    ]),
  );
}

/** Ports that callers of other clusters reach and that nothing closes, and pods that its Servers leave out. */
function openPorts(of: Exported, around: Around): Gap[] {
  const { grant, service, selector, pods, isNew } = of;
  if (pods.length === 0) return openByName(of, around);
  const open = pods.flatMap((pod) => {
    const targets = servicePorts(service, [pod]);
    const ports = [...new Set([...targets, ...(around.isShared ? ownPorts(pod) : [])])];
    return ports
      .filter((port) => letsIn(of, around, pod, port, targets))
      .map((port) => {
        const { server } = portPolicy(around.before, pod, port);
        const opens = isNew || (server !== undefined && isOurs(server));
        return { pod, port, isTarget: targets.includes(port), opens };
      });
  });
  const unselected = pods.filter((pod) => !isAmong(selector, pod));
  const undeclared = Map.groupBy(
    open.filter(({ pod }) => !unselected.includes(pod)),
    ({ port }) => port,
  );
  const ports = [...undeclared.keys()];
  return [
    ...[...undeclared].map(([port, some]) =>
      undeclaredPort(of, port, ports, {
        isTarget: some.some(({ isTarget }) => isTarget),
        opens: some.some(({ opens }) => opens),
      }),
    ),
    ...(unselected.length === 0
      ? []
      : [
          {
            ...({ kind: "unselected", grant, setting: "pods" } as const),
            problem: `${called(grant)} also leads to ${podWords(unselected)}, which this does not select: its grants do not apply there`,
            fix: "write labels that all of its pods have, or leave `pods` out for the selector of the Service",
            opens: open.some(({ pod, opens }) => opens && unselected.includes(pod)),
          },
        ]),
  ];
}

/** Without pods, ports are known by what the Service calls them: a name and a number may be the same port. */
function openByName(of: Exported, { all, defaultPolicy }: Around): Gap[] {
  if (defaultPolicy === "deny") return [];
  const declared = all
    .filter(({ selector }) => sharePods(selector, of.selector))
    .flatMap(({ grant }) => grant.ports.map(({ port }) => port));
  const targets = of.service.spec.ports
    .filter(isTcp)
    .map(({ port, targetPort }) => targetPort ?? port)
    .filter((port) => declared.every((other) => typeof other === typeof port && other !== port));
  const ports = [...new Set(targets)];
  return ports.map((port) => undeclaredPort(of, port, ports, { isTarget: true, opens: of.isNew }));
}

function undeclaredPort(
  { grant }: Exported,
  port: number | string,
  all: readonly (number | string)[],
  { isTarget, opens }: { readonly isTarget: boolean; readonly opens: boolean },
): Gap {
  const ports = [...grant.ports.map((one) => one.port), ...all].join(", ");
  return {
    ...{ kind: "undeclared", grant, setting: "ports", opens },
    problem: isTarget
      ? `${called(grant)} also leads to port ${port} of its pods, which no grant closes`
      : `the pods of ${called(grant)} also have port ${port}, which other clusters of its network reach and no grant closes`,
    fix: `write \`ports: [${ports}]\`, which closes it; a grant in \`allow\` without \`ports\` is then for it as well`,
  };
}

/** Whether no grant decides who may call a port: the default policy does, or a Server that is not the fleet's. */
function letsIn(
  of: Exported,
  { after, planned }: Around,
  pod: Pod,
  port: number,
  targets: readonly number[],
): boolean {
  // Of a port that it names, others say that another Server counts.
  if (isAmong(of.selector, pod) && of.grant.ports.some((one) => portsNamed(pod, one.port).includes(port)))
    return false;
  const { server, authorizations } = portPolicy(after, pod, port);
  const other = planned.find((one) => one.server === server)?.of.grant;
  // Another service's Server may let in the gateway as a local caller, and so all whom the gateway lets in.
  if (other) return of.throughGateway && targets.includes(port) && other.local !== undefined;
  return authorizations.length > 0;
}

/** Its own Servers that count for nothing, because another one is there for the pod and the port. */
function otherServers(of: Exported, { after, planned }: Around): Gap[] {
  const found = planned
    .filter((own) => own.of === of)
    .flatMap((own) => of.pods.flatMap((pod) => overruledAt(own, pod, after, planned)));
  return [...new Map(found.map((gap) => [gap.problem, gap])).values()];
}

function overruledAt(
  { of, port, server }: PlannedServer,
  pod: Pod,
  after: Cluster,
  planned: readonly PlannedServer[],
): Gap[] {
  const { grant, isNew: opens } = of;
  return portsNamed(pod, port).flatMap((number): Gap[] => {
    const policy = portPolicy(after, pod, number);
    if (!policy.server || !policy.shadowed.includes(server)) return [];
    const first = planned.find((one) => one.server === policy.server);
    if (!first) {
      return [
        {
          ...{ kind: "overruled", grant, setting: "ports", opens },
          problem: `the Server ${nameOf(policy.server.metadata)} of ${grant.cluster} is older than that of ${grant.namespace}/${grant.name} for port ${port}: Linkerd follows the older one, so the grants have no effect`,
          fix: `let its owner delete the Server ${nameOf(policy.server.metadata)} and grant its callers here`,
        },
      ];
    }
    const isAlike = accessTo(first.of.grant, first.port) === accessTo(grant, port);
    // A look at the selectors tells of these, also where there are no pods.
    const isTold = first.port === port && sharePods(first.of.selector, of.selector);
    if (isAlike || isTold) return [];
    const which =
      first.of === of
        ? `ports ${first.port} and ${port} of ${called(grant)} are one port`
        : `${called(grant)} and ${first.of.grant.namespace}/${first.of.grant.name} are the same pods at port ${number}`;
    return [
      {
        ...{ kind: "twice", grant, setting: "ports", opens },
        problem: `${which}, and let in others: Linkerd follows only one of them`,
        fix: first.of === of ? "name it once" : SAME_CALLERS,
      },
    ];
  });
}

function renamedPorts({ grant, selector, pods }: Exported): Gap[] {
  return grant.ports.flatMap(({ port }): Gap[] => {
    const without = pods.filter((pod) => isAmong(selector, pod) && portsNamed(pod, port).length === 0);
    if (without.length === 0) return [];
    return [
      {
        ...{ kind: "renamed", grant, setting: "ports", opens: false },
        problem: `no port of ${podWords(without)} behind ${called(grant)} is called ${port}: nobody can call it there`,
        fix: "write the name that the port has in all of its pods, or its number",
      },
    ];
  });
}

function withoutProxy({ grant, service, pods }: Exported, { before, planned }: Around): Gap[] {
  const open = pods.flatMap((pod) => {
    const own = planned.filter((one) => one.of.grant === grant).map(({ port }) => port);
    const ports = new Set([...servicePorts(service, [pod]), ...own.flatMap((port) => portsNamed(pod, port))]);
    const reasons = [...ports].map((port) => unguarded(before.mesh, pod, port, undefined));
    const [why] = reasons.filter((reason) => reason !== undefined);
    return why === undefined ? [] : [{ pod, why }];
  });
  return [...Map.groupBy(open, ({ why }) => why)].map(([why, some]) => ({
    ...{ kind: "unproxied", grant, setting: "ports", opens: false },
    problem: `no grant protects ${podWords(some.map(({ pod }) => pod))} behind ${called(grant)}, because ${why}: everybody may call`,
    fix: "let every pod have a proxy, outside of the host's network, that gets what comes to these ports; then restart the pods",
  }));
}

/** Pods that `pods` selects and that no exported Service has. */
function otherPods({ grant, selector, pods }: Exported, { all, before }: Around): Gap[] {
  const behind = new Set([...pods, ...all.flatMap((other) => other.pods)].map(nameOfPod));
  const closed = before
    .in(grant.namespace)
    .pods.filter((pod) => isRunning(pod) && !behind.has(nameOfPod(pod)) && isAmong(selector, pod))
    .filter((pod) => {
      const own = ownPorts(pod);
      return grant.ports.some(({ port }) => portsNamed(pod, port).some((number) => own.includes(number)));
    });
  if (closed.length === 0) return [];
  return [
    {
      ...{ kind: "wider", grant, setting: "pods", opens: false },
      problem: `the Servers of ${called(grant)} also close ${podWords(closed)}, which the Service does not lead to`,
      fix: "write labels that only its pods have, or leave `pods` out for the selector of the Service",
    },
  ];
}

function nameOfPod({ metadata }: Pod): string {
  return metadata.name;
}

function isAmong(selector: Labels, { metadata }: Pod): boolean {
  return Object.entries(selector).every(([key, value]) => metadata.labels[key] === value);
}

function called({ namespace, name, cluster }: GrantPlan): string {
  return `the Service ${namespace}/${name} of ${cluster}`;
}

/** So many say which they are. */
const EXAMPLES = 3;

function podWords(pods: readonly Pod[]): string {
  const names = [...new Set(pods.map(({ metadata }) => metadata.name))].sort();
  const more = names.length - EXAMPLES;
  const shown = names.slice(0, EXAMPLES).join(", ");
  return `${names.length === 1 ? "the pod" : "the pods"} ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}
