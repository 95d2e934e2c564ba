import { GATEWAY_NAME, identityName } from "../../fleet/config/names";
import { serverOf } from "../../fleet/grants/objects";
import type { Release } from "../../live/shapes";
import { contextOf } from "../verify/finding";
import type { Result } from "../verify/judge";
import type { FleetState } from "../verify/read";
import { admits } from "./admits";

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

/** Gate 3: whom a grant names is let in by policy objects, and another identity by none. */
export function judgeGrant({ plan, members }: FleetState, other: string | undefined): GateResult {
  const gate = "3. one grant, and another identity is refused";
  // A gateway's own identity is no grant that somebody wrote.
  const named = plan.grants.flatMap((grant) =>
    grant.ports.flatMap(({ port, callers }) =>
      callers
        .filter((caller) => !caller.startsWith("*") && !caller.startsWith(`${GATEWAY_NAME}.`))
        .map((caller) => ({ grant, port, caller })),
    ),
  );
  const [{ grant, port: granted, caller } = {}] = named;
  const member = grant && members.get(grant.cluster);
  if (!grant || !member || granted === undefined || caller === undefined)
    return { gate, passed: false, evidence: ["no service of the stack file names a caller (`allow`)"] };
  const { servers, authorizationPolicies, meshTls } = member.found;
  if (servers.state !== "found" || authorizationPolicies.state !== "found" || meshTls.state !== "found") {
    return { gate, passed: false, evidence: [`the policy objects of ${grant.cluster} could not be read`] };
  }
  const { controlPlaneNamespace, trustDomain } = member.cluster;
  const stranger = other ?? identityName("stranger", "poc", controlPlaneNamespace, trustDomain);
  const own = <T extends { readonly metadata: { readonly namespace: string } }>(objects: readonly T[]) =>
    objects.filter(({ metadata }) => metadata.namespace === grant.namespace);
  const objects = {
    servers: own(servers.value),
    policies: own(authorizationPolicies.value),
    meshTls: own(meshTls.value),
  };
  const server = serverOf(grant, granted).name;
  const [letIn, refused] = [caller, stranger].map((identity) => admits(identity, server, objects));
  const said = (identity: string, by: readonly string[] = []) =>
    by.length > 0
      ? `${identity} is let in by ${by.join(", ")}`
      : `${identity} is refused: Server ${server} denies, and no AuthorizationPolicy names it`;
  return {
    gate,
    passed: letIn?.length !== 0 && refused?.length === 0,
    evidence: [
      `${grant.namespace}/${grant.name} in ${grant.cluster}, port ${granted}`,
      said(caller, letIn),
      said(stranger, refused),
    ],
    elsewhere: `linkerd --context ${contextOf(member.cluster)} diagnostics policy -n ${grant.namespace} po/POD PORT`,
  };
}

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

/** Gate 4, after an update that was killed, recovered and run again; `recovered` is what `npx fleet recover` said of it. */
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
    gate: "4. an upgrade cluster by cluster, interrupted and resumed",
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
