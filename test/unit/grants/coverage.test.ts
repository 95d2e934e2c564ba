import { describe, expect, it } from "vitest";
import { planFleet } from "../../../fleet/plan";
import {
  apart,
  checkout,
  EXPORTED,
  OURS,
  planOf,
  pod,
  server,
  service,
  shared,
  told,
  web,
} from "../../../testing/coverage";
import { fleetOf } from "../../../testing/fleets";

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
