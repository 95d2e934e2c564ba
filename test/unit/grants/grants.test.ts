import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grantNotes } from "../../../fleet/grants/notes";
import { type GrantPlan, planGrants } from "../../../fleet/grants/plan";
import { controlPlaneValues } from "../../../fleet/linkerd/values";
import { describeServices } from "../../../fleet/outputs/describe";
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, type FleetInput, fleetInputs } from "../../../testing/arbitraries";
import { cluster, fleetOf, meshConfig } from "../../../testing/fleets";
import { checkout, grantOf } from "../../../testing/grants";
import { type Sections, toldAfter } from "../../../testing/mistakes/sound";

const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";
const callers = (grant: GrantPlan) => grant.ports.map((port) => port.callers);

describe("who may call", () => {
  it("is nobody of another cluster, where no grant says so", () => {
    expect(callers(grantOf({}))).toEqual([[], []]);
  });

  it("is the named ServiceAccount, by the trust domain of each linked cluster", () => {
    const clusters = {
      c001: cluster("c001", { trustDomain: "one.example.com" }),
      c002: cluster("c002", { trustDomain: "two.example.com" }),
      c003: cluster("c003", { trustDomain: "three.example.com", network: "elsewhere" }),
    };
    const web = { namespace: "shop", serviceAccount: "web" };
    const two = "web.shop.serviceaccount.identity.linkerd.two.example.com";
    expect(callers(grantOf({ allow: [web] }, clusters))[0]).toEqual([two]);
    expect(callers(grantOf({ allow: [{ ...web, cluster: "c002" }] }, clusters))[0]).toEqual([two]);
    expect(
      callers(grantOf({ allow: [{ namespace: "shop", trustDomain: "two.example.com" }] }, clusters))[0],
    ).toEqual(["*.shop.serviceaccount.identity.linkerd.two.example.com"]);
  });

  it("is limited to the ports that a grant names", () => {
    expect(callers(grantOf({ allow: [{ identity: WEB, ports: ["admin"] }] }))).toEqual([[], [WEB]]);
  });

  it("is everybody only with allowAnyMeshed", () => {
    expect(callers(grantOf({ allowAnyMeshed: true }))).toEqual([["*"], ["*"]]);
  });

  it("is the target's own gateway, where a gateway service lets it in", () => {
    expect(callers(grantOf({ mode: "gateway", allowGateway: true }))[0]).toEqual([
      "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local",
    ]);
  });

  it("adds up over the entries of one Service", () => {
    const config = meshConfig(2, {
      services: [
        ...checkout({ allow: [{ identity: WEB }] }).services,
        ...checkout({ mode: "gateway", allowGateway: true }).services,
      ],
    });
    expect(planFleet(config).grants).toHaveLength(1);
    expect(planFleet(config).grants[0]?.ports[0]?.callers).toHaveLength(2);
  });
});

it("the outputs count a grant for some requests as one", () => {
  const services = checkout({
    probes: [],
    allow: [{ identity: WEB, ports: ["admin"], routes: [{ method: "GET" }] }],
  });
  expect(describeServices(planFleet(meshConfig(2, services)))).toMatchObject([
    { callers: [WEB], ports: { c001: { "8080": "closed", admin: "granted" } } },
  ]);
});

it("the outputs say who may call each service", () => {
  const services = [
    ...checkout({ allow: [{ identity: WEB, ports: ["admin"] }] }).services,
    ...checkout({ name: "closed" }).services,
  ];
  expect(describeServices(planFleet(meshConfig(2, { services })))).toMatchObject([
    { name: "checkout", callers: [WEB] },
    { name: "closed", callers: [] },
  ]);
});

describe("the notes of a preview", () => {
  const planOf = (more: object) => planFleet(meshConfig(2, checkout({ in: ["c001", "c002"], ...more })));
  const outputsOf = (plan: Plan) => ({ services: describeServices(plan) });
  const closed =
    "Service shop/checkout of c001, c002: nobody from another cluster may call it: no `allow` in `services` names callers";
  const cutOff =
    "Service shop/checkout of c001, c002: its `local` cuts off callers of its own cluster, at port 8080, admin";

  it("say who is kept out of a new service, once for all clusters", () => {
    expect(grantNotes({}, planOf({ local: "none" }))).toEqual([closed, cutOff]);
    expect(grantNotes({}, planOf({ allow: [{ identity: WEB }] }))).toEqual([]);
  });

  it("say nothing where the last outputs say the same", () => {
    const plan = planOf({ local: "none" });
    expect(grantNotes(JSON.parse(JSON.stringify(outputsOf(plan))), plan)).toEqual([]);
  });

  it("say what changed, and only that", () => {
    const last = outputsOf(planOf({}));
    expect(grantNotes(last, planOf({ local: "none" }))).toEqual([cutOff]);
    expect(grantNotes(last, planOf({ allow: [{ identity: WEB }], local: "meshed" }))).toEqual([
      "Service shop/checkout of c001, c002: its `local` cuts off callers other than " +
        "*.identity.linkerd.cluster.local of its own cluster, at port 8080, admin",
    ]);
    expect(
      grantNotes(outputsOf(planOf({ local: "none", ports: [8080] })), planOf({ local: "none" })),
    ).toEqual([cutOff]);
  });

  it("tell all of it where the last outputs are those of another version", () => {
    expect(grantNotes({ services: "all" }, planOf({}))).toEqual([closed]);
  });
});

