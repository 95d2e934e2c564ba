import { exportKey } from "../config/names";
import { readDeployment } from "../outputs/deployed";
import { type RawOutputs, readOutput } from "../outputs/schema";
import type { ExportPlan, LabelOrder } from "./plan";

/** By `exportKey`; absent where no value changes: then a dead cluster keeps no other from getting its service. */
export function labelOrders(
  outputs: RawOutputs,
  exports: readonly ExportPlan[],
): Readonly<Record<string, LabelOrder>> {
  const named = readDeployment(outputs).known?.named ?? {};
  const services = readOutput(outputs, "services") ?? [];
  return Object.fromEntries(
    exports.flatMap((one) => {
      const was = named[exportKey(one)] ?? {};
      const crossed = new Set(
        services
          .filter(({ namespace, name }) => namespace === one.namespace && name === one.name)
          .filter(({ clusters, evacuated = [] }) => [...clusters, ...evacuated].includes(one.cluster))
          .flatMap(({ modes }) => modes),
      );
      const [narrows, opens] = [
        one.modes.some((mode) => one.to?.[mode] && !was[mode] && crossed.has(mode)),
        one.modes.some((mode) => !one.to?.[mode] && was[mode]),
      ];
      // One patch writes the labels of both modes. Narrowing goes first: it also waits for other clusters.
      if (!narrows && !opens) return [];
      return [[exportKey(one), narrows ? "links-first" : "label-first"] as const];
    }),
  );
}
