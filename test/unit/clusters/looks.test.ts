import { describe, expect, it } from "vitest";
import { judgeLooks } from "../../../components/preflight";
import { looks } from "../../../fleet/clusters/looks";
import { type Plan, planFleet } from "../../../fleet/plan";
import { cluster, fleetOf } from "../../../testing/fleets";

/** What is told of a cluster `us` that holds these objects, by the end of their path. */
async function told(plan: Plan, objects: Readonly<Record<string, unknown>>, deployed = false) {
  const get = async (path: string) => {
    const value = Object.entries(objects).find(([end]) => path.endsWith(`/${end}`))?.[1];
    return value === undefined ? { state: "missing" as const } : { state: "found" as const, value };
  };
  // What is found has no shape of its own here.
  const live = { get } as unknown as Parameters<typeof judgeLooks>[1] extends ReadonlyMap<string, infer Live>
    ? Live
    : never;
  const { problems } = await judgeLooks(
    looks(plan, () => deployed),
    new Map([["us", live]]),
  );
  return problems.map(({ path, problem, fix }) => `${path}: ${problem} → ${fix}`);
}

const planOf = (settings: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  planFleet(fleetOf({ us: cluster("us", settings) }, more));

describe("Gateway API CRDs that others made", () => {
  const crd = (annotations?: Record<string, string>) => ({
    "httproutes.gateway.networking.k8s.io": {
      metadata: { name: "httproutes.gateway.networking.k8s.io", ...(annotations && { annotations }) },
    },
  });
  const helm = (name: string, namespace: string) => ({
    "meta.helm.sh/release-name": name,
    "meta.helm.sh/release-namespace": namespace,
  });

  it("are told before a first deployment, with `existing`", async () => {
    const expected = [
      expect.stringMatching(
        /^linkerd\.gatewayApi: us has httproutes\..*clusters\.us\.linkerd\.gatewayApi: existing$/,
      ),
    ];
    expect(await told(planOf({}), crd())).toEqual(expected);
    expect(await told(planOf({}), crd(helm("traefik-crds", "traefik")))).toEqual(expected);
  });

  it("are no matter where they are ours, taken over, wanted, deployed before or not there", async () => {
    expect(await told(planOf({}), crd(helm("linkerd-crds", "linkerd")))).toEqual([]);
    expect(await told(planOf({ adopt: true }), crd())).toEqual([]);
    expect(await told(planOf({ linkerd: { gatewayApi: "existing" } }), crd())).toEqual([]);
    expect(await told(planOf({}), crd(), true)).toEqual([]);
    expect(await told(planOf({}), {})).toEqual([]);
  });
});

describe("an Emissary", () => {
  const plan = planOf({ gateway: { type: "emissary" } });
  const there = { metadata: { name: "emissary-ingress" } };

  it("that is a Deployment carries links", async () => {
    expect(await told(plan, { "deployments/emissary-ingress": there })).toEqual([]);
  });

  it("that is a DaemonSet is told, and one that is not there", async () => {
    expect(await told(plan, { "daemonsets/emissary-ingress": there })).toEqual([
      expect.stringMatching(
        /^clusters\.us\.gateway: emissary\/emissary-ingress of us is a DaemonSet.*daemonSet: false/,
      ),
    ]);
    expect(await told(plan, {})).toEqual([
      expect.stringMatching(
        /^clusters\.us\.gateway: us has no Deployment emissary\/emissary-ingress → .*`deployment`/,
      ),
    ]);
  });
});

describe("two exported services", () => {
  const entry = (name: string, more: object = {}) => ({
    ...{ name, namespace: "shop", mode: "gateway", in: ["us"], ports: ["http"], allowGateway: true },
    ...more,
  });
  const services = (...all: object[]) => planOf({}, { services: all });
  const selecting = (name: string, selector: object) => ({ [`services/${name}`]: { spec: { selector } } });
  const alike = { ...selecting("web", { app: "web" }), ...selecting("api", { app: "web", tier: "front" }) };

  it("of the same pods and port, which let in others, are told", async () => {
    expect(await told(services(entry("web"), entry("api", { local: "none" })), alike)).toEqual([
      expect.stringMatching(/^services: shop\/api and shop\/web of us are the same pods at port http/),
    ]);
    const named = services(entry("web"), entry("api", { local: "none", pods: { app: "web" } }));
    expect(await told(named, selecting("web", { app: "web" }))).toHaveLength(1);
  });

  it("of the same pods are no matter where they say the same, have other ports, or are not there", async () => {
    expect(await told(services(entry("web"), entry("api")), alike)).toEqual([]);
    expect(
      await told(services(entry("web"), entry("api", { local: "none", ports: ["admin"] })), alike),
    ).toEqual([]);
    expect(await told(services(entry("web"), entry("api", { local: "none" })), {})).toEqual([]);
    const others = { ...alike, ...selecting("api", { app: "api" }) };
    expect(await told(services(entry("web"), entry("api", { local: "none" })), others)).toEqual([]);
  });
});
