import { totalmem } from "node:os";
import * as pulumi from "@pulumi/pulumi";
import { computed } from "../testing/mocks";
import { plannedFleet } from "../testing/plannedFleet";
import { inProcesses } from "./each";
import { peakMemory, toHundredths } from "./figure";
import { planOf, type Shape } from "./fleets";
import { tell } from "./result";

// Without them a third of the time goes into the stack traces that the SDK takes for its leak reports.
Error.stackTraceLimit = 0;
process.setSourceMapsEnabled(false);

/** A mesh of 300 has 89,700 links, 700,000 resources and more: 100 GB at the 0.14 MB that the SDK takes for each. */
const SIZES = { hub: [3, 10, 30, 100, 300], mesh: [3, 10, 30, 50, 100] } as const;

async function evaluate(shape: Shape, clusters: number): Promise<void> {
  const plan = planOf(shape, clusters);
  let resources = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        resources += 1;
        return { id: args.name, state: { ...args.inputs, ...computed(args) } };
      },
      call: (args) => args.inputs,
    },
    "linkerd-fleet",
    "bench",
    false,
    "organization",
  );
  const start = performance.now();
  await pulumi.runtime.runInPulumiStack(async () => {
    plannedFleet({ plan, secret: (key) => pulumi.secret(key) });
  });
  await pulumi.runtime.disconnect();
  const seconds = toHundredths((performance.now() - start) / 1000);
  const links = plan.links.length;
  tell({
    kind: "evaluation",
    shape,
    clusters,
    links,
    resources,
    seconds,
    memoryMB: Math.round(peakMemory()),
  });
}

const [shape, clusters] = process.argv.slice(2);
if (shape === "hub" || shape === "mesh") void evaluate(shape, Number(clusters));
else {
  const each = Object.entries(SIZES).flatMap(([name, sizes]) => sizes.map((size) => [name, String(size)]));
  inProcesses(__filename, each, Math.floor((totalmem() / 2 ** 20) * 0.75));
}
