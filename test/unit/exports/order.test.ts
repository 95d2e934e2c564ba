import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportKey } from "../../../fleet/config/names";
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, type FleetInput, fleetInputs } from "../../../testing/arbitraries";
import { soundFleet } from "../../../testing/mistakes/sound";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const PATCH = "kubernetes:core/v1:ServicePatch";

/** Everything that the engine makes before a resource, and deletes after it. */
function earlierThan(resource: Registered, all: readonly Registered[]): Set<Registered> {
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
      const all = await runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(key) }));
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
          expect([...earlierThan(label, all)]).toEqual(expect.arrayContaining(policies));
        }
        for (const policy of policies) expect(earlierThan(policy, all)).not.toContain(labels[0]);
      }
    }),
    { numRuns: 6, endOnFailure: true },
  );
});

describe("where a label changes between the value for every cluster and its own", () => {
  const services = (to?: string[]) => [
    {
      ...{ name: "checkout", namespace: "shop", mode: "federated", in: ["us"], ports: ["http"] },
      ...(to ? { to } : {}),
      pods: { app: "checkout" },
    },
  ];
  const registered = (order: Plan["labelOrder"], to?: string[]) => {
    const input = soundFleet();
    input.services = services(to);
    const plan = { ...planFleet(configOf(input as FleetInput)), labelOrder: order };
    return runUnderMocks(() => void plannedFleet({ plan, secret: (key) => pulumi.secret(key) }));
  };
  const LABEL = "us-shop-checkout-labels";
  const LINKS = ["apac-to-us-link", "eu-to-us-link"];
  /**
   * What comes before the label, of the Links to its cluster and of the local service mirror; and what it comes
   * before.
   */
  const around = (all: readonly Registered[]) => {
    const named = (name: string) => all.filter((one) => one.name === name);
    const earlier = named(LABEL).flatMap((label) => [...earlierThan(label, all)].map(({ name }) => name));
    return {
      earlier: [...LINKS, "us-multicluster-release"].filter((name) => earlier.includes(name)),
      later: LINKS.filter((name) =>
        named(name).some((link) => [...earlierThan(link, all)].some((one) => one.name === LABEL)),
      ),
    };
  };

  it("the Links that name the service come before its own value, and other clusters' Links do not", async () => {
    expect(around(await registered({ "us/shop/checkout": "links-first" }, ["eu"]))).toEqual({
      earlier: ["eu-to-us-link", "us-multicluster-release"],
      later: [],
    });
  });

  it("the value for all comes before the Links that stop naming it", async () => {
    expect(around(await registered({ "us/shop/checkout": "label-first" }))).toEqual({
      earlier: [],
      later: LINKS,
    });
  });

  it("neither waits otherwise", async () => {
    expect(around(await registered({}, ["eu"]))).toEqual({ earlier: [], later: [] });
  });
});
