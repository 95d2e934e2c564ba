import { stringify } from "yaml";
import type { Job } from "../../fleet/stacks/rollout";

/** Where the Pulumi Kubernetes Operator finds the program. */
export interface Source {
  readonly repository: string;
  readonly branch: string;
  readonly namespace: string;
}

/** For a CI matrix: one object a job, in an order in which each stands after those it needs. */
export function jobGraph(jobs: readonly Job[]): string {
  return `${JSON.stringify({ jobs }, null, 2)}\n`;
}

/**
 * `Stack` resources, `pulumi.com/v1` (Pulumi Kubernetes Operator 2 API reference). The operator has no rounds: it
 * runs each stack again and again, which completes the links that wait for another stack.
 */
export function operatorStacks(jobs: readonly Job[], { repository, branch, namespace }: Source): string {
  const first = jobs.filter(({ round }) => round === 1);
  // An id tells stacks of one short name apart.
  const nameOf = (id: string) => resourceName(id.replace(/-1$/, ""));
  return first
    .map(({ id, stack, needs }) =>
      stringify({
        apiVersion: "pulumi.com/v1",
        kind: "Stack",
        metadata: { name: nameOf(id), namespace },
        spec: {
          stack,
          projectRepo: repository,
          branch,
          continueResyncOnCommitMatch: true,
          resyncFrequencySeconds: 900,
          ...(needs.length === 0
            ? {}
            : {
                prerequisites: needs.map((id) => ({
                  name: nameOf(id),
                  requirement: { succeededWithinDuration: "1h" },
                })),
              }),
        },
      }),
    )
    .join("---\n");
}

function resourceName(stack: string): string {
  return stack.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-");
}
