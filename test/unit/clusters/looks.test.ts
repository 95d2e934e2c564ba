import { describe, expect, it } from "vitest";
import { z } from "zod";
import { judgeLooks } from "../../../components/preflight";
import { looks } from "../../../fleet/clusters/looks";
import { type Plan, planFleet } from "../../../fleet/plan";
import type { LiveCluster, Read } from "../../../live/cluster";
import { meshedPod } from "../../../testing/effective";
import { cluster, fleetOf } from "../../../testing/fleets";

/** What stops a run and what is only told, of a cluster `us` that holds these objects, by the end of their path. */
async function looked(plan: Plan, objects: Readonly<Record<string, unknown>>, { asInjected = false } = {}) {
  const at = (path: string) => Object.entries(objects).find(([end]) => path.endsWith(`/${end}`))?.[1];
  const read = <T>(value: unknown, shape: z.ZodType<T>): Read<T> =>
    value === undefined ? { state: "missing" } : { state: "found", value: shape.parse(value) };
  const get: LiveCluster["get"] = async (path, shape) => read(at(path), shape);
  const live: Pick<LiveCluster, "get" | "metadata" | "list"> = {
    get,
    metadata: get,
    list: async (path, item) => {
      const found = at(path);
      if (found === "denied") return { state: "failed", why: "denied", message: "you may not list them" };
      return read(found, z.array(item));
    },
  };
  const { problems, warnings } = await judgeLooks(looks(plan, { asInjected }), new Map([["us", live]]));
  return { problems: problems.map(({ path, problem, fix }) => `${path}: ${problem} → ${fix}`), warnings };
}

const told = async (plan: Plan, objects: Readonly<Record<string, unknown>>) =>
  (await looked(plan, objects)).problems;

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

  it("are told with `existing`, also where the cluster did with them before", async () => {
    const expected = [
      expect.stringMatching(
        /^linkerd\.gatewayApi: us has httproutes\..*clusters\.us\.linkerd\.gatewayApi: existing$/,
      ),
    ];
    expect(await told(planOf({}), crd())).toEqual(expected);
    expect(await told(planOf({}), crd(helm("traefik-crds", "traefik")))).toEqual(expected);
  });

  it("are told, whichever of them somebody has", async () => {
    const name = "tcproutes.gateway.networking.k8s.io";
    expect(await told(planOf({}), { [name]: { metadata: { name } } })).toEqual([
      expect.stringMatching(/^linkerd\.gatewayApi: us has tcproutes\..*existing$/),
    ]);
  });

  it("are no matter where they are ours, taken over, wanted or not there", async () => {
    expect(await told(planOf({}), crd(helm("linkerd-crds", "linkerd")))).toEqual([]);
    expect(await told(planOf({ adopt: true }), crd())).toEqual([]);
    expect(await told(planOf({ linkerd: { gatewayApi: "existing" } }), crd())).toEqual([]);
    expect(await told(planOf({}), {})).toEqual([]);
  });
});

