import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { grantNotes } from "../../../fleet/grants/notes";
import { type GrantPlan, planGrants } from "../../../fleet/grants/plan";
import { controlPlaneValues } from "../../../fleet/linkerd/values";
import { describeServices } from "../../../fleet/outputs/describe";
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, type FleetInput, fleetInputs } from "../../../testing/arbitraries";
import { cluster, fleetOf, meshConfig } from "../../../testing/fleets";
import { problemsOf, soundFleet } from "../../../testing/mistakes/sound";
import { type Registered, runUnderMocks } from "../../../testing/mocks";
import { plannedFleet } from "../../../testing/plannedFleet";

const WEB = "web.shop.serviceaccount.identity.linkerd.cluster.local";
const checkout = (more: object = {}) => ({
  services: [
    { name: "checkout", namespace: "shop", mode: "federated", in: ["c001"], ports: [8080, "admin"], ...more },
  ],
});

function grantOf(more: object, clusters?: Record<string, Record<string, unknown>>): GrantPlan {
  const config = clusters ? fleetOf(clusters, checkout(more)) : meshConfig(2, checkout(more));
  const [grant] = planFleet(config).grants;
  if (!grant) throw new Error("no grant");
  return grant;
}

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
