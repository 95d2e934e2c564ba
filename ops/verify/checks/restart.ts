import { controlPlaneVersions, reasons } from "../../../fleet/restart/freshness";
import { bundleHash, joinBundle, splitBundle } from "../../../fleet/trust/bundle";
import { describePods, meshedPods } from "../../../fleet/trust/pods";
import { type Finding, whenReadable } from "../finding";
import { ofClusters } from "./check";

/** What a restart of pods would mend. Those of the control plane restart by themselves, and are judged elsewhere. */
export const restartChecks = [
  ofClusters("no pod has an old proxy", ({ cluster, found }, { outputs }) =>
    whenReadable(
      { pods: found.meshedPods, trustRoots: found.trustRoots },
      ({ pods: live = [], trustRoots }) => {
        const pods = meshedPods(live);
        const own = controlPlaneVersions(pods);
        const bundles = [
          joinBundle(splitBundle(outputs.trustBundle)),
          trustRoots?.data["ca-bundle.crt"] ?? [],
        ].flat();
        const aim = { bundles: new Set(bundles.map(bundleHash)), versions: own.size > 0 ? own : undefined };
        const others = pods.filter(({ isControlPlane }) => !isControlPlane);
        const oldBundle = others.filter((pod) => reasons(pod, aim, ["anchors"]).length > 0);
        const oldProxy = others.filter((pod) => reasons(pod, aim, ["version"]).length > 0);
        const remedy = cluster.restart.rolling
          ? "`pulumi up` restarts those that `restart` selects; restart the others"
          : "restart them, or select them in `restart.workloads`: `pulumi up` then restarts them";
        const warn = (message: string, runbook: Finding["runbook"]): Finding => ({
          ...{ severity: "warning", message, remedy, runbook },
        });
        const versions = [...new Set(oldProxy.flatMap(({ proxyVersion }) => proxyVersion ?? []))].sort();
        return [
          ...(oldBundle.length === 0
            ? []
            : [
                warn(`${describePods(oldBundle, others)} started with another trust bundle`, "rotate-anchor"),
              ]),
          ...(oldProxy.length === 0
            ? []
            : [
                warn(
                  `${describePods(oldProxy, others)} have a proxy of ${versions.join(", ")}; the control plane's is of ` +
                    [...own].sort().join(", "),
                  "upgrade",
                ),
              ]),
        ];
      },
    ),
  ),
];
