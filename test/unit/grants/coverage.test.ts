import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cluster } from "../../../fleet/effective/cluster";
import { compareAccess } from "../../../fleet/effective/compare";
import { coverageGaps } from "../../../fleet/grants/coverage";
import { skippedPortNotes } from "../../../fleet/grants/notes";
import { grantObjects } from "../../../fleet/grants/objects";
import type { GrantPlan } from "../../../fleet/grants/plan";
import { accessAt } from "../../../fleet/grants/sharedPods";
import { type Plan, planFleet } from "../../../fleet/plan";
import { meshedPod } from "../../../testing/effective";
import { clusterFrom, type Lists, plannedObjects } from "../../../testing/effectiveFleet";
import { cluster, fleetOf } from "../../../testing/fleets";

const shared = (name: string, at: number) =>
  cluster(name, { network: "one", podNetworks: [`10.${at}.0.0/16`] });
const checkout = { name: "checkout", namespace: "shop", mode: "federated", in: ["us"], ports: ["http"] };
const web = { serviceAccount: "web", namespace: "shop" };

/** `us` and `eu` on one network, or on two that a gateway joins. */
function planOf(...services: object[]): Plan {
  return planFleet(fleetOf({ us: shared("us", 1), eu: shared("eu", 2) }, { services }));
}
const apart = (...services: object[]) =>
  planFleet(
    fleetOf({ us: cluster("us", { network: "one" }), eu: cluster("eu", { network: "two" }) }, { services }),
  );

const service = (targets: (number | string)[], more: object = {}) => ({
  metadata: { name: "checkout", namespace: "shop", ...more },
  spec: {
    selector: { app: "checkout" },
    ports: targets.map((targetPort, at) => ({ name: `p${at}`, port: 80 + at, targetPort })),
  },
});
const EXPORTED = { labels: { "mirror.linkerd.io/federated": "member" } };

interface PodChange {
  readonly labels?: object;
  readonly annotations?: object;
  readonly proxy?: boolean;
  readonly hostNetwork?: boolean;
}
function pod(
  name: string,
  ports: { name?: string; containerPort: number }[] = [{ name: "http", containerPort: 8080 }],
  { labels = { app: "checkout" }, annotations = {}, proxy = true, hostNetwork = false }: PodChange = {},
): object {
  const proxies = proxy ? [{ name: "linkerd-proxy", ports: [{ containerPort: 4143 }] }] : [];
  return meshedPod(name, {
    metadata: { labels, annotations },
    spec: { hostNetwork, containers: [{ name: "app", ports }, ...proxies] },
  });
}
const server = (
  name: string,
  spec: object = {},
  creationTimestamp = "2020-01-01T00:00:00Z",
  labels: object = {},
) => ({
  metadata: { name, namespace: "shop", creationTimestamp, labels },
  spec: { podSelector: { matchLabels: { app: "checkout" } }, port: 8080, accessPolicy: "deny", ...spec },
});
const OURS = { "linkerd-fleet/service": "checkout" };

/** `us` as it is when these are its objects. */
function us(plan: Plan, lists: Partial<Lists>): Cluster {
  const planned = plan.clusters.find(({ name }) => name === "us");
  if (!planned) throw new Error("no us");
  return clusterFrom(lists, planned);
}

const told = (plan: Plan, lists: Partial<Lists>) =>
  coverageGaps(plan, us(plan, lists)).map(
    ({ kind, setting, opens, problem, fix }) =>
      `${kind} ${setting}${opens ? " opens" : ""}: ${problem} → ${fix}`,
  );

describe("an exported service whose Servers close all that it leads to", () => {
  it("has no gaps", () => {
    const plan = planOf({ ...checkout, allow: [web] });
    expect(told(plan, { services: [service(["http"])], pods: [pod("a"), pod("b")] })).toEqual([]);
    expect(told(plan, { services: [service([8080])], pods: [pod("a")] })).toEqual([]);
    expect(told(plan, { services: [service(["http"])], pods: [] })).toEqual([]);
    expect(told(plan, {})).toEqual([]);
  });
});

