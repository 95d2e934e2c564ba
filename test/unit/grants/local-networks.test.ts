import { expect, it } from "vitest";
import { clusterNetworkNotes } from "../../../fleet/grants/notes";
import { type Plan, planFleet } from "../../../fleet/plan";
import { cluster, fleetOf } from "../../../testing/fleets";

const service = {
  ...{ name: "web", namespace: "shop", mode: "gateway", in: ["us"], ports: ["http"], allowGateway: true },
};

function planOf(clusterNetworks: unknown, us: Record<string, unknown> = {}): Plan {
  const linkerd = { version: "2026.8.3", charts: { controlPlane: { values: { clusterNetworks } } } };
  return planFleet(fleetOf({ us: cluster("us", us), eu: cluster("eu") }, { linkerd, services: [service] }));
}
const localOf = (plan: Plan) => plan.grants[0]?.local?.networks;

it("callers of the cluster itself are those of the networks that Linkerd counts to it, nodes with public addresses too", () => {
  expect(localOf(planOf("10.0.0.0/8, 203.0.113.0/24"))).toEqual(["10.0.0.0/8", "203.0.113.0/24"]);
  expect(localOf(planOf(undefined))).toContain("192.168.0.0/16");
  const own = { linkerd: { charts: { controlPlane: { values: { clusterNetworks: "2001:db8::/32" } } } } };
  expect(localOf(planOf("10.0.0.0/8", own))).toEqual(["2001:db8::/32"]);
});

it("networks that `podNetworks` leaves out are told, unless they are private", () => {
  const podNetworks = ["10.1.0.0/16"];
  expect(localOf(planOf("10.0.0.0/8,203.0.113.0/24", { podNetworks }))).toEqual(podNetworks);
  expect(clusterNetworkNotes(planOf("10.0.0.0/8,203.0.113.0/24", { podNetworks }))).toEqual([
    expect.stringMatching(/^clusters\.us\.podNetworks leaves out 203\.0\.113\.0\/24 of clusterNetworks/),
  ]);
  expect(clusterNetworkNotes(planOf("10.0.0.0/8,203.0.113.0/24"))).toEqual([]);
  expect(clusterNetworkNotes(planOf("10.0.0.0/8", { podNetworks }))).toEqual([]);
  expect(
    clusterNetworkNotes(planOf("203.0.113.0/24", { podNetworks: [...podNetworks, "203.0.0.0/16"] })),
  ).toEqual([]);
});
