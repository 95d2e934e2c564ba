import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type FederatedView,
  federatedViews,
  portMismatch,
  sourceOfTruth,
} from "../../../fleet/exports/federation";
import { planFleet } from "../../../fleet/plan";
import { configOf, type FleetInput } from "../../../testing/arbitraries";
import { CLUSTERS, meshOfFour, service } from "../../../testing/meshOfFour";

const plan = (input: FleetInput) => planFleet(configOf(input));

describe("the source of truth of a federated service", () => {
  const view = (cluster: string, members: readonly string[]): FederatedView => ({
    namespace: "shop",
    name: "web",
    cluster,
    members,
  });

  it("is the cluster's own Service, or that of the oldest Link, or of several of one second", () => {
    const second = fc.integer({ min: 0, max: 3 }).map((at) => `2026-11-21T08:00:0${at}Z`);
    fc.assert(
      fc.property(
        fc.subarray(CLUSTERS, { minLength: 1 }),
        fc.tuple(second, second, second, second),
        fc.constantFrom(...CLUSTERS),
        (members, times, cluster) => {
          const found = sourceOfTruth(view(cluster, members), times.slice(0, members.length));
          const of = (name: string) => times[members.indexOf(name)] ?? "";
          const oldest = members.filter((name) => members.every((other) => of(name) <= of(other)));
          expect(found).toEqual(members.includes(cluster) ? [cluster] : oldest);
        },
      ),
    );
  });

  it("is asked where the service is seen: in its members, and over links that carry federated services", () => {
    const input = meshOfFour([service({ mode: "federated", in: ["a", "b"] })]);
    input.topology = {
      kind: "links",
      links: [
        { source: "c", target: "a" },
        { source: "c", target: "b", modes: ["gateway"] },
        { source: "d", target: "a", state: "draining" },
        { source: "d", target: "b" },
      ],
    };
    expect(federatedViews(plan(input)).map(({ cluster, members }) => [cluster, members])).toEqual([
      ["a", ["a"]],
      ["b", ["b"]],
      ["c", ["a"]],
      ["d", ["b"]],
    ]);
  });

  it("is a matter of course where all members have the same ports, in any order, and an error elsewhere", () => {
    const members = view("c", ["a", "b"]);
    const [http, admin] = [
      { name: "http", port: 80, protocol: "TCP" },
      { name: "admin", port: 81 },
    ];
    const ports = (...of: { name: string; port: number }[][]) => portMismatch(members, of);
    expect(ports([http, admin], [admin, http])).toBeUndefined();
    expect(ports([http], [{ ...http, port: 8080 }])).toMatch(
      /shop\/web has .*different ports:\n {2}http 80\/TCP in a\n {2}http 8080\/TCP in b\n.*--refresh/,
    );
  });
});
