import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Cluster } from "../../../fleet/effective/cluster";
import { coverageGaps } from "../../../fleet/grants/coverage";
import { grantObjects } from "../../../fleet/grants/objects";
import type { GrantPlan } from "../../../fleet/grants/plan";
import { accessAt } from "../../../fleet/grants/sharedPods";
import type { Plan } from "../../../fleet/plan";
import { checkout, planOf, pod, server, service, us, web } from "../../../testing/coverage";
import { compareAccess } from "../../../testing/effective";
import { type Lists, plannedObjects } from "../../../testing/effectiveFleet";

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
