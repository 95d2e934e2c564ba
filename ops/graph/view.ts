import { z } from "zod";
import type { Plan } from "../../fleet/plan";
import { describeClusters, describeLinks, describeServices } from "../../fleet/summary";

/** A fleet as its stack's outputs tell it, so far as a picture shows it. */
const view = z.object({
  clusters: z
    .record(
      z.string(),
      z.object({
        region: z.string().optional(),
        network: z.string().optional(),
        version: z.string(),
        gateway: z.object({ type: z.string() }),
      }),
    )
    .default({}),
  links: z
    .array(
      z.object({ source: z.string(), target: z.string(), modes: z.array(z.string()), state: z.string() }),
    )
    .default([]),
  services: z
    .array(
      z.object({
        namespace: z.string(),
        name: z.string(),
        modes: z.array(z.string()),
        clusters: z.array(z.string()),
        callers: z.array(z.string()),
      }),
    )
    .default([]),
});
export type View = z.infer<typeof view>;

/** A fleet that is planned: what its stack's outputs would say. */
export function viewOfPlan(plan: Plan): View {
  return view.parse({
    clusters: describeClusters(plan, {}),
    links: describeLinks(plan),
    services: describeServices(plan),
  });
}

/** A fleet that is deployed, by its stack's outputs; none where they cannot be read. A stack without any is empty. */
export function viewOfOutputs(outputs: unknown): View | undefined {
  return view.safeParse(outputs).data;
}
