import { createHash } from "node:crypto";
import type { Selection } from "../fleet/restart/plan";
import { WORKLOAD_KINDS, type WorkloadKind } from "../fleet/restart/schema";
import type { Workload } from "../fleet/restart/workloads";
import type { MeshedPod } from "../fleet/trust/pods";

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
export const selection = (namespace: string, more: Partial<Selection> = {}): Selection => ({
  ...{ path: "restart.workloads[0]", namespace, kinds: WORKLOAD_KINDS },
  ...more,
});
export const workload = (key: string, more: Partial<Workload> = {}): Workload => {
  const [kind = "", path = ""] = key.split(" ");
  const [namespace = "", name = ""] = path.split("/");
  return {
    ...{ kind: kind as WorkloadKind, namespace, name, mark: undefined, settled: true, manual: undefined },
    ...more,
  };
};
export const pod = (key: string, bundle: string, version = "edge-26.8.3"): MeshedPod => ({
  ...{ workload: key, trustRoot: sha256(bundle), proxyVersion: version, started: undefined },
  isControlPlane: key.includes(" linkerd/"),
});
