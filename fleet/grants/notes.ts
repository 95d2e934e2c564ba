import { plannedMesh } from "../clusters/mesh";
import { exportKey } from "../config/names";
import { contains, overlap } from "../config/networks";
import { pathOf } from "../config/problems";
import { among, portsOf } from "../effective/ports";
import { networksOf } from "../linkerd/charts";
import { describeServices } from "../outputs/describe";
import { outputsSchema, type RawOutputs, readOutput, type ServiceSummary } from "../outputs/schema";
import type { Plan } from "../plan";
import { PRIVATE_NETWORKS } from "./plan";

interface Note {
  readonly service: string;
  readonly cluster: string;
  readonly text: string;
}

/**
 * Whom the grants keep out, or an audit lets in, for people: of services for which the stack's last outputs do not
 * say the same already.
 */
export function grantNotes(outputs: RawOutputs, plan: Plan): string[] {
  const known = new Set(notesOf(readOutput(outputs, "services") ?? []).map(keyOf));
  const fresh = notesOf(outputsSchema.shape.services.parse(describeServices(plan))).filter(
    (note) => !known.has(keyOf(note)),
  );
  const alike = Map.groupBy(fresh, ({ service, text }) => `${service}\n${text}`);
  return [...alike.values()].flatMap((notes) =>
    notes.slice(0, 1).map(({ service, text }) => {
      const clusters = notes.map(({ cluster }) => cluster).join(", ");
      return `Service ${service} of ${clusters}: ${text}`;
    }),
  );
}

/**
 * Networks that Linkerd counts to a cluster and its `podNetworks` leave out, such as those of nodes with public
 * addresses.
 */
export function clusterNetworkNotes({ clusters, grants }: Plan): string[] {
  return clusters.flatMap(({ name, install }) => {
    const local = grants.find((grant) => grant.cluster === name && grant.local)?.local?.networks ?? [];
    const cut = (networksOf(install.controlPlane.values) ?? []).filter(
      (one) =>
        !PRIVATE_NETWORKS.some((range) => overlap(range, one)) &&
        !local.some((range) => contains(range, one)),
    );
    if (local.length === 0 || cut.length === 0) return [];
    return [
      `clusters.${name}.podNetworks leaves out ${cut.join(", ")} of clusterNetworks: callers of ${name} itself from ` +
        "there, such as its nodes, are cut off from the services that it exports → add them, if they call",
    ];
  });
}

/**
 * Ports that pods keep from their proxies where they say nothing else (`proxyInit.ignoreInboundPorts`): no Server
 * closes them. Others are known by their pods alone.
 */
export function skippedPortNotes({ clusters, grants, entries }: Plan): string[] {
  return clusters.flatMap((cluster) => {
    const skipped = portsOf(plannedMesh(cluster).skipInboundPorts);
    return grants
      .filter((grant) => grant.cluster === cluster.name)
      .flatMap((grant) =>
        grant.ports
          .filter(({ port }) => typeof port === "number" && among(skipped, port))
          .map(
            ({ port }) =>
              `${pathOf(["services", entries.get(exportKey(grant)) ?? 0, "ports"])}: no grant protects port ${port} of ` +
              `${grant.namespace}/${grant.name} in ${cluster.name}, because proxies leave it alone there → take it out ` +
              "of `proxyInit.ignoreInboundPorts` in linkerd.charts.controlPlane.values (the chart's own is 4567,4568), " +
              "or set `config.linkerd.io/skip-inbound-ports` on the pods.",
          ),
      );
  });
}

function notesOf(of: readonly ServiceSummary[]): Note[] {
  return of.flatMap(({ namespace, name, ports = {}, narrowed = {}, audited = [] }) => {
    const service = `${namespace}/${name}`;
    const closed = Object.keys(ports).filter(
      (cluster) =>
        !audited.includes(cluster) &&
        Object.values(ports[cluster] ?? {}).every((state) => state === "closed"),
    );
    return [
      ...audited.map((cluster) => ({
        service,
        cluster,
        text: "everybody may call it: `enforce: audit` lets in, logs and counts the calls that no grant covers",
      })),
      ...closed.map((cluster) => ({
        service,
        cluster,
        text: "nobody from another cluster may call it: no `allow` in `services` names callers",
      })),
      ...Object.entries(narrowed).map(([cluster, { ports, callers }]) => {
        const others = callers.length === 0 ? "callers" : `callers other than ${callers.join(", ")}`;
        return {
          service,
          cluster,
          text: `its \`local\` cuts off ${others} of its own cluster, at port ${ports.join(", ")}`,
        };
      }),
    ];
  });
}

function keyOf({ service, cluster, text }: Note): string {
  return `${service}\n${cluster}\n${text}`;
}
