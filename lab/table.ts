import Table from "cli-table3";
import type { FleetOutputs } from "../fleet/outputs/schema";
import type { Mirrored } from "./mirrors";
import type { Part } from "./toolchain";

/** What the final table needs to know of a running cluster. */
export interface ClusterStatus {
  readonly name: string;
  readonly context: string;
  readonly apiServer: string;
  /** Kubernetes version; undefined while it does not answer. */
  readonly version?: string;
  readonly nodes?: number;
}

/** The outputs that the tables show. A stack may have none yet. */
export type ShownOutputs = {
  readonly [K in "clusters" | "links" | "services"]?: FleetOutputs[K] | undefined;
};

export function clusterTable(clusters: readonly ClusterStatus[], fleet: ShownOutputs): string {
  return render(
    ["cluster", "context", "API server", "Kubernetes", "nodes", "Linkerd", "gateway"],
    clusters.map(({ name, context, apiServer, version, nodes }) => {
      const deployed = fleet.clusters?.[name];
      return [
        name,
        context,
        apiServer,
        version ?? "stopped",
        nodes === undefined ? "-" : String(nodes),
        deployed?.version ?? "-",
        gatewayOf(fleet, name),
      ];
    }),
  );
}

export function linkTable(fleet: ShownOutputs): string {
  return render(
    ["link", "modes", "state", "gateway address"],
    (fleet.links ?? []).map(({ source, target, modes, state }) => [
      `${source} → ${target}`,
      modes.join(", "),
      state,
      gatewayOf(fleet, target),
    ]),
  );
}

export function serviceTable(fleet: ShownOutputs): string {
  return render(
    ["exported service", "modes", "from"],
    (fleet.services ?? []).map(({ namespace, name, modes, clusters }) => [
      `${namespace}/${name}`,
      modes.join(", "),
      clusters.join(", "),
    ]),
  );
}

export function mirrorTable(mirrored: readonly Mirrored[]): string {
  return render(
    ["cluster", "sees", "in"],
    mirrored.map(({ cluster, name, of }) => [cluster, name, of.join(", ")]),
  );
}

export function partTable(parts: readonly Part[]): string {
  return render(
    ["part", "version", "origin", "from"],
    parts.map(({ name, version, origin, from }) => [name, version, origin, from]),
  );
}

function gatewayOf(fleet: ShownOutputs, cluster: string): string {
  const gateway = fleet.clusters?.[cluster]?.gateway;
  return gateway?.address || (gateway?.type ?? "-");
}

function render(head: string[], rows: string[][]): string {
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  table.push(...rows);
  return table.toString();
}
