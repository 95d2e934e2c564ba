import { isDeepStrictEqual } from "node:util";
import { exportKey } from "../config/names";
import type { Plan } from "../plan";
import { describeLinks, describePlan } from "./describe";
import { byName, type Deployment, deployment, type RawOutputs, readOutput } from "./schema";

/** The same of a plan that is not deployed yet. */
export function deploymentOf(plan: Plan): Deployment {
  const named = plan.exports.flatMap((one) => (one.to ? [[exportKey(one), one.to]] : []));
  return deployment.parse({
    plan: describePlan(plan),
    links: describeLinks(plan),
    ...(named.length > 0 ? { named: Object.fromEntries(named) } : {}),
  });
}

/** The last complete deployment, or why nothing is known of one. */
export type Last =
  | { readonly known: Deployment; readonly unknown?: undefined }
  | { readonly known?: undefined; readonly unknown: "none" | "unreadable" };

/** Reads the outputs that the stack was left with. */
export function readDeployment(outputs: RawOutputs): Last {
  if (outputs.deployed === undefined || outputs.deployed === null) return { unknown: "none" };
  const known = readOutput(outputs, "deployed");
  return known ? { known } : { unknown: "unreadable" };
}

/** The output `deployed` after a deployment of the plan. `complete`: nothing failed in it. */
export function deployedAfter(outputs: RawOutputs, plan: Plan, complete: boolean): unknown {
  const next = deploymentOf(plan);
  if (complete) return written(next);
  const { known } = readDeployment(outputs);
  if (!known) return outputs.deployed ?? null;
  const { anchors } = next.plan;
  const told = [known.plan.anchors, ...known.unfinished].some((some) => isDeepStrictEqual(some, anchors));
  return written(told ? known : { ...known, unfinished: [...known.unfinished, anchors] });
}

function written({ links, ...rest }: Deployment) {
  return { ...rest, links: byName(links) };
}
