import * as pulumi from "@pulumi/pulumi";
import { Fleet } from "../components/fleet";
import { meshPlan } from "../test/fleets";
import { computed } from "../test/mocks";
import { peakMemory, print } from "./figure";

// Without them a quarter of the time goes into the stack traces that the SDK takes for its leak reports.
Error.stackTraceLimit = 0;
process.setSourceMapsEnabled(false);

async function main(): Promise<void> {
  const plan = meshPlan(50);
  let count = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        count += 1;
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
    new Fleet("fleet", { plan, secret: (key) => pulumi.secret(key) });
  });
  await pulumi.runtime.disconnect();
  print("the program under mocks, a mesh of 50 clusters", (performance.now() - start) / 1000, "s", 30);
  print("  resources", count, "resources");
  print("  memory of the whole process", peakMemory(), "MB");
}

main();
