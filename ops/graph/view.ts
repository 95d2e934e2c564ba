import { z } from "zod";
import {
  describeAccesses,
  describeClusters,
  describeLinks,
  describeServices,
} from "../../fleet/outputs/describe";
import { outputsSchema } from "../../fleet/outputs/schema";
import type { Plan } from "../../fleet/plan";

/** A fleet as its stack's outputs tell it, so far as a picture shows it. */
const { clusters, links, services, accesses } = outputsSchema.shape;
const view = z.object({
  clusters: clusters.default({}),
  links: links.default([]),
  services: services.default([]),
  // Deployments from before there were generations have none.
  accesses: accesses.default([]),
});
export type View = z.infer<typeof view>;

/** A fleet that is planned: what its stack's outputs would say. */
export function viewOfPlan(plan: Plan): View {
  return view.parse({
    clusters: describeClusters(plan, {}),
    links: describeLinks(plan),
    services: describeServices(plan),
    accesses: describeAccesses(plan, true),
  });
}

/** A fleet that is deployed, by its stack's outputs; none where they cannot be read. A stack without any is empty. */
export function viewOfOutputs(outputs: unknown): View | undefined {
  return view.safeParse(outputs).data;
}
