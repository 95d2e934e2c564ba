import { definedOnly } from "../config/collections";
import type { FleetConfig } from "../config/fleetConfig";
import { map } from "../config/json";
import type { ChartPlan } from "../linkerd/charts";
import type { RestartConfig, WorkloadKind } from "./schema";

/** What restarts automatically in a cluster, besides its control plane. */
export interface RestartPlan {
  /** Restart annotation value, from the anchors and their states: a change of it restarts the pods. */
  readonly mark: string;
  /** The pods of the multicluster extension. */
  readonly extension: boolean;
  /** Deployments by name, in the older form (`trust.restart.workloads`). */
  readonly workloads: readonly { readonly namespace: string; readonly deployment: string }[];
  /** Absent where nothing is selected. */
  readonly rolling?: RollingPlan;
}

/** Restarts of the workloads that are selected. Which these are is read from the cluster. */
export interface RollingPlan extends Pick<RestartConfig, "on" | "atOnce" | "timeoutSeconds"> {
  readonly selections: readonly Selection[];
  /** Value of the mark on the pods of a workload that restarts in this deployment. */
  readonly target: string;
  /** Version of the proxies that the planned chart injects, where that can be told from the chart. */
  readonly proxyVersion?: string;
  /** The workloads that bear a mark, each with its mark. Those that restart come last, in their order. */
  readonly restarts: readonly WorkloadRestart[];
}

export interface Selection {
  /** Where it stands in the stack file. */
  readonly path: string;
  readonly namespace: string;
  readonly name?: string;
  readonly selector?: string;
  readonly kinds: readonly WorkloadKind[];
}

export interface WorkloadRestart {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly mark: string;
  /** Names, as `workloadKey` has them, of those that must be ready before. */
  readonly after: readonly string[];
}

/** `Deployment shop/web`: as people read it, and as pods name what restarts them. */
export function workloadKey({
  kind,
  namespace,
  name,
}: Pick<WorkloadRestart, "kind" | "namespace" | "name">): string {
  return `${kind} ${namespace}/${name}`;
}

/** `controlPlane`: the chart of the cluster's control plane. */
export function planRestart(
  cluster: string,
  { trust, restart }: Pick<FleetConfig, "trust" | "restart">,
  controlPlane: ChartPlan,
): RestartPlan {
  const isHere = ({ in: names }: { readonly in?: readonly string[] | undefined }) =>
    names?.includes(cluster) ?? true;
  const { workloads = [], extension = false, on = [], atOnce = 1, timeoutSeconds = 0 } = restart ?? {};
  const selections = workloads.flatMap((selection, at): Selection[] => {
    const { namespace, name, selector, kinds } = selection;
    if (!isHere(selection)) return [];
    return [{ path: `restart.workloads[${at}]`, namespace, ...definedOnly({ name, selector }), kinds }];
  });
  const proxyVersion = proxyVersionOf(controlPlane);
  return {
    mark: trust.anchors.map(({ id, state }) => `${id}=${state}`).join(","),
    extension: trust.restart.extension || extension,
    workloads: trust.restart.workloads
      .filter(isHere)
      .map(({ namespace, deployment }) => ({ namespace, deployment })),
    ...(selections.length === 0
      ? {}
      : {
          rolling: {
            ...{ on, atOnce, timeoutSeconds, selections, restarts: [] },
            target: [
              ...(on.includes("anchors") ? [`anchors ${trust.anchors.map(({ id }) => id).join(", ")}`] : []),
              ...(on.includes("version") ? [`Linkerd ${controlPlane.version}`] : []),
            ].join("; "),
            ...(proxyVersion === undefined ? {} : { proxyVersion }),
          },
        }),
  };
}

/**
 * The charts' `proxy.image.version`, or else their `linkerdVersion`. Charts of an edge release are numbered by its name:
 * 2026.8.3 is edge-26.8.3 (linkerd2 `bin/helm-build`). Other channels have no such rule.
 */
function proxyVersionOf({ version, values }: ChartPlan): string | undefined {
  const image = map(map(values.proxy).image).version ?? values.linkerdVersion;
  if (typeof image === "string") return image;
  const edge = /^20(\d\d\.\d+\.\d+)$/.exec(version)?.[1];
  return edge === undefined ? undefined : `edge-${edge}`;
}
