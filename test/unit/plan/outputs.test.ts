import fc from "fast-check";
import { expect, test } from "vitest";
import { readDeployment } from "../../../fleet/outputs/deployed";
import { describeAccesses, describeLinks } from "../../../fleet/outputs/describe";
import { outputsSchema, readOutput } from "../../../fleet/outputs/schema";
import { describeFleet } from "../../../fleet/outputs/write";
import { planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";

const made = { gatewayAddresses: {}, sourcesOfTruth: [], trustBundle: "PEM" };
const written = (plan: ReturnType<typeof planFleet>) =>
  JSON.parse(JSON.stringify(describeFleet(plan, made, { complete: true, last: {} }))) as Record<
    string,
    unknown
  >;

test("what is written is read, for any fleet", () => {
  fc.assert(
    fc.property(
      fleetInputs().map((input) => configOf(input)),
      (config) => {
        const plan = planFleet(config);
        const read = outputsSchema.parse(written(plan));
        expect(read.links).toEqual(describeLinks(plan));
        expect(read.accesses).toEqual(describeAccesses(plan, true));
        expect(readDeployment(written(plan)).known?.links).toHaveLength(
          plan.links.length + plan.pending.length,
        );
      },
    ),
  );
});

test("links, accesses and the last deployment's links are read from the lists of older versions", () => {
  fc.assert(
    fc.property(
      fleetInputs().map((input) => configOf(input)),
      (config) => {
        const now = written(planFleet(config));
        const deployed = now.deployed as Record<string, object>;
        const before = {
          ...now,
          links: Object.values(now.links as object),
          accesses: Object.values(now.accesses as object),
          deployed: { ...deployed, links: Object.values(deployed.links ?? {}) },
        };
        expect(outputsSchema.parse(before)).toEqual(outputsSchema.parse(now));
      },
    ),
  );
});

test("one more cluster changes no entry of another link or access", () => {
  fc.assert(
    fc.property(
      fleetInputs().map((input) => configOf(input)),
      fc.nat(),
      (config, at) => {
        const names = Object.keys(config.clusters);
        const gone = names[at % names.length] ?? "";
        const { [gone]: _, ...clusters } = config.clusters;
        const topology = { kind: "mesh" as const, links: [], excludedLabels: [], excludedAnnotations: [] };
        const [more, less] = [config.clusters, clusters].map((of) =>
          written(planFleet({ ...config, topology, services: [], clusters: of })),
        );
        for (const part of ["links", "accesses"]) {
          expect(more?.[part]).toMatchObject(less?.[part] as object);
        }
      },
    ),
  );
});

test("an output that cannot be read hides no other", () => {
  expect(readOutput({ links: 7, services: [] }, "services")).toEqual([]);
  expect(readOutput({ links: 7, services: [] }, "links")).toBeUndefined();
});
