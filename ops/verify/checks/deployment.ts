import { linkName } from "../../../fleet/config/names";
import { plannedOutputs } from "../../../fleet/outputs/describe";
import { byName } from "../../../fleet/outputs/schema";
import { differences } from "../differences";
import type { Check } from "./check";

const pending: Check = {
  name: "no link waits for another stack",
  judge: ({ plan }) => [
    ...plan.links.map((link) => ({ subject: linkName(link), findings: [] })),
    ...plan.pending.map((link) => ({
      subject: linkName(link),
      findings: [
        {
          severity: "warning",
          message: `the link is pending: it waits for the stack ${link.stack}`,
          remedy: `\`pulumi up\` in the stack ${link.stack}, then in this one`,
          runbook: "pending",
        } as const,
      ],
    })),
  ],
};

/** All other checks judge by the stack file: it may say more, or less, than what was deployed last. */
export const deploymentChecks: readonly Check[] = [
  {
    name: "the stack file is deployed",
    judge: ({ plan, outputs }) => {
      const planned = plannedOutputs(plan);
      const parts = {
        "trust anchors": differences(planned.plan.anchors, outputs.plan.anchors),
        clusters: differences(planned.plan.clusters, outputs.plan.clusters),
        // By name: the engine keeps them in another order.
        links: differences(byName(planned.links), byName(outputs.links)),
        services: differences(
          planned.services,
          // Only the clusters know it.
          outputs.services.map(({ sourceOfTruth: _, ...service }) => service),
        ),
      };
      const changed = Object.entries(parts).flatMap(([part, paths]) => (paths.length > 0 ? [part] : []));
      if (changed.length === 0) return [{ subject: "stack", findings: [] }];
      const finding = {
        severity: "warning",
        message: `the stack file differs from the last deployment in its ${changed.join(", ")}`,
        remedy: "`pulumi preview` shows what would change",
        runbook: "restore",
      } as const;
      return [{ subject: "stack", findings: [finding] }];
    },
  },
  pending,
];
