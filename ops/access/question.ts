import { identityName } from "../../fleet/config/names";
import { podAddress } from "../../fleet/effective/callers";
import type { Client } from "../../fleet/effective/clients";
import type { Cluster } from "../../fleet/effective/cluster";
import { type Difference, differenceOf } from "../../fleet/effective/compare";
import { type DeclaredPort, declaredAccess, isDeclared } from "../../fleet/effective/declared";
import { isAudited, type Request, type Verdict } from "../../fleet/effective/inbound";
import { isTcp } from "../../fleet/effective/ports";
import { proxyOf } from "../../fleet/effective/proxy";
import {
  isRunning,
  mostOpen,
  podsOf,
  type Reach,
  reach,
  reachThroughGateway,
  serviceOf,
} from "../../fleet/effective/reach";
import type { Service } from "../../fleet/effective/shapes";
import { isNamed } from "../../fleet/exports/named";
import type { Plan } from "../../fleet/plan";
import { Unreadable } from "../../live/outputs";

export interface Question {
  readonly from: string;
  readonly to: string;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
}

/** What becomes of one request on one way. */
export interface Answer {
  readonly way: "directly" | "through the gateway";
  readonly outcome: Verdict["outcome"];
  /** Nothing but an audit lets it in. */
  readonly audited?: true;
  readonly why: string;
  readonly by: readonly string[];
  /** Whether the stack file declares it; absent of ports that it does not name. */
  readonly declared?: boolean;
  /** Absent where it is as declared. */
  readonly difference?: Difference["kind"];
  /** The caller's cluster has no mirror of the service, because `to` does not name it. */
  readonly hidden?: true;
  /** Pod by pod, where they differ. */
  readonly pods: readonly {
    readonly pod: string;
    readonly outcome: Verdict["outcome"];
    readonly why: string;
  }[];
}

/** Answers on each way that there is: pods of one network reach each other, all others call through the gateway. */
export function answersTo(
  plan: Plan,
  clusters: ReadonlyMap<string, Cluster>,
  { from, to, method, path }: Question,
): Answer[] {
  const [who, source] = split(
    from,
    /^([^@]+)@([^@]+)$/,
    "--from takes <namespace>/<service account>@<cluster>",
  );
  const [target, namespace, name, port] = split(
    to,
    /^([^:]+):([^/:]+)\/([^/:]+):([^:]+)$/,
    "--to takes <cluster>:<namespace>/<service>:<port>",
  );
  const cluster = known(clusters, target);
  const service = serviceOf(cluster, { namespace, name });
  if (!service) throw new Unreadable(`${target} has no Service ${namespace}/${name}.`);
  const container = containerPort(service.spec.ports, port);
  const client = callerIn(known(clusters, source), who);
  const request: Request = { method: method ?? "GET", path: path ?? "/" };
  const declared = declaredAccess(plan).find(
    (one) =>
      one.cluster === target && one.namespace === namespace && one.name === name && one.port === container,
  );
  const answer = (way: Answer["way"], found: Reach): Answer => {
    const verdict = mostOpen(found);
    const { outcome, why, by } = verdict;
    const caller = { ...client, isLocal: source === target, throughGateway: way !== "directly" };
    const isDue = declared && isDeclared(declared, caller, request);
    const difference = declared && differenceOf(declared, { declared: isDue ?? false, verdict });
    const differ = new Set(found.pods.map(({ verdict }) => verdict.outcome)).size > 1;
    return {
      ...{ way, outcome, why, by },
      ...(isAudited(verdict) ? { audited: true } : {}),
      ...(isDue === undefined ? {} : { declared: isDue }),
      ...(difference === undefined ? {} : { difference }),
      ...(source !== target && !isNamed(declared?.to, source) ? { hidden: true } : {}),
      pods: differ ? found.pods.map(({ pod, verdict }) => ({ pod, ...verdict })) : [],
    };
  };
  const pods = podsOf(cluster, service);
  const direct = answer("directly", reach(cluster, pods, container, client, request));
  if (source === target) return [direct];
  const gateway = answer(
    "through the gateway",
    // Balancers and nodes stand before it: it may see any address.
    reachThroughGateway(cluster, service, container, identified(client), request),
  );
  return sameNetwork(plan, source, target) ? [direct, gateway] : [gateway];
}

function identified({ identity }: Client): Client {
  return identity === undefined ? {} : { identity };
}

function split(text: string, form: RegExp, usage: string): [string, string, string, string] {
  const [, one = "", two = "", three = "", four = ""] = form.exec(text) ?? [];
  if (one === "") throw new Unreadable(`${usage}, not ${text}.`);
  return [one, two, three, four];
}

function known(clusters: ReadonlyMap<string, Cluster>, name: string): Cluster {
  const cluster = clusters.get(name);
  if (!cluster)
    throw new Unreadable(
      `The cluster ${name} was not read: it is one of ${[...clusters.keys()].join(", ")}.`,
    );
  return cluster;
}

/** A Service's port by name or number stands for the port of its pods; another one is that of the pods itself. */
function containerPort(ports: Service["spec"]["ports"], wanted: string): DeclaredPort["port"] {
  const found = ports.filter(isTcp).find(({ name, port }) => name === wanted || String(port) === wanted);
  if (found) return found.targetPort ?? found.port;
  return /^\d+$/.test(wanted) ? Number(wanted) : wanted;
}

/** Its identity and address: those of a pod of this ServiceAccount, where there is one. */
function callerIn(cluster: Cluster, who: string): Client {
  const address = podAddress(cluster);
  if (who === "unmeshed") return address === undefined ? {} : { address };
  const [namespace = "", account = "", ...more] = who.split("/");
  if (account === "" || more.length > 0) {
    throw new Unreadable(`--from takes <namespace>/<service account>@<cluster>, not ${who}@${cluster.name}.`);
  }
  const pods = cluster
    .in(namespace)
    .pods.filter((pod) => isRunning(pod) && pod.spec.serviceAccountName === account);
  const { controlPlaneNamespace, trustDomain } = cluster.mesh;
  const identity = identityName(account, namespace, controlPlaneNamespace, trustDomain);
  const [pod] = pods;
  const own = pod?.status.podIP ?? address;
  return {
    // Without a proxy it has no identity, whatever its account.
    ...(pod && !proxyOf(pod) ? {} : { identity }),
    ...(own === undefined ? {} : { address: own }),
  };
}

function sameNetwork(plan: Plan, source: string, target: string): boolean {
  const [one, other] = [source, target].map(
    (name) => [...plan.clusters, ...plan.neighbours].find((cluster) => cluster.name === name)?.network,
  );
  return one !== undefined && one === other;
}