describe("a port that `ports` does not name", () => {
  const plan = planOf(checkout);
  const ports = [{ name: "http", containerPort: 8080 }, { containerPort: 9090 }];

  it("is told with the line to write, and opens what does not cross yet", () => {
    expect(told(plan, { services: [service(["http", 9090])], pods: [pod("a", ports)] })).toEqual([
      "undeclared ports opens: the Service shop/checkout of us also leads to port 9090 of its pods, which no grant " +
        "closes → write `ports: [http, 9090]`, which closes it; a grant in `allow` without `ports` is then for it as well",
    ]);
    expect(told(plan, { services: [service(["http", 9090], EXPORTED)], pods: [pod("a", ports)] })).toEqual([
      expect.stringMatching(/^undeclared ports: .* port 9090 /),
    ]);
    // One line for all of them.
    const two = told(plan, { services: [service(["http", 9090, 9091])], pods: [pod("a", ports)] });
    expect(two).toHaveLength(2);
    for (const gap of two) expect(gap).toContain("write `ports: [http, 9090, 9091]`");
  });

  it("opens nothing while its cluster is evacuated", () => {
    const services = [checkout, { ...checkout, in: ["eu"] }];
    const evacuated = planFleet(
      fleetOf({ us: { ...shared("us", 1), evacuate: true }, eu: shared("eu", 2) }, { services }),
    );
    expect(told(evacuated, { services: [service(["http", 9090])], pods: [pod("a", ports)] })).toEqual([
      expect.stringMatching(/^undeclared ports: .* port 9090 /),
    ]);
  });

  it("opens also where the service crosses, if it was closed until now", () => {
    const servers = [server("fleet.checkout.9090", { port: 9090 }, "2026-01-01T00:00:00Z", OURS)];
    expect(
      told(plan, { services: [service(["http", 9090], EXPORTED)], pods: [pod("a", ports)], servers }),
    ).toEqual([expect.stringMatching(/^undeclared ports opens: .* port 9090 /)]);
  });

  it("of the pods alone is one for clusters whose pods reach them", () => {
    const live = { services: [service(["http"])], pods: [pod("a", ports)] };
    expect(told(plan, live)).toEqual([
      expect.stringMatching(/^undeclared ports opens: the pods of the Service shop\/checkout .* port 9090/),
    ]);
    expect(told(apart({ ...checkout, mode: "gateway", allowGateway: true }), live)).toEqual([]);
  });

  it("is closed where the default policy denies, or an owner's own Server", () => {
    const denied = {
      services: [service(["http", 9090])],
      pods: [pod("a", ports, { annotations: { "config.linkerd.io/default-inbound-policy": "deny" } })],
    };
    expect(told(plan, denied)).toEqual([]);
    const owned = { services: [service(["http", 9090])], pods: [pod("a", ports)] };
    expect(told(plan, { ...owned, servers: [server("metrics", { port: 9090 })] })).toEqual([]);
    const open = server("metrics", { port: 9090, accessPolicy: "all-authenticated" });
    expect(told(plan, { ...owned, servers: [open] })).toEqual([
      expect.stringMatching(/^undeclared ports opens/),
    ]);
  });

  it("is closed where its namespace is to deny, and its pods get their proxies from then on", () => {
    const denying = planFleet(
      fleetOf(
        {
          us: { ...shared("us", 1), namespaces: { shop: { defaultInboundPolicy: "deny" } } },
          eu: shared("eu", 2),
        },
        { services: [checkout] },
      ),
    );
    const services = [service(["http", 9090])];
    const opens = [expect.stringMatching(/^undeclared ports opens: .* port 9090 /)];
    const unproxied = expect.stringMatching(/^unproxied /);
    expect(told(denying, { services, pods: [pod("a", ports, { proxy: false })] })).toEqual([unproxied]);
    expect(told(denying, { services, pods: [] })).toEqual([]);
    // A proxy keeps what it was started with, and a workload what it says itself.
    expect(told(denying, { services, pods: [pod("a", ports)] })).toEqual(opens);
    const annotations = { "config.linkerd.io/default-inbound-policy": "all-unauthenticated" };
    expect(told(denying, { services, pods: [pod("a", ports, { proxy: false, annotations })] })).toEqual([
      ...opens,
      unproxied,
    ]);
  });

  it("is told without pods where names cannot stand for numbers", () => {
    const without = (targets: (number | string)[]) => told(plan, { services: [service(targets)], pods: [] });
    expect(without(["http", "grpc"])).toEqual([
      expect.stringMatching(/^undeclared ports opens: .* port grpc/),
    ]);
    expect(without(["http", 8080])).toEqual([]);
    expect(told(planOf({ ...checkout, ports: [80] }), { services: [service([8080])] })).toEqual([
      expect.stringMatching(/^undeclared ports opens: .* port 8080 .*`ports: \[80, 8080\]`/),
    ]);
  });

  it("is another service's, if that one closes it", () => {
    const two = planOf(checkout, { ...checkout, name: "admin", ports: [9090], mode: "flat" });
    const admin = { ...service([9090]), metadata: { name: "admin", namespace: "shop" } };
    expect(told(two, { services: [service(["http"]), admin], pods: [pod("a", ports)] })).toEqual([]);
  });
});

