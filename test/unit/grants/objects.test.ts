import { beforeAll, describe, expect, it } from "vitest";
import { type Plan, planFleet } from "../../../fleet/plan";
import { cluster, fleetOf } from "../../../testing/fleets";
import { checkout } from "../../../testing/grants";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";

describe("the objects of a grant", () => {
  const POLICY = "kubernetes:policy.linkerd.io/";
  let all: Registered[];
  const deploy = (plan: Plan) => runUnderMocks(() => void plannedFleet({ plan, secret: () => fail() }));
  const fail = (): never => {
    throw new Error("no secret is configured");
  };
  const inputs = (name: string) => all.find((resource) => resource.name === name)?.inputs;

  beforeAll(async () => {
    const services = checkout({ allow: [{ identity: WEB, ports: [8080] }] });
    const clusters = {
      c001: cluster("c001", {
        podNetworks: ["10.1.0.0/16"],
        gateway: {
          type: "loadBalancer",
          allowedNetworks: ["192.0.2.0/24"],
          allowedIdentities: [WEB],
        },
      }),
      c002: cluster("c002"),
    };
    all = await deploy(planFleet(fleetOf(clusters, services)));
  });

  it("are one closed Server a port, and a policy only where somebody may call", () => {
    const grants = all.filter(({ type, name }) => type.startsWith(POLICY) && name.includes("-grant"));
    expect(grants.map(({ name }) => name.replace("c001-shop-checkout-grant-", "")).sort()).toEqual([
      "8080",
      "8080-callers",
      "8080-identities",
      "8080-local",
      "admin",
      "admin-local",
      "local-networks",
    ]);
    const names = grants.map(({ type, inputs }) => `${type} ${JSON.stringify(inputs.metadata)}`);
    expect(new Set(names).size).toBe(names.length);
    for (const grant of grants) expect(grant.provider).toBe("c001");
  });

  it("close the pods that the Service selects", () => {
    expect(inputs("c001-shop-checkout-grant-8080")).toMatchObject({
      apiVersion: "policy.linkerd.io/v1beta3",
      metadata: { name: "fleet.checkout.8080", namespace: "shop" },
      spec: { podSelector: { matchLabels: { app: "checkout" } }, port: 8080, accessPolicy: "deny" },
    });
  });

  it("name the callers, and nobody else", () => {
    expect(inputs("c001-shop-checkout-grant-8080-identities")).toMatchObject({ spec: { identities: [WEB] } });
    expect(inputs("c001-shop-checkout-grant-8080-callers")).toMatchObject({
      spec: {
        targetRef: { kind: "Server", name: "fleet.checkout.8080" },
        requiredAuthenticationRefs: [{ kind: "MeshTLSAuthentication", name: "fleet.checkout.8080.callers" }],
      },
    });
    expect(inputs("c001-shop-checkout-grant-local-networks")).toMatchObject({
      spec: { networks: [{ cidr: "10.1.0.0/16" }] },
    });
  });

  it("tighten what the chart's gateway takes, only where the stack file says so", () => {
    const patches = all.filter(({ name }) => /-gateway-(networks|identities)$/.test(name));
    const told = new Map(patches.map(({ name, type, inputs }) => [name, [type, inputs.spec]]));
    expect(told).toEqual(
      new Map([
        [
          "c001-multicluster-gateway-networks",
          [`${POLICY}v1alpha1:NetworkAuthenticationPatch`, { networks: [{ cidr: "192.0.2.0/24" }] }],
        ],
        [
          "c001-multicluster-gateway-identities",
          [`${POLICY}v1alpha1:MeshTLSAuthenticationPatch`, { identities: [WEB] }],
        ],
      ]),
    );
  });
});
