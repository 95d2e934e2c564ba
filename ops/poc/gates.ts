import { GATEWAY_NAME, identityName } from "../../fleet/config/names";
import { placeIn } from "../../fleet/effective/callers";
import { declaredAccess } from "../../fleet/effective/declared";
import type { Verdict } from "../../fleet/effective/inbound";
import { mostClosed, mostOpen, podsOf, reach, serviceOf } from "../../fleet/effective/reach";
import type { Release } from "../../live/shapes";
import { clustersRead } from "../verify/checks/effects";
import { contextOf } from "../verify/finding";
import type { Result } from "../verify/judge";
import type { FleetState } from "../verify/read";

/** What a gate showed. */
export interface GateResult {
  readonly gate: string;
  /** `undefined`: it was not tried. */
  readonly passed: boolean | undefined;
  /** What was seen, or what is missing, a line each. */
  readonly evidence: readonly string[];
  /** What only a data plane shows: a command for real clusters. */
  readonly elsewhere?: string;
}

/** What `npx fleet verify` finds wrong. */
export function failures(results: readonly Result[]): string[] {
  return results
    .filter(({ outcome }) => outcome === "error")
    .flatMap(({ subject, findings }) => findings.map(({ message }) => `${subject}: ${message}`));
}

/** Gate 1: the clusters share a trust anchor and are linked, by `pulumi up` alone. */
export function judgeLinked({ plan, outputs }: FleetState, results: readonly Result[]): GateResult {
  const wrong = failures(results);
  const pending = outputs.links.filter(({ state }) => state === "pending");
  const clusters = plan.clusters.map(({ name }) => name);
  return {
    gate: "1. three clusters share a trust anchor and are linked, with no imperative step",
    passed: clusters.length >= 3 && plan.links.length > 0 && pending.length === 0 && wrong.length === 0,
    evidence: [
      `${clusters.length} clusters (${clusters.join(", ")}) with the trust bundle of ${plan.trust.anchors.map(({ id }) => id).join(", ")}`,
      `${plan.links.length} links, ${pending.length} pending; all of it is the stack file, applied by \`pulumi up\``,
      ...wrong,
    ],
    elsewhere: "linkerd multicluster check",
  };
}

/** Gate 2, read while a cluster is dead: a federated service has members elsewhere, and only the dead is reported. */
export function judgeSurvivor({ plan, members }: FleetState, results: readonly Result[]): GateResult {
  const gate = "2. a cluster dies: a federated service keeps members, and the dead cluster is reported";
  const answers = (cluster: string) => members.get(cluster)?.found.version.state === "found";
  const dead = plan.clusters.map(({ name }) => name).filter((name) => !answers(name));
  const federated = plan.exports.filter(({ modes, evacuated }) => modes.includes("federated") && !evacuated);
  const hit = federated.find(({ cluster }) => dead.includes(cluster));
  if (!hit)
    return {
      gate,
      passed: false,
      evidence: [`no member of a federated service is dead (dead: ${dead.join(", ") || "none"})`],
    };
  const alive = federated
    .filter(
      ({ name, namespace, cluster }) => name === hit.name && namespace === hit.namespace && answers(cluster),
    )
    // Its Service is there, with the label by which it is a member.
    .filter(({ name, namespace, cluster }) => {
      const found = members.get(cluster)?.found.federated;
      return (
        found?.state === "found" &&
        found.value.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace)
      );
    });
  const wrong = failures(results);
  const others = wrong.filter((line) => !dead.some((cluster) => line.startsWith(`${cluster}: `)));
  return {
    gate,
    passed: alive.length > 0 && wrong.length > 0 && others.length === 0,
    evidence: [
      `${hit.namespace}/${hit.name} has members in ${alive.map(({ cluster }) => cluster).join(", ") || "no cluster"}`,
      ...wrong.map((line) => `verify: ${line}`),
    ],
    elsewhere: alive
      .slice(0, 1)
      .map(({ cluster }) => members.get(cluster)?.cluster)
      .map(
        (cluster) =>
          `linkerd --context ${cluster && contextOf(cluster)} diagnostics endpoints ${hit.name}-federated.${hit.namespace}.svc.${cluster?.clusterDomain}:PORT`,
      )
      .join(),
  };
}

