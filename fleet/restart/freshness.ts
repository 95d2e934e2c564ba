import type { MeshedPod } from "../trust/pods";
import type { RollingPlan } from "./plan";

/** What a proxy is compared with. */
export interface Aim {
  /**
   * SHA-256 of the bundles that count as the fleet's; none where the bundle of this deployment is not known yet, because
   * one of its anchors is still to be generated.
   */
  readonly bundles: ReadonlySet<string>;
  /**
   * Versions of a proxy that count as the control plane's; none where the version changes and that of its proxies is not
   * known yet. `undefined`: nothing is known, and no proxy counts as old.
   */
  readonly versions: ReadonlySet<string> | undefined;
}

/** Why a pod has to restart, for a person; none where it is up to date. What a pod does not say counts as well. */
export function reasons(
  { trustRoot, proxyVersion }: MeshedPod,
  { bundles, versions }: Aim,
  on: RollingPlan["on"] = ["anchors", "version"],
): string[] {
  const oldBundle = trustRoot === undefined || !bundles.has(trustRoot);
  const oldProxy = proxyVersion !== undefined && versions?.has(proxyVersion) === false;
  return [
    ...(on.includes("anchors") && oldBundle ? ["trust bundle"] : []),
    ...(on.includes("version") && oldProxy ? [`proxy ${proxyVersion}`] : []),
  ];
}

/** The versions of the proxies of the control plane's own pods. */
export function controlPlaneVersions(pods: readonly MeshedPod[]): Set<string> {
  return new Set(
    pods.flatMap(({ isControlPlane, proxyVersion }) =>
      isControlPlane && proxyVersion ? [proxyVersion] : [],
    ),
  );
}