describe("pods that `pods` does not match", () => {
  const narrow = planOf({ ...checkout, pods: { app: "checkout", tier: "a" } });
  const a = pod("a", undefined, { labels: { app: "checkout", tier: "a" } });
  const b = pod("b", undefined, { labels: { app: "checkout", tier: "b" } });

  it("are told where the Service leads to them", () => {
    expect(told(narrow, { services: [service(["http"])], pods: [a, b] })).toEqual([
      "unselected pods opens: the Service shop/checkout of us also leads to the pod b, which this does not select: its " +
        "grants do not apply there → write labels that all of its pods have, or leave `pods` out for the selector of the Service",
    ]);
    expect(told(narrow, { services: [service(["http"], EXPORTED)], pods: [a, b] })).toEqual([
      expect.stringMatching(/^unselected pods: /),
    ]);
    expect(told(narrow, { services: [service(["http"])], pods: [a] })).toEqual([]);
  });

  it("are told where the Servers close them, and the Service does not lead there", () => {
    const wide = planOf({ ...checkout, pods: { part: "shop" } });
    const labels = { app: "checkout", part: "shop" };
    const other = pod("other", undefined, { labels: { app: "other", part: "shop" } });
    const pods = [pod("a", undefined, { labels })];
    expect(told(wide, { services: [service(["http"])], pods: [...pods, other] })).toEqual([
      expect.stringMatching(
        /^wider pods: the Servers of the Service shop\/checkout of us also close the pod other,/,
      ),
    ]);
    const elsewhere = pod("other", [{ name: "grpc", containerPort: 50051 }], {
      labels: { app: "other", part: "shop" },
    });
    expect(told(wide, { services: [service(["http"])], pods: [...pods, elsewhere] })).toEqual([]);
  });
});

describe("several Servers for one port of one pod", () => {
  const live = { services: [service(["http"])], pods: [pod("a")] };

  it("are told where somebody else's is older", () => {
    const plan = planOf(checkout);
    expect(told(plan, { ...live, servers: [server("debug")] })).toEqual([
      "overruled ports opens: the Server shop/debug of us is older than that of shop/checkout for port http: Linkerd " +
        "follows the older one, so the grants have no effect → let its owner delete the Server shop/debug and grant " +
        "its callers here",
    ]);
    const ours = server("fleet.checkout.http", { port: "http" }, "2019-01-01T00:00:00Z", OURS);
    const crossing = { ...live, services: [service(["http"], EXPORTED)] };
    expect(told(plan, { ...crossing, servers: [server("debug"), ours] })).toEqual([]);
    const older = server("debug", {}, "2018-01-01T00:00:00Z");
    expect(told(plan, { ...crossing, servers: [older, ours] })).toEqual([
      expect.stringMatching(/^overruled ports: the Server shop\/debug /),
    ]);
    // Of one second, the first by name.
    const sameAge = (name: string) =>
      told(plan, { ...crossing, servers: [server(name, {}, "2019-01-01T00:00:00Z"), ours] });
    expect(sameAge("debug")).toHaveLength(1);
    expect(sameAge("zzz")).toEqual([]);
  });

  it("are told where a port has a name and a number that let in others", () => {
    const allow = [{ ...web, ports: ["http"] }];
    expect(told(planOf({ ...checkout, ports: ["http", 8080], allow }), live)).toEqual([
      expect.stringMatching(/^twice ports opens: ports 8080 and http of .* are one port, and let in others/),
    ]);
    expect(told(planOf({ ...checkout, ports: ["http", 8080], allow: [web] }), live)).toEqual([]);
  });

  it("are told where two services have the same pods and let in others", () => {
    const stock = { ...checkout, name: "stock", ports: [8080], mode: "flat" };
    const two = (more: object) => planOf({ ...checkout, allow: [web] }, { ...stock, ...more });
    const both = {
      ...live,
      services: [service(["http"]), { ...service([8080]), metadata: { name: "stock", namespace: "shop" } }],
    };
    expect(told(two({}), both)).toEqual([
      expect.stringMatching(
        /^twice ports opens: the Service shop\/stock of us and shop\/checkout are the same pods/,
      ),
    ]);
    expect(told(two({ allow: [web] }), both)).toEqual([]);
  });

  it("of an older deployment do not count when they leave", () => {
    const leaving = server("fleet.checkout.8080", {}, "2018-01-01T00:00:00Z", OURS);
    expect(told(planOf(checkout), { ...live, servers: [leaving] })).toEqual([]);
  });
});

