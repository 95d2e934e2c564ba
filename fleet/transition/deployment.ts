import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { describeLinks, describePlan, PLAN_SCHEMA } from "../outputs/summary";
import type { Plan } from "../plan";

const anchors = z.array(
  z.object({ id: z.string(), state: z.string(), certificate: z.string().exactOptional() }),
);

/** What the transition guard must know of a deployment; the stack's output `deployed`. */
const deployment = z.object({
  plan: z.object({
    schema: z.literal(PLAN_SCHEMA),
    anchors,
    clusters: z.record(
      z.string(),
      z.object({
        apiServer: z.string(),
        context: z.string().exactOptional(),
        kubeconfig: z.string().exactOptional(),
        trustDomain: z.string(),
        clusterDomain: z.string(),
        controlPlaneNamespace: z.string(),
        issuerAnchor: z.string().exactOptional(),
        charts: z.object({ crds: z.string(), controlPlane: z.string(), multicluster: z.string() }),
      }),
    ),
  }),
  links: z.array(z.object({ source: z.string(), target: z.string(), state: z.string() })),
  /** The anchors of the deployments since that failed: some cluster may have been given them. */
  unfinished: z.array(anchors).default([]),
});
export type Deployment = z.infer<typeof deployment>;
export type DeployedAnchor = Deployment["plan"]["anchors"][number];
export type DeployedCluster = Deployment["plan"]["clusters"][string];

/** The same of a plan that is not deployed yet. */
export function deploymentOf(plan: Plan): Deployment {
  return deployment.parse({ plan: describePlan(plan), links: describeLinks(plan) });
}

/** The last complete deployment, or why nothing is known of one. */
export type Last =
  | { readonly known: Deployment; readonly unknown?: undefined }
  | { readonly known?: undefined; readonly unknown: "none" | "unreadable" };

/** Reads the outputs that the stack was left with. */
export function readDeployment(outputs: Readonly<Record<string, unknown>>): Last {
  if (outputs.deployed === undefined || outputs.deployed === null) return { unknown: "none" };
  const read = deployment.safeParse(outputs.deployed);
  return read.success ? { known: read.data } : { unknown: "unreadable" };
}

/** The output `deployed` after a deployment of the plan. `complete`: nothing failed in it. */
export function deployedAfter(
  outputs: Readonly<Record<string, unknown>>,
  plan: Plan,
  complete: boolean,
): unknown {
  if (complete) return deploymentOf(plan);
  const { known } = readDeployment(outputs);
  if (!known) return outputs.deployed ?? null;
  const { anchors } = deploymentOf(plan).plan;
  const told = [known.plan.anchors, ...known.unfinished].some((some) => isDeepStrictEqual(some, anchors));
  return told ? known : { ...known, unfinished: [...known.unfinished, anchors] };
}
