import { z } from "zod";
import { contains, isNetwork } from "../config/networks";
import { type Problem, pathOf } from "../config/problems";
import type { Readable } from "../config/readable";
import { mergeValues } from "../linkerd/charts";
import { EVERYWHERE } from "./plan";

const values = z.object({
  policyController: z.object({ probeNetworks: z.array(z.string().refine(isNetwork)) }),
});

/**
 * A gateway is probed by the service mirrors of its sources, from where its traffic comes as well. Where a port's
 * policy is closed, only probe networks let that in, and a gateway that fails its probes takes all of its mirrors
 * out.
 */
export function closedProbes(fleet: Readable): Problem[] {
  const { clusters, linkerd } = fleet;
  const targets = fleet.planned.filter(({ modes }) => modes.includes("gateway"));
  return [...new Set(targets.map(({ target }) => target))].flatMap((name) => {
    const cluster = clusters.get(name);
    if (!cluster || cluster.gateway.type === "none") return [];
    const own = cluster.linkerd.charts?.controlPlane?.values ?? {};
    const probes = values.safeParse(mergeValues(linkerd?.charts.controlPlane?.values ?? {}, own)).data;
    const { allowedNetworks = EVERYWHERE } = cluster.gateway;
    const missing = allowedNetworks.filter(
      (from) => !(probes?.policyController.probeNetworks ?? EVERYWHERE).some((one) => contains(one, from)),
    );
    if (missing.length === 0) return [];
    const where = values.safeParse(own).success ? ["clusters", name, "linkerd"] : ["linkerd"];
    return [
      {
        path: pathOf([...where, "charts", "controlPlane", "values", "policyController", "probeNetworks"]),
        problem: `keeps out probes of ${name}'s gateway from ${missing.join(", ")}, where its traffic comes from`,
        fix: `add them, or narrow clusters.${name}.gateway.allowedNetworks`,
      },
    ];
  });
}