describe("pods that no Server protects", () => {
  const plan = planOf(checkout);
  const of = (name: string, change: PodChange) => pod(name, undefined, change);

  it("are told, with the reason", () => {
    const pods = [
      of("a", { proxy: false }),
      of("b", { proxy: false }),
      of("c", { hostNetwork: true }),
      of("d", { annotations: { "config.linkerd.io/skip-inbound-ports": "8000-8100" } }),
      of("e", { annotations: { "config.linkerd.io/skip-inbound-ports": "22" } }),
    ];
    expect(told(plan, { services: [service(["http"])], pods })).toEqual([
      expect.stringMatching(
        /^unproxied ports: no grant protects the pods a, b .* it has no proxy: everybody may/,
      ),
      expect.stringMatching(/^unproxied ports: no grant protects the pod c .* in the host's network/),
      expect.stringMatching(
        /^unproxied ports: no grant protects the pod d .* port 8080 is one that it keeps/,
      ),
    ]);
  });

  it("are told where a port has not the name that `ports` has", () => {
    const pods = [pod("a", [{ name: "web", containerPort: 8080 }])];
    expect(told(plan, { services: [service([8080])], pods })).toEqual([
      expect.stringMatching(/^undeclared ports opens: .* port 8080 /),
      expect.stringMatching(/^renamed ports: no port of the pod a .* is called http/),
    ]);
  });
});

describe("a port that the chart's own settings keep from proxies", () => {
  const notes = (ports: number[], proxyInit?: object) =>
    skippedPortNotes(
      planFleet(
        fleetOf(
          { us: cluster("us") },
          {
            services: [checkout, { ...checkout, name: "stock", ports }],
            linkerd: {
              version: "2026.8.3",
              charts: { controlPlane: { values: proxyInit ? { proxyInit } : {} } },
            },
          },
        ),
      ),
    );

  it("is told, as nobody closes it", () => {
    const told = [
      expect.stringMatching(/^services\[1\]\.ports: no grant protects port 4567 of shop\/stock in us/),
    ];
    expect(notes([4567, 8080])).toEqual(told);
    // Other values of the same section leave it as it is.
    expect(notes([4567], { skipSubnets: "192.0.2.0/24" })).toEqual(told);
    expect(notes([8080])).toEqual([]);
    expect(notes([4567], { ignoreInboundPorts: "25" })).toEqual([]);
    expect(notes([25], { ignoreInboundPorts: "20-30" })).toHaveLength(1);
    expect(notes([25], { ignoreInboundPorts: ["25"] })).toEqual([]);
  });
});

describe("what has no gaps", () => {
  const refs = fc.constantFrom<number | string>("http", "metrics", 8080, 9090);
  const plans = fc
    .record({
      ports: fc.uniqueArray(refs, { minLength: 1, maxLength: 4 }),
      pods: fc.option(fc.constantFrom({ app: "checkout" }, { tier: "a" }, { app: "checkout", tier: "a" }), {
        nil: undefined,
      }),
      allow: fc.constantFrom<"nobody" | "web" | "web at the first port">(
        "nobody",
        "web",
        "web at the first port",
      ),
      local: fc.constantFrom("keep", "none"),
      gateway: fc.boolean(),
      stock: fc.option(fc.uniqueArray(refs, { minLength: 1, maxLength: 2 }), { nil: undefined }),
    })
    .map(({ ports, pods, allow, local, gateway, stock }) => {
      const callers =
        allow === "nobody" ? [] : [allow === "web" ? web : { ...web, ports: ports.slice(0, 1) }];
      const who = gateway ? { mode: "gateway", allowGateway: true } : { allow: callers };
      const one = { ...checkout, ports, ...who, local, ...(pods ? { pods } : {}) };
      const other = { ...checkout, name: "stock", mode: "flat", local };
      return planOf(one, ...(stock ? [{ ...other, ports: stock }] : []));
    });
  const names = fc.constantFrom<{ name?: string; containerPort: number }[]>(
    [
      { name: "http", containerPort: 8080 },
      { name: "metrics", containerPort: 9090 },
    ],
    [{ name: "http", containerPort: 8080 }],
    [{ name: "http", containerPort: 9090 }, { containerPort: 8080 }],
    [{ name: "web", containerPort: 8080 }],
  );
  const changes = fc.record({
    labels: fc.constantFrom({ app: "checkout", tier: "a" }, { app: "checkout", tier: "b" }, { tier: "a" }),
    proxy: fc.constantFrom(true, true, true, false),
    annotations: fc.constantFrom<object>(
      {},
      {},
      { "config.linkerd.io/skip-inbound-ports": "9090" },
      { "config.linkerd.io/default-inbound-policy": "deny" },
      { "config.linkerd.io/default-inbound-policy": "cluster-authenticated" },
    ),
  });
  const pods = fc
    .array(fc.tuple(names, changes), { minLength: 1, maxLength: 3 })
    .map((all) => all.map(([ports, change], at) => pod(`p${at}`, ports, { ...change })));
  const foreign = fc
    .record({
      port: refs,
      accessPolicy: fc.constantFrom("deny", "all-unauthenticated", "audit"),
      podSelector: fc.constantFrom<object>({}, { matchLabels: { tier: "a" } }),
    })
    .map((spec) => server("foreign", spec, "2026-12-01T00:00:00Z"));
  const targets = fc.uniqueArray(refs, { minLength: 1, maxLength: 3 });
  const lives = fc.record({
    services: fc
      .tuple(targets, targets)
      .map(([own, other]) => [
        service(own),
        { ...service(other), metadata: { name: "stock", namespace: "shop" } },
      ]),
    pods,
    servers: fc.array(foreign, { maxLength: 1 }),
  });

  /** `us` after the update, in which every object of ours is younger than what was there. */
  function deployed(plan: Plan, live: Pick<Lists, "services" | "pods" | "servers">): Cluster {
    const [planned] = plan.clusters.filter(({ name }) => name === "us");
    if (!planned) throw new Error("no us");
    const lists = plannedObjects(plan, planned, 1);
    const isOf = (object: object) =>
      (object as { metadata: { namespace: string } }).metadata.namespace === "shop";
    const others = (all: object[]) => all.filter((object) => !isOf(object));
    const servers = plan.grants
      .flatMap((grant) => grantObjects(grant, grant.pods ?? { app: "checkout" }))
      .filter(({ kind }) => kind === "Server")
      .map((object) => ({
        ...object,
        metadata: { ...object.metadata, creationTimestamp: "2026-12-02T00:00:00Z" },
      }));
    return us(plan, {
      ...lists,
      services: live.services,
      pods: [...others(lists.pods), ...live.pods],
      servers: [...others(lists.servers), ...live.servers, ...servers],
    });
  }

  it("lets in whom the stack file declares, and nobody else; an undeclared port is open", () => {
    const seen = { clean: 0, open: 0 };
    fc.assert(
      fc.property(plans, lives, (plan, live) => {
        const gaps = coverageGaps(plan, us(plan, live));
        const differences = compareAccess(plan, new Map([["us", deployed(plan, live)]]));
        // What selectors alone tell of two services, another look tells.
        const [one, other] = plan.grants;
        const selector = (of: GrantPlan) => of.pods ?? { app: "checkout" };
        const shared = one && other && accessAt(one, selector(one), other, selector(other));
        if (gaps.length === 0 && !shared) {
          seen.clean += 1;
          expect(differences).toEqual([]);
        }
        // Without pods, the evaluator has nobody to ask about.
        const hasPods = JSON.stringify(live.pods).includes('"app":"checkout"');
        for (const { problem, grant } of hasPods ? gaps.filter(({ kind }) => kind === "undeclared") : []) {
          seen.open += 1;
          const port = Number(/port (\d+)/.exec(problem)?.[1]);
          // Of two services of the same pods, the other may be the one that names the port.
          const where = plan.grants.length === 1 ? { name: grant.name, port } : {};
          expect(differences).toContainEqual(expect.objectContaining({ kind: "open", ...where }));
        }
      }),
      { numRuns: 150, endOnFailure: true },
    );
    expect(seen.clean).toBeGreaterThan(3);
    expect(seen.open).toBeGreaterThan(35);
  });
});
