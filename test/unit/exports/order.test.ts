import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Fleet } from "../../../components/fleet";
import { exportKey } from "../../../fleet/config/names";
import { planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { type Registered, runUnderMocks } from "../../../testing/mocks";

const PATCH = "kubernetes:core/v1:ServicePatch";

/** Everything that the engine makes before a resource, and deletes after it. */
function before(resource: Registered, all: readonly Registered[]): Set<Registered> {
  const found = new Set<Registered>();
  const visit = ({ dependsOn }: Registered) => {
    for (const name of dependsOn) {
      const one = all.find((other) => other.name === name);
      if (!one || found.has(one)) continue;
      found.add(one);
      visit(one);
    }
  };
  visit(resource);
  return found;
}

it("an export label comes after the Servers that close its service, and goes before them", async () => {
  await fc.assert(
    fc.asyncProperty(fleetInputs({ maxClusters: 3 }), async (input) => {
      const plan = planFleet(configOf(input));
      const all = await runUnderMocks(
        () => void new Fleet("fleet", { plan, secret: (key) => pulumi.secret(key) }),
      );
      for (const grant of plan.grants) {
        const isOf = ({ provider, inputs }: Registered) => {
          const { namespace, name, labels } = inputs.metadata as {
            namespace: string;
            name: string;
            labels?: Record<string, string>;
          };
          const service = labels?.["linkerd-fleet/service"] ?? name;
          return exportKey({ cluster: provider ?? "", namespace, name: service }) === exportKey(grant);
        };
        const made = all.filter((one) => one.provider !== undefined && one.inputs.metadata && isOf(one));
        const policies = made.filter(({ type }) => type.includes("policy.linkerd.io"));
        expect(policies.filter(({ type }) => type.endsWith(":Server"))).toHaveLength(grant.ports.length);
        const labels = made.filter(({ type, name }) => type === PATCH && name.endsWith("-labels"));
        expect(labels).toHaveLength(1);
        for (const label of labels) {
          expect([...before(label, all)]).toEqual(expect.arrayContaining(policies));
        }
        for (const policy of policies) expect(before(policy, all)).not.toContain(labels[0]);
      }
    }),
    { numRuns: 6, endOnFailure: true },
  );
});
