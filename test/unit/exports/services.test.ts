import { describe, expect, it } from "vitest";
import { EXPORT_LABEL } from "../../../fleet/exports/labels";
import { describeServices, plannedOutputs } from "../../../fleet/outputs/describe";
import { type Plan, planFleet } from "../../../fleet/plan";
import { WHOLE } from "../../../fleet/stacks/plan";
import type { Service } from "../../../live/shapes";
import { expiring } from "../../../ops/expiry/expiry";
import { linkedGateways } from "../../../ops/gateways/gateways";
import { isServed, servedServices } from "../../../ops/services/services";
import type { Member } from "../../../ops/verify/read";
import { cluster, fleetOf } from "../../../testing/fleets";

const checkout = { name: "checkout", namespace: "shop", mode: "federated", ports: ["http"] };
const reports = { name: "reports", namespace: "bi", mode: "gateway", ports: ["http"], allowGateway: true };

/** us and eu in the stack one, apac in two; eu is evacuated. */
const CONFIG = fleetOf(
  {
    us: cluster("us", { stack: "one" }),
    eu: cluster("eu", { stack: "one", evacuate: true }),
    apac: cluster("apac", { stack: "two" }),
  },
  {
    trust: { stack: "one", anchors: [{ id: "2026", state: "active" }] },
    topology: { kind: "mesh", links: [{ source: "apac", target: "us", state: "draining" }] },
    services: [
      { ...checkout, in: ["us", "eu", "apac"] },
      { ...reports, in: ["us", "eu"] },
    ],
  },
);
const one = planFleet(CONFIG, { ...WHOLE, self: "one" });
const two = planFleet(CONFIG, { ...WHOLE, self: "two" });

type Labels = Readonly<
  Record<string, readonly (readonly [service: string, mode: keyof typeof EXPORT_LABEL])[]>
>;

/** Clusters in which these Services are labelled; the others were not read. */
function labelled(plan: Plan, labels: Labels): Map<string, Member<"exported" | "federated">> {
  const service = (full: string, mode: keyof typeof EXPORT_LABEL): Service => {
    const [namespace = "", name = ""] = full.split("/");
    const metadata = { namespace, name, labels: Object.fromEntries([EXPORT_LABEL[mode]]), annotations: {} };
    return { metadata, spec: { selector: {}, ports: [] }, status: { loadBalancer: { ingress: [] } } };
  };
  const failed = { state: "failed", why: "unreachable", message: "no answer" } as const;
  const members = [...plan.clusters, ...plan.neighbours].map((cluster) => {
    const found = labels[cluster.name]?.map((of) => service(...of));
    const only = (federated: boolean) =>
      found && {
        state: "found" as const,
        value: found.filter(({ metadata }) => EXPORT_LABEL.federated[0] in metadata.labels === federated),
      };
    return [
      cluster.name,
      { cluster, found: { exported: only(false) ?? failed, federated: only(true) ?? failed } },
    ] as const;
  });
  return new Map(members);
}

const served = (labels: Labels, plan = one) =>
  servedServices(plan, { services: [] }, labelled(plan, labels)).map((of) => ({
    ...of,
    served: isServed(of),
  }));

