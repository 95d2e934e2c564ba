import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mode } from "../../../fleet/config/common";
import { decide } from "../../../fleet/decide";
import { federatedViews } from "../../../fleet/exports/federation";
import { EXPORT_LABEL, exportLabels, meaningOf, ownValue } from "../../../fleet/exports/labels";
import { labelOrders } from "../../../fleet/exports/order";
import { multiclusterValues } from "../../../fleet/linkerd/values";
import { linkSpec } from "../../../fleet/links/link";
import { mirroredModes } from "../../../fleet/links/mirrors";
import type { LinkSpec } from "../../../fleet/objects/multicluster";
import type { RawOutputs } from "../../../fleet/outputs/schema";
import { describeFleet } from "../../../fleet/outputs/write";
import { type Plan, planFleet } from "../../../fleet/plan";
import type { CrossStackOutputs } from "../../../fleet/stacks/crossStack";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import type { ServiceInput } from "../../../testing/meshOfFour";
import { deploy, split } from "../../../testing/stacks";
import { planOf, threeDomains } from "../../../testing/threeDomains";

/** The spec of every Link, by `<source>/<target>`. */
function specs(plan: Plan): Map<string, LinkSpec> {
  const targets = new Map(plan.clusters.map((cluster) => [cluster.name, cluster]));
  return new Map(
    plan.links.flatMap((link) => {
      const target = targets.get(link.target);
      return target
        ? [[`${link.source}/${link.target}`, linkSpec(link, target, "192.0.2.1", 1)] as const]
        : [];
    }),
  );
}

describe("a Link", () => {
  it("selects exactly the services that cross to its source, each in its mode", () => {
    fc.assert(
      fc.property(fleetInputs(), (input) => {
        const plan = planFleet(configOf(input));
        const made = specs(plan);
        for (const { source, target, modes, state } of plan.links) {
          for (const one of plan.exports.filter(({ cluster }) => cluster === target)) {
            const crossing = (input.services ?? [])
              .filter(({ name, namespace }) => name === one.name && namespace === one.namespace)
              .filter((service) => service.in.includes(target) && (service.to?.includes(source) ?? true))
              .map((service) => service.mode)
              .filter((of) => state === "active" && modes.includes(of));
            const spec = made.get(`${source}/${target}`);
            expect(spec && mirroredModes(spec, exportLabels(one))).toEqual(crossing);
          }
        }
      }),
    );
  });

  it("of a cluster that joins later selects no service that names others, and changes nothing of the rest", () => {
    fc.assert(
      fc.property(fleetInputs({ kinds: ["mesh", "hub"], minClusters: 2 }), (input) => {
        const config = configOf(input);
        const [first] = Object.values(config.clusters);
        if (!first || "newcomer" in config.clusters) return;
        const clusters = { ...config.clusters, newcomer: { ...first, context: "newcomer" } };
        const [before, after] = [planFleet(config), planFleet({ ...config, clusters })];
        const [was, is] = [specs(before), specs(after)];
        for (const [link, spec] of was) expect(is.get(link)).toEqual(spec);
        expect(after.exports).toEqual(before.exports);
        for (const link of after.links.filter(({ source }) => source === "newcomer")) {
          expect(link.selects).toBeUndefined();
          const spec = is.get(`newcomer/${link.target}`);
          for (const one of after.exports.filter(({ cluster }) => cluster === link.target)) {
            for (const of of spec ? mirroredModes(spec, exportLabels(one)) : []) {
              expect(one.to?.[of]).toBeUndefined();
            }
          }
        }
      }),
    );
  });

  it("changes only for clusters that gain or lose a service, and no label changes with it", () => {
    const names = ["eu", "apac"];
    const some = fc.subarray(names, { minLength: 1 });
    fc.assert(
      fc.property(some, some, (before, after) => {
        const [one, other] = [planOf({ in: ["us"], to: before }), planOf({ in: ["us"], to: after })];
        expect(one.exports.map(exportLabels)).toEqual(other.exports.map(exportLabels));
        const [was, is] = [specs(one), specs(other)];
        const changed = [...was.keys()].filter(
          (link) => JSON.stringify(was.get(link)) !== JSON.stringify(is.get(link)),
        );
        const moved = names.filter((name) => before.includes(name) !== after.includes(name));
        expect(changed.sort()).toEqual(moved.map((name) => `${name}/us`).sort());
      }),
    );
  });

  it("has the selectors of Linkerd's own CLI where no service names clusters", () => {
    const plain = Object.fromEntries(
      mode.options.map((of) => [of, { matchLabels: Object.fromEntries([EXPORT_LABEL[of]]) }]),
    );
    for (const spec of specs(planOf({})).values()) {
      expect(spec).toMatchObject({
        selector: plain.gateway,
        remoteDiscoverySelector: plain.flat,
        federatedServiceSelector: plain.federated,
      });
    }
    const named = specs(planOf({ to: ["eu", "us"] }, { name: "cart", mode: "flat", in: ["us"], to: ["eu"] }));
    expect(named.get("eu/us")).toMatchObject({
      selector: plain.gateway,
      remoteDiscoverySelector: {
        matchExpressions: [
          {
            key: "mirror.linkerd.io/exported",
            operator: "In",
            values: ["remote-discovery", "remote-discovery.shop.cart"],
          },
        ],
      },
      federatedServiceSelector: {
        matchExpressions: [
          { key: "mirror.linkerd.io/federated", operator: "In", values: ["member", "member.shop.checkout"] },
        ],
      },
    });
    expect(named.get("apac/us")).toMatchObject({
      remoteDiscoverySelector: plain.flat,
      federatedServiceSelector: plain.federated,
    });
  });
});

