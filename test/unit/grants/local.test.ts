import { describe, expect, it } from "vitest";
import type { GrantPlan } from "../../../fleet/grants/plan";
import { cluster } from "../../../testing/fleets";
import { grantOf } from "../../../testing/grants";
import { problemsOf, soundFleet } from "../../../testing/mistakes/sound";

const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";

describe("callers of the exporting cluster itself", () => {
  const own = (linkerd: object, local?: unknown) =>
    grantOf(local === undefined ? {} : { local }, {
      c001: cluster("c001", { podNetworks: ["10.1.0.0/16"], linkerd }),
      c002: cluster("c002"),
    }).local;

  it.each([
    [undefined, { networks: ["10.1.0.0/16"] }],
    ["all-unauthenticated", { networks: ["10.1.0.0/16"] }],
    ["all-authenticated", { networks: ["10.1.0.0/16"], identities: ["*.identity.linkerd.cluster.local"] }],
    ["deny", undefined],
  ])("keep what the default policy gave them (%s)", (defaultInboundPolicy, expected) => {
    expect(own(defaultInboundPolicy === undefined ? {} : { defaultInboundPolicy })).toEqual(expected);
  });

  it.each([
    ["deny", undefined],
    ["all-authenticated", { networks: ["10.1.0.0/16"], identities: ["*.identity.linkerd.cluster.local"] }],
    ["all-unauthenticated", { networks: ["10.1.0.0/16"] }],
  ])("keep what their namespace's own policy gave them, before the cluster's (%s)", (policy, expected) => {
    const linkerd = { defaultInboundPolicy: policy === "deny" ? "all-unauthenticated" : "deny" };
    const clusters = (namespace: string) => ({
      c001: cluster("c001", {
        podNetworks: ["10.1.0.0/16"],
        linkerd,
        namespaces: { [namespace]: { defaultInboundPolicy: policy } },
      }),
      c002: cluster("c002"),
    });
    expect(grantOf({}, clusters("shop")).local).toEqual(expected);
    expect(grantOf({}, clusters("elsewhere")).local).toEqual(own(linkerd));
  });

  it.each<[policy: string | undefined, local: unknown, change: GrantPlan["localChange"]]>([
    [undefined, "keep", "kept"],
    ["deny", "keep", "kept"],
    ["deny", "none", "kept"],
    ["cluster-authenticated", "meshed", "kept"],
    [undefined, "meshed", "narrowed"],
    ["all-authenticated", [{ namespace: "shop" }], "narrowed"],
    [undefined, "none", "closed"],
    ["deny", "meshed", "opened"],
    ["deny", [{ namespace: "shop" }], "opened"],
  ])("under the default policy %s and `local: %j` are %s", (defaultInboundPolicy, local, change) => {
    const linkerd = defaultInboundPolicy === undefined ? {} : { defaultInboundPolicy };
    const clusters = { c001: cluster("c001", { linkerd }), c002: cluster("c002") };
    expect(grantOf({ local }, clusters).localChange).toBe(change);
  });

  it("may be none, or named ones from the cluster's own networks", () => {
    expect(own({}, "none")).toBeUndefined();
    expect(own({}, [{ namespace: "shop", serviceAccount: "web" }])).toEqual({
      networks: ["10.1.0.0/16"],
      identities: [WEB],
    });
  });
});

describe("the networks that local callers are known by", () => {
  const told = (change: (clusters: Record<string, Record<string, unknown>>) => void) => {
    const fleet = soundFleet();
    change(fleet.clusters);
    return problemsOf(fleet).map(({ path }) => path);
  };

  it("must be given where pods of other clusters share the private networks", () => {
    expect(told(({ eu }) => delete eu?.podNetworks)).toEqual(["clusters.eu.podNetworks"]);
    expect(told(({ apac }) => delete apac?.podNetworks)).toEqual([]);
  });

  it("must be given for a service behind a gateway as well: pods of the same network call its pods directly", () => {
    const fleet = soundFleet();
    fleet.services.push({
      ...{ name: "reports", namespace: "bi", mode: "gateway", in: ["apac"], ports: [8080] },
      allowGateway: true,
    });
    fleet.clusters.apac.podNetworks = undefined;
    expect(problemsOf(fleet).map(({ path }) => path)).toEqual(["clusters.apac.podNetworks"]);
    fleet.clusters.apac.network = "of-its-own";
    expect(problemsOf(fleet)).toEqual([]);
  });

  it("must not be those of a neighbour", () => {
    const overlapping = (network: string) =>
      told(({ apac }) => Object.assign(apac ?? {}, { podNetworks: [network] }));
    expect(overlapping("10.2.128.0/17")).toEqual(["clusters.eu.podNetworks"]);
    expect(overlapping("10.0.0.0/8")).toEqual(["clusters.eu.podNetworks", "clusters.us.podNetworks"]);
    expect(overlapping("fd00::/8")).toEqual([]);
  });
});