describe("in any fleet", () => {
  const anyFleet = (judge: (plan: Plan, input: FleetInput) => void) =>
    fc.assert(
      fc.property(fleetInputs(), (input) => judge(planFleet(configOf(input)), input)),
      { numRuns: 60 },
    );

  it("every exported service of every cluster has one grant, with each of its ports once", () => {
    anyFleet(({ grants, exports }) => {
      const key = (of: { cluster: string; namespace: string; name: string }) =>
        `${of.cluster}/${of.namespace}/${of.name}`;
      expect(grants.map(key)).toEqual(exports.map(key));
      for (const { ports } of grants) expect(new Set(ports.map(({ port }) => port)).size).toBe(ports.length);
    });
  });

  it("nobody is let in without a grant, and everybody by no other setting than allowAnyMeshed", () => {
    anyFleet((_, input) => {
      const config = configOf(input);
      for (const { ports } of planFleet(config).grants)
        for (const port of ports) expect(port.callers).not.toContain("*");
      const bare = config.services.map((service) => ({ ...service, allow: [], allowGateway: false }));
      for (const { ports } of planFleet({ ...config, services: bare }).grants)
        for (const port of ports) expect(port.callers).toEqual([]);
    });
  });

  it("one grant more takes nobody's right away", () => {
    anyFleet(({ links, grants }, input) => {
      const config = configOf(input);
      const more = config.services.map((service) =>
        service.mode === "gateway" ? service : { ...service, allow: [...service.allow, { identity: WEB }] },
      );
      const after = planGrants({ ...config, services: more }, links);
      for (const grant of grants) {
        const same = after.find(
          ({ cluster, namespace, name }) =>
            cluster === grant.cluster && namespace === grant.namespace && name === grant.name,
        );
        expect({ ...same, ports: [] }).toEqual({ ...grant, ports: [] });
        grant.ports.forEach((port, at) => {
          expect(same?.ports[at]?.callers).toEqual(expect.arrayContaining([...port.callers]));
        });
      }
    });
  });
});

it("the default policy of a fleet, and of a cluster over it, becomes the control plane's", () => {
  const { clusters } = planFleet(
    fleetOf(
      { a: cluster("a"), b: cluster("b", { linkerd: { defaultInboundPolicy: "deny" } }) },
      { linkerd: { version: "2026.8.3", defaultInboundPolicy: "all-authenticated" } },
    ),
  );
  const values = clusters.map((of) => controlPlaneValues(of, { bundle: "", webhooks: [] }));
  expect(values).toMatchObject([
    { proxy: { defaultInboundPolicy: "all-authenticated" } },
    { proxy: { defaultInboundPolicy: "deny" } },
  ]);
});

describe("what two settings say together", () => {
  const allow = (identity: string) => (f: Sections) =>
    void Object.assign(f.services[0], { allow: [{ identity }] });
  const of = (controlPlane: string, domain: string) =>
    `web.shop.serviceaccount.identity.${controlPlane}.${domain}`;

  it("is an identity of no pod, if it names another control plane in the fleet's own trust domain", () => {
    expect(toldAfter(allow(of("linkerd-edge", "cluster.local")))).toEqual([
      "services[0].allow[0].identity: is of no pod: the control planes of the trust domain cluster.local are in the " +
        "namespace linkerd → write .identity.linkerd.cluster.local at its end",
    ]);
    expect(toldAfter(allow(of("linkerd", "cluster.local")))).toEqual([]);
    expect(toldAfter(allow(of("linkerd-edge", "elsewhere.example.com")))).toEqual([]);
  });

  it("opens a gateway service to everybody, if its local callers are the gateway", () => {
    const reports = { name: "reports", namespace: "bi", mode: "gateway", in: ["eu"], ports: [8080] };
    const local = (gateway: object | undefined, namespace: string) => (f: Sections) => {
      if (gateway) f.clusters.eu.gateway = gateway;
      f.services.push({ ...reports, local: [{ namespace }] });
    };
    expect(toldAfter(local(undefined, "linkerd-multicluster")).join()).toMatch(
      /^services\[1\]\.local\[0\]: names the gateway of eu/,
    );
    expect(toldAfter(local({ type: "emissary" }, "emissary")).join()).toMatch(
      /^services\[1\]\.local\[0\]: names the gateway/,
    );
    expect(toldAfter(local(undefined, "bi"))).toEqual([]);
  });

  it("is the same in both entries of a Service, in whichever order it is written", () => {
    const twice = (one: object, other: object) => (f: Sections) => {
      Object.assign(f.services[0], one);
      f.services.push({ ...f.services[0], mode: "flat", ...other });
    };
    const [a, b] = [
      { app: "web", tier: "front" },
      { tier: "front", app: "web" },
    ];
    expect(
      toldAfter(twice({ ports: ["http", "admin"], pods: a }, { ports: ["admin", "http"], pods: b })),
    ).toEqual([]);
    expect(toldAfter(twice({ ports: ["http"] }, { ports: ["http", "admin"] })).join()).toContain(
      "services[1].ports",
    );
  });
});