/** Gate 3: whom a grant names reaches every pod, and another identity none, as the live objects decide it. */
export function judgeGrant(fleet: FleetState, other: string | undefined): GateResult {
  const gate = "3. one grant, and another identity is refused";
  const { plan, members } = fleet;
  const failed = (reason: string): GateResult => ({ gate, passed: false, evidence: [reason] });
  // A gateway's own identity is no grant that somebody wrote.
  const named = declaredAccess(plan).flatMap((port) =>
    port.callers
      // A service that is audited refuses nobody.
      .filter(
        (caller) =>
          port.enforce !== "audit" && !caller.startsWith("*") && !caller.startsWith(`${GATEWAY_NAME}.`),
      )
      .map((caller) => ({ port, caller })),
  );
  const [{ port, caller } = {}] = named;
  if (!port || caller === undefined) return failed("no service of the stack file names a caller (`allow`)");
  const where = `${port.namespace}/${port.name} in ${port.cluster}`;
  const read = fleet.effective.get(port.cluster);
  if (read?.state !== "found") return failed(`the objects of ${port.cluster} could not be read`);
  const service = serviceOf(read.value, port);
  if (!service) return failed(`${where} does not exist`);
  const pods = podsOf(read.value, service);
  if (pods.length === 0) return failed(`${where} has no pod, and only pods decide who reaches them`);

  const { controlPlaneNamespace, trustDomain } = read.value.mesh;
  const stranger = other ?? identityName("stranger", "poc", controlPlaneNamespace, trustDomain);
  const source = plan.clusters.find(({ name }) => name !== port.cluster);
  const from = source && placeIn(source, clustersRead(fleet));
  const request = port.protocol === "opaque" || port.protocol === "TLS" ? "stream" : ANY;
  const asked = (identity: string) => {
    const client = { identity, ...(from?.address === undefined ? {} : { address: from.address }) };
    return reach(read.value, pods, port.port, client, request);
  };
  const said = (identity: string, { outcome, why, by }: Verdict) =>
    `${identity}${from ? ` of ${from.cluster}` : ""} is ${WORDS[outcome]}: ${why} (${by.join(", ")})`;
  const [letIn, refused] = [mostClosed(asked(caller)), mostOpen(asked(stranger))];
  const member = members.get(port.cluster)?.cluster;
  return {
    gate,
    passed: letIn.outcome === "allowed" && refused.outcome === "denied",
    evidence: [
      `${where}, port ${port.port}, at each of its pods (${pods.length})`,
      said(caller, letIn),
      said(stranger, refused),
    ],
    elsewhere: `linkerd --context ${member && contextOf(member)} diagnostics policy -n ${port.namespace} po/POD PORT`,
  };
}

const ANY = { method: "GET", path: "/" } as const;
const WORDS = { allowed: "let in", denied: "refused", unknown: "let in or not, which is not known" } as const;

/** Helm's revision and chart version of each release, by cluster and name. */
export type Releases = ReadonlyMap<string, Pick<Release, "chart" | "revision">>;

export function releasesOf({ members }: FleetState): Releases {
  return new Map(
    [...members].flatMap(([cluster, { found }]) =>
      [found.controlPlaneReleases, found.multiclusterReleases].flatMap((read) =>
        read.state === "found"
          ? read.value.map((release) => [`${cluster}/${release.name}`, release] as const)
          : [],
      ),
    ),
  );
}

export const UPGRADE_GATE = "4. an upgrade cluster by cluster, interrupted and resumed";

/**
 * Gate 4, after an update that was killed, recovered and run again; `recovered` is what `npx fleet recover` said of
 * it.
 */
export function judgeUpgrade(
  before: Releases,
  fleet: FleetState,
  results: readonly Result[],
  recovered: string,
): GateResult {
  // Only the state knows whether the kill came in the middle of something.
  const interrupted = /^Interrupted: .*$/m.exec(recovered)?.[0];
  const after = releasesOf(fleet);
  const upgraded = [...after].filter(([key, { chart }]) => before.get(key)?.chart !== chart);
  const clusters = [...new Set(upgraded.map(([key]) => key.split("/")[0]))];
  const touched = [...after].filter(
    ([key, { revision }]) => !clusters.includes(key.split("/")[0]) && before.get(key)?.revision !== revision,
  );
  const wrong = failures(results);
  return {
    gate: UPGRADE_GATE,
    passed:
      interrupted !== undefined &&
      clusters.length > 0 &&
      clusters.length < fleet.plan.clusters.length &&
      touched.length === 0 &&
      wrong.length === 0,
    evidence: [
      ...(interrupted
        ? [
            "the engine was killed in the middle of it; `npx fleet recover` and `pulumi up` completed it",
            `recover: ${interrupted}`,
          ]
        : ["it was not interrupted: nothing was cut short, as far as the state knows"]),
      ...upgraded.map(
        ([key, { chart, revision }]) => `${key}: ${before.get(key)?.chart} → ${chart}, revision ${revision}`,
      ),
      ...(clusters.length === 0
        ? ["nothing was upgraded: write the first step of docs/runbooks/upgrade.md in the stack file"]
        : []),
      ...(clusters.length === fleet.plan.clusters.length
        ? ["all clusters at once: name one, as docs/runbooks/upgrade.md does"]
        : []),
      ...touched.map(([key]) => `${key} was touched too`),
      ...wrong,
    ],
    elsewhere: "linkerd check --proxy",
  };
}
