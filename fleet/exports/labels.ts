import { createHash } from "node:crypto";
import { type Mode, mode } from "../config/common";
import { MAX_LABEL, type ServiceName } from "../config/names";
import type { NamedClusters } from "./named";

const EXPORTED = "mirror.linkerd.io/exported";
const FEDERATED = "mirror.linkerd.io/federated";

/** The labels that let a Service cross, whatever their value. */
export const EXPORT_KEYS = [EXPORTED, FEDERATED] as const;

/** The label that lets a service cross to every linked cluster, for each mode (linkerd2 `pkg/k8s/labels.go`). */
export const EXPORT_LABEL: Readonly<Record<Mode, readonly [key: string, value: string]>> = {
  gateway: [EXPORTED, "true"],
  flat: [EXPORTED, "remote-discovery"],
  federated: [FEDERATED, "member"],
};

/**
 * The value of that label on a service that crosses to named clusters only. Links of these clusters select it, and no
 * other Link does: Linkerd compares the value nowhere but in the selectors (linkerd2
 * `multicluster/service-mirror/cluster_watcher.go`, `isExported`). It is the service's own and not that of a set of
 * clusters. So a change of the set changes the Links that gain or lose the service, and for all others nothing.
 *
 * `remote-discovery.shop.checkout`. Neither name has a dot, so a value is of one service. Names that are too long for
 * a label are `remote-discovery.<hash>`.
 */
export function ownValue(of: Mode, { namespace, name }: ServiceName): string {
  const [, plain] = EXPORT_LABEL[of];
  const readable = `${plain}.${namespace}.${name}`;
  if (readable.length <= MAX_LABEL) return readable;
  const hash = createHash("sha256").update(`${namespace}.${name}`).digest("hex");
  return `${plain}.${hash.slice(0, 32)}`;
}

/** All such values of some services. */
export function ownValues(services: Readonly<Partial<Record<Mode, readonly ServiceName[]>>>): string[] {
  return mode.options.flatMap((of) => (services[of] ?? []).map((service) => ownValue(of, service)));
}

interface Exported extends ServiceName {
  readonly modes: readonly Mode[];
  readonly to?: NamedClusters<Mode>;
}

/** The labels that a Service carries to cross. */
export function exportLabels(exported: Exported): Record<string, string> {
  return Object.fromEntries(
    exported.modes.map((of) => {
      const [key, plain] = EXPORT_LABEL[of];
      return [key, exported.to?.[of] ? ownValue(of, exported) : plain];
    }),
  );
}

/** What a label of a Service stands for. `named`: only Links that name the service select it. */
export interface ExportMeaning {
  readonly mode: Mode;
  readonly named: boolean;
}

/** `undefined` for a value that neither Linkerd nor this program writes on that Service. */
export function meaningOf(service: ServiceName, key: string, value: string): ExportMeaning | undefined {
  return mode.options
    .filter((of) => EXPORT_LABEL[of][0] === key)
    .flatMap((of) => {
      if (EXPORT_LABEL[of][1] === value) return [{ mode: of, named: false }];
      return ownValue(of, service) === value ? [{ mode: of, named: true }] : [];
    })
    .at(0);
}