describe("the version of the Gateway API", () => {
  const MARK = "linkerd-fleet/gateway-api";
  const crd = (version: string, annotations: Record<string, string> = {}) => ({
    "httproutes.gateway.networking.k8s.io": {
      metadata: {
        name: "httproutes.gateway.networking.k8s.io",
        annotations: { "gateway.networking.k8s.io/bundle-version": version, ...annotations },
      },
    },
  });
  const ofChart = {
    "meta.helm.sh/release-name": "linkerd-crds",
    "meta.helm.sh/release-namespace": "linkerd",
  };
  const file = (more: object = {}) =>
    planOf({ linkerd: { gatewayApi: { version: "1.2.1", file: "./gateway-api" } }, ...more });
  const existing = planOf({ linkerd: { gatewayApi: "existing" } });

  it("that a file brings replaces that of the chart, its own, one that is handed over or taken over", async () => {
    expect(await told(file(), {})).toEqual([]);
    expect(await told(file(), crd("v1.1.1", ofChart))).toEqual([]);
    expect(await told(file(), crd("v1.2.1", { [MARK]: "1.2.1" }))).toEqual([]);
    expect(await told(file(), crd("v1.2.0", { [MARK]: "handed-over" }))).toEqual([]);
    expect(await told(file({ adopt: true }), crd("v1.2.0"))).toEqual([]);
  });

  it("that a file brings replaces nothing of others, and nothing newer", async () => {
    expect(await told(file(), crd("v1.1.1"))).toEqual([
      expect.stringMatching(
        /^linkerd\.gatewayApi: us has httproutes\..* somebody else made → .*existing; or hand/,
      ),
    ]);
    expect(await told(file(), crd("v1.10.0", { [MARK]: "1.10.0" }))).toEqual([
      expect.stringMatching(
        /^linkerd\.gatewayApi: us has httproutes\..* of version 1\.10\.0, newer than 1\.2\.1/,
      ),
    ]);
  });

  it("does not go back from a file to the chart's, also later", async () => {
    expect(await told(planOf({}), crd("v1.2.1", { [MARK]: "1.2.1", ...ofChart }))).toEqual([
      expect.stringMatching(
        /from a file of the project, newer than what `bundled` installs → keep that file/,
      ),
    ]);
    expect(await told(planOf({}), crd("v1.1.1", ofChart))).toEqual([]);
  });

  it("that others brought is told where Linkerd does not support it, and stops nothing", async () => {
    const warned = async (version: string) => (await looked(existing, crd(version))).warnings.length;
    expect(await Promise.all(["v1.2.0", "v1.2.1", "v1.5.1", "v1.6.0"].map(warned))).toEqual([1, 0, 0, 1]);
    expect(await told(existing, crd("v1.1.1"))).toEqual([]);
    expect(await looked(existing, {})).toEqual({ problems: [], warnings: [] });
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

describe("the ports and pods of an exported service", () => {
  const reports = {
    ...{ name: "reports", namespace: "bi", mode: "gateway", in: ["us"], ports: ["http"] },
    allowGateway: true,
  };
  const plan = planOf({}, { services: [{ ...reports, name: "other" }, reports] });
  const service = (more: object = {}) => ({
    metadata: { name: "reports", namespace: "bi", ...more },
    spec: { selector: { app: "reports" }, ports: [{ port: 80, targetPort: "http" }, { port: 9090 }] },
  });
  const containers = [{ name: "app", ports: [{ name: "http", containerPort: 8080 }] }];
  const pod = (rest: object) =>
    meshedPod("reports", {
      metadata: { namespace: "bi", labels: { app: "reports" } },
      spec: { containers: [...containers, { name: "linkerd-proxy" }], ...rest },
    });
  const exported = { labels: { "mirror.linkerd.io/exported": "true" } };
  const live = (more: object = {}) => ({
    "bi/services": [service()],
    "bi/pods": [pod({})],
    "bi/servers": [],
    ...more,
  });
  const CLOSE =
    /^services\[1\]\.ports: the Service bi\/reports of us also leads to port 9090 .* → write `ports: \[http, 9090\]`/;

  it("stop the run where an export would open a port that nobody declared", async () => {
    expect(await looked(plan, live())).toEqual({
      problems: [expect.stringMatching(CLOSE)],
      warnings: [],
    });
  });

  it("are told, and stop nothing, where the service crosses already", async () => {
    expect(await looked(plan, live({ "bi/services": [service(exported)] }))).toEqual({
      problems: [],
      warnings: [expect.stringMatching(CLOSE)],
    });
  });

  it("are of no matter where they are declared, or where nothing is there yet", async () => {
    const declared = planOf({}, { services: [{ ...reports, ports: ["http", 9090] }] });
    expect(await looked(declared, live())).toEqual({ problems: [], warnings: [] });
    expect(await looked(plan, {})).toEqual({ problems: [], warnings: [] });
    const denied = planOf({ linkerd: { defaultInboundPolicy: "deny" } }, { services: [reports] });
    expect(await looked(denied, live())).toEqual({ problems: [], warnings: [] });
  });

  it("of pods without a proxy are told, unless the lab is to inject them", async () => {
    const unmeshed = (namespace: object) =>
      live({
        "bi/services": [
          { ...service(), spec: { ...service().spec, ports: [{ port: 80, targetPort: "http" }] } },
        ],
        "bi/pods": [pod({ containers })],
        "namespaces/bi": { metadata: { name: "bi", ...namespace } },
      });
    const told = [
      expect.stringMatching(/^services\[1\]\.ports: no grant protects the pod reports .* no proxy/),
    ];
    const asking = { annotations: { "linkerd.io/inject": "enabled" } };
    expect(await looked(plan, unmeshed(asking))).toEqual({ problems: [], warnings: told });
    expect(await looked(plan, unmeshed(asking), { asInjected: true })).toEqual({
      problems: [],
      warnings: [],
    });
    expect(await looked(plan, unmeshed({}), { asInjected: true })).toEqual({ problems: [], warnings: told });
  });

  it("that keep the cluster's default ports from their proxies are told", async () => {
    const skipping = planOf(
      { linkerd: { charts: { controlPlane: { values: { proxyInit: { ignoreInboundPorts: "8080" } } } } } },
      { services: [{ ...reports, ports: ["http", 9090] }] },
    );
    expect(await looked(skipping, live())).toEqual({
      problems: [],
      warnings: [expect.stringMatching(/port 8080 is one that it keeps from its proxy: everybody may call/)],
    });
  });

  it("that could not be read are told as not checked, and hold up nothing", async () => {
    expect(await looked(plan, live({ "bi/pods": "denied" }))).toEqual({
      problems: [],
      warnings: [
        "us was not checked for the ports and pods of the services that bi exports, and is not held up: you may not list them",
      ],
    });
  });
});
