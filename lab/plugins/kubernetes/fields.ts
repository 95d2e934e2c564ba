import { field, isProps, type Props, text, UNKNOWN, type Value } from "../values";
import type { Switches } from "./client";

/** Fields that no API server changes in place; a change replaces the object (the official plugin's `diff.go`). */
const immutable: Record<string, RegExp> = {
  "apps/v1/Deployment": /^spec\.selector/,
  "apps/v1/DaemonSet": /^spec\.selector/,
  "apps/v1/StatefulSet":
    /^spec\.(selector|serviceName|volumeClaimTemplates|podManagementPolicy|revisionHistoryLimit)/,
  "batch/v1/Job": /^spec\.(completions|parallelism|selector|template)/,
  "rbac.authorization.k8s.io/v1/ClusterRoleBinding": /^roleRef/,
  "rbac.authorization.k8s.io/v1/RoleBinding": /^roleRef/,
  "v1/Secret": /^type$/,
  "v1/Service": /^spec\.clusterIP$/,
};

/** `apps/v1/Deployment` */
export const gvk = (object: Props) => `${text(object.apiVersion)}/${text(object.kind)}`;

/** The paths whose change replaces an object. */
export function replacing(object: Props, switches: Switches, patch: boolean): RegExp[] {
  const identity = /^(apiVersion|kind|metadata\.(name|namespace))$/;
  if (patch) return [identity];
  const mutable = object.kind === "Secret" ? switches.enableSecretMutable : switches.enableConfigMapMutable;
  const frozen = /^v1\/(Secret|ConfigMap)$/.test(gvk(object)) && (!mutable || object.immutable === true);
  return [identity, immutable[gvk(object)] ?? [], frozen ? /^(data|stringData|binaryData)\b/ : []].flat();
}

/** What a create will give: the inputs, and as unknown what only the API server can say. */
export function previewOf(inputs: Props): Props {
  const metadata = {
    ...(inputs.metadata as Props),
    uid: UNKNOWN,
    resourceVersion: UNKNOWN,
    creationTimestamp: UNKNOWN,
  };
  const spec = inputs.kind === "Service" && {
    spec: { clusterIP: UNKNOWN, clusterIPs: UNKNOWN, ...(inputs.spec as Props) },
  };
  const token = inputs.type === "kubernetes.io/service-account-token" || inputs.stringData !== undefined;
  return { ...inputs, metadata, ...spec, status: UNKNOWN, ...(token && { data: UNKNOWN }) };
}

/** The state with the new inputs over it: what an update cannot change stays known. */
export function merged(state: Props, news: Props): Props {
  const result = { ...state };
  for (const [key, value] of Object.entries(news)) {
    const old = state[key];
    result[key] = isProps(old) && isProps(value) && key !== "data" ? merged(old, value) : value;
  }
  return result;
}

/** The live values of the fields that the inputs set, so that a refresh shows drift of these and no others. */
export function project(input: Value, live: Value | undefined): Value | undefined {
  if (isProps(input) && isProps(live)) {
    const result: Props = {};
    for (const [key, value] of Object.entries(input)) {
      if (key === "stringData") {
        const decode = (name: string) =>
          Buffer.from(text(field(live, "data", name)) ?? "", "base64").toString();
        result[key] = Object.fromEntries(Object.keys(value as Props).map((name) => [name, decode(name)]));
      } else if (live[key] !== undefined) result[key] = project(value ?? null, live[key]);
    }
    return result;
  }
  if (Array.isArray(input) && Array.isArray(live) && input.length === live.length)
    return input.map((item, i) => project(item, live[i]) ?? null);
  return live;
}
