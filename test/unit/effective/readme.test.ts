import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { ownValues } from "../../../fleet/config/fleetFile";
import { map } from "../../../fleet/config/json";
import { parseFleetConfig } from "../../../fleet/config/parse";
import type { Caller } from "../../../fleet/effective/declared";
import { mostOpen, podsOf, reach, reachThroughGateway, serviceOf } from "../../../fleet/effective/reach";
import { planFleet } from "../../../fleet/plan";
import { blocksOf } from "../../../testing/documents";
import { compareAccess, identity } from "../../../testing/effective";
import { clusterFrom, plannedObjects } from "../../../testing/effectiveFleet";

describe("the first example of README.md", () => {
  const [block] = blocksOf("README.md");
  const { config } = parseFleetConfig({
    values: ownValues(map(map(parse(block?.text ?? "")).config)),
    secretKeys: new Set(),
  });
  if (!config) throw new Error("no stack file");
  const plan = planFleet(config);
  const numbers: Readonly<Record<string, number>> = { "prod-us": 1, "prod-eu": 2, "prod-apac": 3 };
  const clusters = new Map(
    plan.clusters.map((cluster) => [
      cluster.name,
      clusterFrom(plannedObjects(plan, cluster, numbers[cluster.name] ?? 0), cluster),
    ]),
  );
  const WEB = { identity: identity("web"), address: "10.2.0.9", isLocal: false, throughGateway: false };
  const ask = (cluster: string, name: string, namespace: string, caller: Caller) => {
    const target = clusters.get(cluster);
    const service = target && serviceOf(target, { namespace, name });
    if (!target || !service) throw new Error(`no ${namespace}/${name}`);
    const request = { method: "GET", path: "/" };
    const found = caller.throughGateway
      ? reachThroughGateway(target, service, "http", caller, request)
      : reach(target, podsOf(target, service), "http", caller, request);
    return mostOpen(found).outcome;
  };

  test("is closed to whom it does not name", () => {
    expect(compareAccess(plan, clusters)).toEqual([]);
    expect(ask("prod-us", "checkout", "shop", WEB)).toBe("allowed");
    expect(ask("prod-us", "checkout", "shop", { ...WEB, identity: identity("batch") })).toBe("denied");
    expect(ask("prod-us", "checkout", "shop", { ...WEB, throughGateway: true })).toBe("denied");
    expect(ask("prod-apac", "reports", "bi", { ...WEB, throughGateway: true })).toBe("allowed");
  });

  test.each([
    ["prod-us", "checkout", "shop"],
    ["prod-apac", "reports", "bi"],
  ])(
    "is closed in %s to unmeshed callers of other clusters on each way that there is (%s)",
    (cluster, name, namespace) => {
      const unmeshed = { address: WEB.address, isLocal: false, throughGateway: false };
      const { network } = plan.clusters.find((one) => one.name === cluster) ?? {};
      // Pods of other networks do not reach its pods.
      const isShared = plan.clusters.some(
        (one) => one.name !== cluster && network && one.network === network,
      );
      if (isShared) expect(ask(cluster, name, namespace, unmeshed)).toBe("denied");
      expect(ask(cluster, name, namespace, { ...unmeshed, throughGateway: true })).toBe("denied");
      // Its own callers keep what they had.
      const at = numbers[cluster] ?? 0;
      expect(ask(cluster, name, namespace, { ...unmeshed, address: `10.${at}.0.9`, isLocal: true })).toBe(
        "allowed",
      );
    },
  );

  test("was open through the gateway that forwards to everything", () => {
    const open = {
      ...plan,
      clusters: plan.clusters.map((cluster) => {
        const { gateway } = cluster;
        return gateway.enabled
          ? { ...cluster, gateway: { ...gateway, forwardsTo: "any" as const } }
          : cluster;
      }),
    };
    const [us] = open.clusters.filter(({ name }) => name === "prod-us");
    if (!us) throw new Error("no prod-us");
    const found = compareAccess(plan, new Map([["prod-us", clusterFrom(plannedObjects(open, us, 1), us)]]));
    expect(found.map(({ kind, name }) => [kind, name])).toContainEqual(["open", "checkout"]);
  });
});