describe("a label's value of a service's own", () => {
  const part = fc.stringMatching(/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
  const service = fc.record({ namespace: part, name: part });

  it("is a valid one, of one service and one mode, and none of Linkerd's", () => {
    fc.assert(
      fc.property(service, service, (one, other) => {
        const values = [one, other].flatMap((of) => mode.options.map((mode) => ownValue(mode, of)));
        for (const value of values) {
          expect(value).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
          expect(Object.values(EXPORT_LABEL).map(([, plain]) => plain)).not.toContain(value);
        }
        const isSame = one.namespace === other.namespace && one.name === other.name;
        expect(new Set(values).size).toBe(isSame ? 3 : 6);
      }),
    );
  });

  it("is known again, and on no other service", () => {
    const checkout = { namespace: "shop", name: "checkout" };
    for (const of of mode.options) {
      const [key, plain] = EXPORT_LABEL[of];
      expect(meaningOf(checkout, key, ownValue(of, checkout))).toEqual({ mode: of, named: true });
      expect(meaningOf(checkout, key, plain)).toEqual({ mode: of, named: false });
      expect(meaningOf({ ...checkout, name: "cart" }, key, ownValue(of, checkout))).toBeUndefined();
    }
  });
});

describe("a service that names clusters", () => {
  const named = planOf({ to: ["eu", "us"], allow: [{ namespace: "shop" }] });

  it("takes callers of these clusters only, where a grant names none", () => {
    const callers = named.grants.flatMap(({ cluster, ports }) =>
      ports.map((port) => [cluster, ...port.callers]),
    );
    const shop = (of: string) => `*.shop.serviceaccount.identity.linkerd.${of}.example.com`;
    expect(callers).toEqual([
      ["eu", shop("us")],
      ["us", shop("eu")],
    ]);
  });

  it("has its members in the clusters that see them, and in their own", () => {
    const views = (plan: Plan) => federatedViews(plan).map(({ cluster, members }) => [cluster, ...members]);
    expect(views(named)).toEqual([
      ["eu", "eu", "us"],
      ["us", "eu", "us"],
    ]);
    expect(views(planOf({ in: ["us"], to: ["eu"] }, { in: ["eu"] }))).toEqual([
      ["apac", "eu"],
      ["eu", "eu", "us"],
      ["us", "eu", "us"],
    ]);
  });

  it("is a member in its own cluster, whatever the value of its label", () => {
    const selectors = (plan: Plan) =>
      plan.clusters.map((cluster) => {
        const { localServiceMirror } = multiclusterValues(cluster);
        return (localServiceMirror as Record<string, unknown>).federatedServiceSelector;
      });
    expect(selectors(planOf({}, { name: "cart", mode: "flat", in: ["us"], to: ["eu"] }))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const key = "mirror.linkerd.io/federated";
    expect(selectors(named)).toEqual([undefined, key, key]);
  });

  it("may carry its own value, and no other Service may, as admission sees it", () => {
    const us = named.admissions.find(({ cluster }) => cluster === "us");
    expect(us?.exports).toEqual({ "mirror.linkerd.io/federated=member.shop.checkout": ["shop/checkout"] });
  });

  it("is told in the outputs, by mode", () => {
    const outputs = outputsOf(named);
    expect(outputs.services).toMatchObject([{ clusters: ["eu", "us"], to: { federated: ["eu", "us"] } }]);
    expect(JSON.stringify(outputsOf(planOf({})))).not.toMatch(/"to"|"named"/);
  });
});

function outputsOf(plan: Plan, last: RawOutputs = {}, complete = true) {
  const made = { gatewayAddresses: {}, sourcesOfTruth: [], trustBundle: "" };
  return describeFleet(plan, made, { complete, last });
}

describe("the order of a label and of the Links that select it", () => {
  const [all, some, fewer] = [planOf({}), planOf({ to: ["eu", "us"] }), planOf({ in: ["us"], to: ["eu"] })];
  const orders = (from: RawOutputs, to: Plan) => labelOrders(from, to.exports);

  it("matters only where the label changes between the value for all and its own", () => {
    expect(orders(outputsOf(all), some)).toEqual({
      "eu/shop/checkout": "links-first",
      "us/shop/checkout": "links-first",
    });
    expect(orders(outputsOf(some), all)).toEqual({
      "eu/shop/checkout": "label-first",
      "us/shop/checkout": "label-first",
    });
    for (const [from, to] of [
      [all, all],
      [some, some],
      [some, fewer],
    ] as const) {
      expect(orders(outputsOf(from), to)).toEqual({});
    }
  });

  it("does not matter for a service that is new: a cluster that is down keeps no other from getting it", () => {
    expect(orders({}, some)).toEqual({});
    expect(orders(outputsOf(planOf()), some)).toEqual({});
    expect(orders(outputsOf(planOf({ in: ["us"] })), some)).toEqual({ "us/shop/checkout": "links-first" });
  });

  it("goes by the last deployment in which nothing failed", () => {
    const failed = outputsOf(some, outputsOf(all), false);
    expect(orders(failed, some)).toEqual(orders(outputsOf(all), some));
    expect(orders(outputsOf(some, failed), some)).toEqual({});
  });
});

describe("a fleet of several stacks", () => {
  const config = (...services: Partial<ServiceInput>[]) => ({
    ...split(configOf(threeDomains(...services)), (name) => (name === "us" ? "one" : "two")),
    trust: { ...configOf(threeDomains()).trust, stack: "one" },
  });
  const [all, some] = [config({ in: ["us"] }), config({ in: ["us"], to: ["eu"] })];
  /** What the stack `one` is told when `two` has deployed this. */
  const told = (two: typeof all) => {
    const crossStack = new Map<string, CrossStackOutputs>();
    const before = deploy(all, ["one", "two", "one"], crossStack).get("one");
    deploy(two, ["two"], crossStack);
    const self = "acme/fleet/one";
    const last = before ? outputsOf(before) : {};
    const { warnings, plan } = decide(some, { self, last, crossStack, unusable: [], now: new Date() });
    expect(plan?.labelOrder).toEqual({ "us/shop/checkout": "links-first" });
    return warnings.filter((line) => line.includes("shop/checkout"));
  };

  it("says which stack to deploy first, so that its clusters do not lose a service that names them", () => {
    expect(told(all)).toEqual([expect.stringMatching(/eu of stack two is named.*deploy stack two first/)]);
    expect(told(some)).toEqual([]);
  });
});
