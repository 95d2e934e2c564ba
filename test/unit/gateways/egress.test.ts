import { expect, test } from "vitest";
import { chartGatewayEgress } from "../../../fleet/gateways/objects";
import { planFleet } from "../../../fleet/plan";
import { cluster, fleetOf } from "../../../testing/fleets";

const egressOf = (gateway: object) => {
  const [us] = planFleet(
    fleetOf({ us: cluster("us", { gateway, linkerd: { namespace: "mesh" } }), eu: cluster("eu") }),
  ).clusters.filter(({ name }) => name === "us");
  return us ? chartGatewayEgress(us, "linkerd-multicluster") : [];
};

test("a gateway's pods connect to every network, unless the stack file names some", () => {
  expect(egressOf({ type: "loadBalancer" })).toEqual([]);
  expect(egressOf({ type: "none" })).toEqual([]);
});

test.each([
  { type: "loadBalancer" },
  { type: "nodePort", address: "192.0.2.7", port: 30143, probePort: 30191 },
  { type: "static", address: "gw.example.com" },
])("a gateway of type $type connects to the named networks, its control plane and DNS alone", (gateway) => {
  const [policy, ...more] = egressOf({ ...gateway, egressNetworks: ["10.1.0.0/16", "fd00::/64"] });
  expect(more).toEqual([]);
  expect(policy).toMatchObject({
    kind: "NetworkPolicy",
    metadata: { namespace: "linkerd-multicluster" },
    spec: { podSelector: { matchLabels: { app: "linkerd-gateway" } }, policyTypes: ["Egress"] },
  });
  expect(policy).toHaveProperty("spec.egress", [
    { to: [{ ipBlock: { cidr: "10.1.0.0/16" } }, { ipBlock: { cidr: "fd00::/64" } }] },
    { to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "mesh" } } }] },
    {
      to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
      ports: [
        { protocol: "UDP", port: 53 },
        { protocol: "TCP", port: 53 },
      ],
    },
  ]);
});
