import type { ClusterPlan } from "../clusters/plan";
import { MULTICLUSTER_NAMESPACE, VIZ_NAMESPACE } from "../config/names";
import type { ChartPlan } from "./charts";
import {
  type Certificates,
  controlPlaneValues,
  crdsValues,
  multiclusterValues,
  type Values,
  vizValues,
} from "./values";

/** A Helm release that the fleet wants in a cluster. */
export interface ReleasePlan {
  /** Known beforehand, also in a preview: what is imported is looked up by it. */
  readonly namespace: string;
  readonly chart: ChartPlan;
  readonly values: Values;
  readonly timeoutSeconds: number;
}

export function crdsRelease(cluster: ClusterPlan): ReleasePlan {
  const { controlPlaneNamespace, install } = cluster;
  return release(cluster, controlPlaneNamespace, install.crds, crdsValues(cluster));
}

export function controlPlaneRelease<T>(cluster: ClusterPlan, certificates: Certificates<T>): ReleasePlan {
  const { controlPlaneNamespace, install } = cluster;
  const values = controlPlaneValues(cluster, certificates);
  return release(cluster, controlPlaneNamespace, install.controlPlane, values);
}

export function multiclusterRelease(cluster: ClusterPlan): ReleasePlan {
  const values = multiclusterValues(cluster);
  return release(cluster, MULTICLUSTER_NAMESPACE, cluster.install.multicluster, values);
}

export function vizRelease(cluster: ClusterPlan, viz: ChartPlan): ReleasePlan {
  return release(cluster, VIZ_NAMESPACE, viz, vizValues(cluster, viz));
}

/** All of a cluster. */
export function clusterReleases<T>(cluster: ClusterPlan, certificates: Certificates<T>): ReleasePlan[] {
  const { viz } = cluster.install;
  return [
    crdsRelease(cluster),
    controlPlaneRelease(cluster, certificates),
    multiclusterRelease(cluster),
    ...(viz ? [vizRelease(cluster, viz)] : []),
  ];
}

function release({ install }: ClusterPlan, namespace: string, chart: ChartPlan, values: Values): ReleasePlan {
  return { namespace, chart, values, timeoutSeconds: install.timeoutSeconds };
}
