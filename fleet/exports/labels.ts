import type { Mode } from "../config/common";

const EXPORTED = "mirror.linkerd.io/exported";
const FEDERATED = "mirror.linkerd.io/federated";

/** The labels that let a Service cross, whatever their value. */
export const EXPORT_KEYS = [EXPORTED, FEDERATED] as const;

/** The label that lets a service cross, for each mode (linkerd2 `pkg/k8s/labels.go`). */
export const EXPORT_LABEL: Readonly<Record<Mode, readonly [key: string, value: string]>> = {
  gateway: [EXPORTED, "true"],
  flat: [EXPORTED, "remote-discovery"],
  federated: [FEDERATED, "member"],
};

/** The labels a Service carries to cross in these modes. */
export function exportLabels(modes: readonly Mode[]): Record<string, string> {
  return Object.fromEntries(modes.map((mode) => EXPORT_LABEL[mode]));
}
