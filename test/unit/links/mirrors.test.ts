import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MULTICLUSTER_NAMESPACE } from "../../../fleet/config/names";
import { isNamed } from "../../../fleet/exports/named";
import {
  type Crossing,
  crossingInto,
  isMirror,
  leadsToGateway,
  undeclaredGateway,
  undeclaredMirror,
} from "../../../fleet/links/mirrors";
import { type Plan, planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** As the service mirror writes it (linkerd2 `multicluster/service-mirror/cluster_watcher.go`). */
function mirrored(plan: Plan, source: string): { services: Metadata[]; endpoints: Metadata[] } {
  const links = plan.links.filter((link) => link.source === source);
  const services: Metadata[] = [];
  const endpoints: Metadata[] = [];
  for (const { target, state, modes: carried } of links) {
    const cluster = [...plan.clusters, ...plan.neighbours].find(({ name }) => name === target);
    if (!cluster) throw new Error(`no ${target}`);
    const { gateway, clusterDomain } = cluster;
    const of = { "mirror.linkerd.io/cluster-name": target };
    const identity: Record<string, string> = gateway.enabled
      ? { "mirror.linkerd.io/remote-gateway-identity": gateway.identity }
      : {};
    if (gateway.enabled) {
      endpoints.push({
        ...{ name: `probe-${target}`, namespace: MULTICLUSTER_NAMESPACE },
        ...{ labels: of, annotations: identity },
      });
    }
    for (const { cluster: exporter, namespace, name, modes, to } of plan.exports) {
      if (state !== "active" || exporter !== target) continue;
      const labels = { ...of, "mirror.linkerd.io/mirrored-service": "true" };
      const asked = { "mirror.linkerd.io/remote-svc-fq-name": `${name}.${namespace}.svc.${clusterDomain}` };
      const mirror = { name: `${name}-${target}`, namespace };
      const crosses = (mode: (typeof modes)[number]) =>
        modes.includes(mode) && carried.includes(mode) && isNamed(to?.[mode], source);
      if (crosses("gateway")) {
        services.push({ ...mirror, labels, annotations: asked });
        endpoints.push({ ...mirror, labels, annotations: { ...asked, ...identity } });
      }
      if (crosses("flat")) {
        const discovered = {
          "multicluster.linkerd.io/remote-discovery": target,
          "multicluster.linkerd.io/remote-service": name,
        };
        services.push({ ...mirror, labels: { ...labels, ...discovered }, annotations: asked });
      }
      if (crosses("federated")) {
        services.push({
          ...{ name: `${name}-federated`, namespace },
          labels: { "mirror.linkerd.io/mirrored-service": "true" },
          annotations: { "multicluster.linkerd.io/remote-discovery": `${name}@${target}` },
        });
      }
    }
  }
  return { services, endpoints };
}

const plans = fleetInputs({ minClusters: 2, maxClusters: 4 }).map((input) => planFleet(configOf(input)));

function each(plan: Plan, judge: (crossing: Crossing, made: ReturnType<typeof mirrored>) => void): void {
  for (const { name } of plan.clusters) judge(crossingInto(name, plan), mirrored(plan, name));
}

describe("what a service mirror makes", () => {
  test("is declared", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        each(plan, (crossing, { services, endpoints }) => {
          expect(services.map((one) => [isMirror(one), undeclaredMirror(one, crossing)])).toEqual(
            services.map(() => [true, undefined]),
          );
          expect(endpoints.map((one) => [leadsToGateway(one), undeclaredGateway(one, crossing)])).toEqual(
            endpoints.map(() => [true, undefined]),
          );
        });
      }),
      { numRuns: 60 },
    );
  });

  test("is not, as soon as it leads elsewhere", () => {
    let forged = 0;
    const changes = fc.constantFrom<(text: string) => string>(
      (text) => text.replace(/^[^.@]+/, "secrets-of-nobody"),
      (text) => `${text}.evil`,
      (text) => text.replace(/^([^.@]+)([.@])[^.@]+/, "$1$2elsewhere"),
      (text) => `x${text}`,
    );
    const followed = /remote-svc-fq-name|remote-gateway-identity|remote-discovery|remote-service/;
    const change = (map: Readonly<Record<string, string>>, by: (text: string) => string) =>
      Object.entries(map).flatMap(([key, value]) =>
        followed.test(key) && by(value) !== value ? [{ ...map, [key]: by(value) }] : [],
      );
    fc.assert(
      fc.property(plans, changes, (plan, by) => {
        each(plan, (crossing, { services, endpoints }) => {
          for (const one of endpoints) {
            for (const annotations of change(one.annotations, by)) {
              forged += 1;
              expect(undeclaredGateway({ ...one, annotations }, crossing)).toBeDefined();
            }
          }
          for (const one of services) {
            const labels = change(one.labels, by).map((labels) => ({ ...one, labels }));
            const annotations =
              one.name.endsWith("-federated") && by("a@b") !== "a@b"
                ? change(one.annotations, by).map((annotations) => ({ ...one, annotations }))
                : [];
            for (const changed of [...labels, ...annotations]) {
              forged += 1;
              expect(undeclaredMirror(changed, crossing)).toBeDefined();
            }
          }
        });
      }),
      { numRuns: 60 },
    );
    expect(forged).toBeGreaterThan(50);
  });

  test("is of its own name or none: a gateway that is asked for the local Service's name is no probe", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        each(plan, (crossing, { endpoints }) => {
          for (const one of endpoints) {
            const { "mirror.linkerd.io/remote-svc-fq-name": asked, ...annotations } = one.annotations;
            if (asked !== undefined) {
              expect(undeclaredGateway({ ...one, annotations }, crossing)).toBeDefined();
            }
          }
        });
      }),
      { numRuns: 30 },
    );
  });
});