describe("the services, and who serves them", () => {
  const asPlanned: Labels = {
    us: [
      ["shop/checkout", "federated"],
      ["bi/reports", "gateway"],
    ],
    eu: [],
    apac: [["shop/checkout", "federated"]],
  };

  it("are those of the whole fleet, as declared and as labelled", () => {
    expect(served(asPlanned)).toMatchObject([
      { service: "bi/reports", declared: ["eu", "us"], evacuated: ["eu"], labelled: ["us"], served: true },
      {
        ...{ service: "shop/checkout", mode: "federated", declared: ["apac", "eu", "us"], evacuated: ["eu"] },
        ...{ labelled: ["apac", "us"], unread: [], served: true },
      },
    ]);
  });

  it("are not served as declared where a label is lacking, or is where it should not be", () => {
    const of = (labels: Labels) => served({ ...asPlanned, ...labels }).map((one) => one.served);
    expect(of({ us: [["shop/checkout", "federated"]] })).toEqual([false, true]);
    expect(of({ eu: [["shop/checkout", "federated"]] })).toEqual([true, false]);
    const stray = served({ ...asPlanned, eu: [["shop/secrets", "flat"]] });
    expect(stray.at(-1)).toMatchObject({ service: "shop/secrets", declared: [], labelled: ["eu"] });
    expect(stray.map((one) => one.served)).toEqual([true, true, false]);
  });

  it("are not known of a cluster that does not answer, and that is no failure", () => {
    const { us, eu } = asPlanned;
    expect(served({ us: us ?? [], eu: eu ?? [] }).at(-1)).toMatchObject({
      ...{ service: "shop/checkout", labelled: ["us"], unread: ["apac"], served: true },
    });
  });

  it("name the source of truth that the last deployment found", () => {
    const sourceOfTruth = { us: ["us"], eu: ["us", "apac"] };
    const services = describeServices(one).map((of) => ({
      ...{ namespace: of.namespace, name: of.name, modes: [...of.modes], clusters: [], callers: [] },
      sourceOfTruth,
    }));
    const truths = servedServices(one, { services }, labelled(one, asPlanned)).map((of) => of.sourceOfTruth);
    expect(truths).toEqual([{}, sourceOfTruth]);
  });
});

it("a stack's outputs name the clusters of other stacks that serve its services", () => {
  const of = (plan: Plan) =>
    describeServices(plan).map(({ name, clusters, elsewhere, evacuated }) => [
      name,
      clusters,
      elsewhere,
      evacuated,
    ]);
  expect(of(one)).toEqual([
    ["reports", ["us"], undefined, ["eu"]],
    ["checkout", ["us"], ["apac"], ["eu"]],
  ]);
  expect(of(two)).toEqual([["checkout", ["apac"], ["us"], undefined]]);
});

it("an access is listed with the day on which its newest token is older than allowed, if any age is", () => {
  const token = (account: string, creationTimestamp: string) => {
    const annotations = { "kubernetes.io/service-account.name": account };
    return {
      metadata: { name: "x", namespace: "x", labels: {}, annotations, creationTimestamp },
      data: { token: "" },
    };
  };
  const missing = { state: "missing" } as const;
  const listed = (access: object) => {
    const plan = planFleet(fleetOf({ us: cluster("us"), eu: cluster("eu") }, { access }));
    const account = plan.accesses.find(({ target }) => target === "eu")?.serviceAccount ?? "";
    const tokens = {
      state: "found" as const,
      value: [
        token(account, "2026-01-01T00:00:00Z"),
        token(account, "2026-03-01T00:00:00Z"),
        token("another", "2020-01-01T00:00:00Z"),
      ],
    };
    const members = plan.clusters.map((cluster) => {
      const found = { tlsSecrets: missing, clusterCa: missing };
      return [
        cluster.name,
        { cluster, found: { ...found, agingTokens: cluster.name === "eu" ? tokens : missing } },
      ] as const;
    });
    const outputs = { ...plannedOutputs(plan), clusters: {}, accesses: [], trustBundle: "" };
    return expiring({ plan, outputs }, new Map(members)).items.map(({ kind, cluster, name, ends }) => [
      ...[kind, cluster, name === account, ends.toISOString()],
    ]);
  };
  expect(listed({ maxAge: "30d" })).toEqual([["access", "eu", true, "2026-03-31T00:00:00.000Z"]]);
  expect(listed({})).toEqual([]);
});

it("a gateway is listed with what crosses it: nothing of an evacuated cluster, or over a draining link", () => {
  const listed = (plan: Plan) => {
    const nothing = { state: "missing" } as const;
    const members = plan.clusters.map(
      (cluster) => [cluster.name, { cluster, found: { links: nothing, mirrorEndpoints: nothing } }] as const,
    );
    return linkedGateways(plan, new Map(members)).map(({ source, target, services }) => [
      source,
      target,
      services.join(),
    ]);
  };
  expect(listed(one)).toEqual([
    ["eu", "apac", ""],
    ["eu", "us", "bi/reports"],
    ["us", "apac", ""],
    ["us", "eu", ""],
  ]);
  expect(listed(two)).toEqual([
    ["apac", "eu", ""],
    ["apac", "us", ""],
  ]);
});
