import { describe, expect, it } from "vitest";
import { outputsSchema } from "../../../fleet/outputs/schema";
import { servedServices } from "../../../ops/services/services";
import { judge } from "../../../ops/verify/judge";
import { type Member, readFleet } from "../../../ops/verify/read";
import { LiveFleet } from "../../../testing/liveFleet";
import type { Stored } from "../../../testing/stored";
import { planOf } from "../../../testing/threeDomains";

describe("fleet services", () => {
  it("finds a label that lets a service cross further than `to` says, or less far", () => {
    const plan = planOf({ in: ["us"], to: ["eu"] }, { in: ["eu"] });
    const service = (value: string): Stored => ({
      collection: "/api/v1/services",
      metadata: { name: "checkout", namespace: "shop", labels: { "mirror.linkerd.io/federated": value } },
    });
    const found = (labels: Readonly<Record<string, string>>) => {
      const members = plan.clusters.map((cluster): [string, Member<"exported" | "federated">] => {
        const value = labels[cluster.name];
        const federated = value === undefined ? [] : [service(value)];
        const read = federated.map(({ metadata }) => ({
          metadata: { ...metadata, namespace: "shop", labels: { ...metadata.labels }, annotations: {} },
          spec: { selector: {}, ports: [] },
          status: { loadBalancer: { ingress: [] } },
        }));
        const none = { state: "found" as const, value: [] };
        return [
          cluster.name,
          { cluster, found: { exported: none, federated: { state: "found", value: read } } },
        ];
      });
      return servedServices(plan, { services: [] }, new Map(members));
    };
    const own = "member.shop.checkout";
    expect(found({ us: own, eu: "member" })).toMatchObject([
      { to: { us: ["eu"] }, labelled: ["eu", "us"], otherwise: [] },
    ]);
    expect(found({ us: "member", eu: own })).toMatchObject([
      { labelled: ["eu", "us"], otherwise: ["eu", "us"] },
    ]);
    expect(found({ us: "member.shop.cart", eu: "member" })).toMatchObject([
      { labelled: ["eu"], otherwise: [] },
    ]);
  });
});

describe("fleet verify", () => {
  it("expects mirrors where a service crosses to, and names one that is seen elsewhere", async () => {
    const plan = planOf(
      { to: ["eu", "us"] },
      {
        name: "reports",
        namespace: "bi",
        mode: "gateway",
        in: ["us"],
        to: ["eu"],
        allowGateway: true,
        local: "none",
      },
    );
    const live = await LiveFleet.of(plan);
    const findings = async () => {
      const state = await readFleet(plan, outputsSchema.parse(live.outputs()), live.clusters());
      const ofMirrors = /mirrors a|has members|is not (mirrored|federated)/;
      return judge(state).flatMap(({ subject, findings }) =>
        findings
          .filter(({ message }) => ofMirrors.test(message))
          .map(({ message }) => `${subject}: ${message}`),
      );
    };
    expect(await findings()).toEqual([]);
    const mirror = { "mirror.linkerd.io/mirrored-service": "true" };
    live.objects.get("apac")?.push(
      {
        collection: "/api/v1/services",
        spec: {},
        metadata: {
          name: "reports-us",
          namespace: "bi",
          labels: { ...mirror, "mirror.linkerd.io/cluster-name": "us" },
        },
      },
      {
        collection: "/api/v1/services",
        spec: {},
        metadata: {
          name: "checkout-federated",
          namespace: "shop",
          labels: mirror,
          annotations: { "multicluster.linkerd.io/remote-discovery": "checkout@us,cart@eu" },
        },
      },
    );
    expect(await findings()).toEqual([
      "apac: the Service bi/reports-us mirrors a service of us, whose `to` does not name apac",
      "apac: the Service shop/checkout-federated has members that are not declared: cart@eu; it has members whose " +
        "`to` does not name apac: checkout@us",
    ]);
  });
});
