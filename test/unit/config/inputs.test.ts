import { describe, expect, it } from "vitest";
import {
  ADDRESSES,
  API_SERVERS,
  type Input,
  NETWORKS,
  SOURCES,
  VERSIONS,
} from "../../../testing/mistakes/inputs";
import { type Sections, toldAfter } from "../../../testing/mistakes/sound";

describe("every value is taken, or refused at its place with one message and the way out", () => {
  const KINDS: readonly [string, readonly Input[], string, (f: Sections, input: string) => void][] = [
    [
      "addresses",
      ADDRESSES,
      "clusters.eu.gateway.address",
      (f, address) => (f.clusters.eu.gateway = { type: "static", address }),
    ],
    [
      "networks of pods",
      NETWORKS,
      "clusters.eu.podNetworks[0]",
      (f, network) => {
        for (const one of Object.values<Sections>(f.clusters)) delete one.podNetworks;
        f.services = [];
        f.clusters.eu.podNetworks = [network];
      },
    ],
    ["API servers", API_SERVERS, "clusters.eu.apiServer", (f, url) => (f.clusters.eu.apiServer = url)],
    ["chart sources", SOURCES, "linkerd.source", (f, source) => (f.linkerd.source = source)],
    ["versions", VERSIONS, "linkerd.version", (f, version) => (f.linkerd.version = version)],
  ];
  describe.each(KINDS)("%s", (_, inputs, path, make) => {
    it.each(inputs.map(([input, word]) => ({ input, word })))("$input", ({ input, word }) => {
      const messages = toldAfter((f) => make(f, input));
      if (word === undefined) {
        expect(messages).toEqual([]);
        return;
      }
      expect(messages).toHaveLength(1);
      expect(messages[0]).toMatch(new RegExp(`^${path.replace(/[.[\]]/g, "\\$&")}: `));
      expect(messages[0]).toContain(word);
      expect(messages[0]).not.toMatch(/secret@|:password@|sig=abc|token=abc/);
    });
  });
});

describe("an address that stands for the network around it", () => {
  const networks = ["10.1.2.3/16"];
  const prometheus = { namespace: "monitoring", serviceAccount: "prometheus", networks };
  const PLACES: readonly [string, (f: Sections) => void][] = [
    ["clusters.eu.gateway.sourceRanges", (f) => (f.clusters.eu.gateway.sourceRanges = networks)],
    ["clusters.eu.gateway.allowedNetworks", (f) => (f.clusters.eu.gateway.allowedNetworks = networks)],
    ["clusters.eu.gateway.egressNetworks", (f) => (f.clusters.eu.gateway.egressNetworks = networks)],
    ["observability.prometheus.networks", (f) => (f.observability = { prometheus })],
  ];
  it.each(PLACES)("is told in %s", (path, change) => {
    expect(
      toldAfter((f) => {
        f.clusters.eu.gateway = { type: "loadBalancer" };
        change(f);
      }),
    ).toEqual([
      expect.stringMatching(new RegExp(`^${path.replaceAll(".", "\\.")}\\[0\\]: .*10\\.1\\.0\\.0/16`)),
    ]);
  });

  it("is what Linkerd reads it as in the values of its chart", () => {
    const values = { clusterNetworks: "10.1.2.3/16", policyController: { probeNetworks: ["10.1.2.3/16"] } };
    const allowedNetworks = ["10.1.7.0/24"];
    const change = (networks: readonly string[]) => (f: Sections) => {
      f.linkerd.charts = { controlPlane: { values } };
      for (const one of Object.values<Sections>(f.clusters)) {
        one.gateway = { type: "loadBalancer", allowedNetworks: networks };
      }
    };
    expect(toldAfter(change(allowedNetworks))).toEqual([]);
    expect(toldAfter(change(["10.2.0.0/16"])).join()).toContain("probeNetworks");
  });
});

describe("a port of a service", () => {
  it.each([
    [80, undefined],
    ["http-2", undefined],
    ["80", "without quotes"],
    ["8000-8010", "list each port"],
    ["8000:8010", "list each port"],
    ["HTTP", "lower-case"],
    [0, "1 or more"],
    [65_536, "65535 or less"],
    [80.5, "round"],
  ])("%j", (port, word) => {
    const messages = toldAfter((f) => (f.services[0].ports = [port]));
    expect(messages).toHaveLength(word === undefined ? 0 : 1);
    expect(messages.join()).toContain(word ?? "");
  });
});

describe("the labels of pods", () => {
  it.each([
    ["app", "web", undefined],
    ["app", "", undefined],
    ["app.kubernetes.io/name", "Web_1.2", undefined],
    ["App", "web", undefined],
    ["a/b/c", "web", "key of a label"],
    ["/app", "web", "key of a label"],
    ["Example.com/app", "web", "key of a label"],
    ["-app", "web", "key of a label"],
    ["app ", "web", "key of a label"],
    ["a".repeat(64), "web", "key of a label"],
    [`${"a".repeat(254)}/app`, "web", "key of a label"],
    ["app", "a b", "value of a label"],
    ["app", "web-", "value of a label"],
    ["app", "ä", "value of a label"],
    ["app", "x".repeat(64), "value of a label"],
  ])("%s=%s", (key, value, word) => {
    const messages = toldAfter((f) => (f.services[0].pods = { [key]: value }));
    expect(messages).toHaveLength(word === undefined ? 0 : 1);
    expect(messages.join()).toContain(word ?? "");
  });
});

describe("labels and annotations of what the program makes", () => {
  const prometheus = { namespace: "monitoring", serviceAccount: "prometheus" };
  const PLACES: readonly [string, (f: Sections, labels: object) => void][] = [
    ["observability.labels", (f, labels) => (f.observability = { prometheus, labels })],
    [
      "observability.dashboard.labels",
      (f, labels) => (f.observability = { prometheus, dashboard: { namespace: "grafana", labels } }),
    ],
    [
      "clusters.eu.gateway.annotations",
      (f, annotations) => (f.clusters.eu.gateway = { type: "loadBalancer", annotations }),
    ],
  ];
  it.each(PLACES)("have keys that Kubernetes takes: %s", (path, change) => {
    expect(toldAfter((f) => change(f, { "example.com/team": "web", release: "a_b.c" }))).toEqual([]);
    for (const key of ["a b", "x/y/z", "Example.com/x", "-a", ""]) {
      const messages = toldAfter((f) => change(f, { [key]: "x" }));
      expect(messages).toHaveLength(1);
      expect(messages[0]?.startsWith(path)).toBe(true);
      expect(messages[0]).toContain("is not the key of");
    }
  });

  it("have values that Kubernetes takes, and annotations any", () => {
    const lengths = PLACES.map(([, change]) => toldAfter((f) => change(f, { team: "a b" })).length);
    expect(lengths).toEqual([1, 1, 0]);
  });
});

describe("a name that stands before or behind others", () => {
  const digest = `@sha256:${"a".repeat(64)}`;
  const restart = (f: Sections, deployment: string) =>
    (f.trust.restart = { workloads: [{ namespace: "shop", deployment }] });
  const registry = (f: Sections, name: string) => (f.linkerd.images = { registry: name });
  const namespace = (f: Sections, name: string) => (f.linkerd.namespace = name);
  const domain = (f: Sections, name: string) => (f.clusters.eu.clusterDomain = name);
  const pause = (f: Sections, name: string) => (f.linkerd.images = { pause: name });
  const balancer = (f: Sections, name: string) =>
    (f.clusters.eu.gateway = { type: "loadBalancer", loadBalancerClass: name });
  const mapped = (f: Sections, service: string) =>
    (f.clusters.eu.gateway = { type: "emissary", mappings: [{ name: "web", prefix: "/", service }] });
  const server = (f: Sections, name: string) => {
    f.clusters.us.apiServer = "https://api.example.com:6443";
    f.clusters.eu.apiServer = name;
  };
  const ROWS: [change: (f: Sections, name: string) => void, name: string, path?: string, word?: string][] = [
    [restart, "web"],
    [restart, "shop/web", "trust.restart.workloads[0].deployment", "name of an object"],
    [restart, "Web", "trust.restart.workloads[0].deployment", "name of an object"],
    [registry, "mirror.example.com:5000/linkerd"],
    [registry, "localhost:5000"],
    [registry, "mirror.example.com/linkerd:1.0", "linkerd.images.registry", "tag or digest"],
    [registry, "mirror.example.com/linkerd:5000", "linkerd.images.registry", "tag or digest"],
    [registry, `mirror.example.com/linkerd${digest}`, "linkerd.images.registry", "tag or digest"],
    [registry, "mirror.example.com/linkerd/", "linkerd.images.registry", "final slash"],
    [registry, "mirror.example.com:99999/linkerd", "linkerd.images.registry", "no valid port"],
    [registry, "mirror.example.com:0", "linkerd.images.registry", "no valid port"],
    [pause, "pause:99999"],
    [pause, "mirror.example.com:99999/pause:3", "linkerd.images.pause", "no valid port"],
    [balancer, "internal-vip"],
    [balancer, "example.com/internal_vip"],
    [balancer, "internal vip", "clusters.eu.gateway.loadBalancerClass", "class"],
    [balancer, "Example.com/vip", "clusters.eu.gateway.loadBalancerClass", "class"],
    [balancer, "a/b/c", "clusters.eu.gateway.loadBalancerClass", "class"],
    [mapped, "https://web.shop:8443"],
    [mapped, "web .shop:80", "clusters.eu.gateway.mappings[0].service", "white space"],
    [mapped, "web.shop:80\n", "clusters.eu.gateway.mappings[0].service", "white space"],
    [server, "https://other.example.com:6443"],
    [server, "https://api.example.com.:6443", "clusters.eu.apiServer", "same API server"],
    [namespace, "mesh"],
    [namespace, "linkerd-multicluster", "linkerd.namespace", "an extension"],
    [namespace, "linkerd-viz", "linkerd.namespace", "an extension"],
    [domain, `${"a".repeat(63)}.local`],
    [domain, `${"a".repeat(64)}.local`, "clusters.eu.clusterDomain", "at most 63"],
  ];
  it.each(ROWS.map(([change, name, path, word = ""]) => ({ change, name, path, word })))(
    "$name",
    ({ change, name, path, word }) => {
      const messages = toldAfter((f) => change(f, name));
      expect(messages).toHaveLength(path === undefined ? 0 : 1);
      expect(messages.join()).toContain(word);
      if (path !== undefined) expect(messages[0]?.startsWith(`${path}: `)).toBe(true);
    },
  );
});

describe("a version of charts from elsewhere", () => {
  it.each([
    ["2.18.0-rc.1", undefined],
    ["2.18.0+build.01", undefined],
    ["2.18.0-0.a-b+c", undefined],
    ["2.18.0-a..b", "ending"],
    ["2.18.0-01", "ending"],
    ["2.18.0+a+b", "ending"],
    ["2.18.0-rc.", "ending"],
    ["02.18.0-rc.1", "write 2.18.0-rc.1"],
  ])("%s", (version, word) => {
    const messages = toldAfter((f) => Object.assign(f.linkerd, { version, source: "oci://r.example.com/x" }));
    expect(messages).toHaveLength(word === undefined ? 0 : 1);
    expect(messages.join()).toContain(word ?? "");
  });
});

describe("a pull secret", () => {
  const config = '{"auths":{"mirror.example.com":{"auth":"UExBTlRFRA=="}}}';
  it.each([
    [config, undefined],
    ["{}", "`auths`"],
    ["PLANTED", "`auths`"],
    ["[]", "`auths`"],
    ["", "`auths`"],
    [Buffer.from(config).toString("base64"), "base64 -d"],
  ])("%s", (content, word) => {
    const messages = toldAfter((f) => (f.linkerd.images = { pullSecret: { secret: "pull" } }), {
      pull: content,
    });
    expect(messages).toHaveLength(word === undefined ? 0 : 1);
    expect(messages.join()).toContain(word ?? "");
    expect(messages.join()).not.toContain("PLANTED");
  });
});

it.each([
  ["503-500", "500-503"],
  ["500-503", undefined],
  ["503-503", undefined],
  ["500-600", "such as 503"],
])("a range of statuses for a retry: %s", (condition, word) => {
  const messages = toldAfter((f) => (f.services[0].retries = { http: [condition], timeout: "1s" }));
  expect(messages).toHaveLength(word === undefined ? 0 : 1);
  expect(messages.join()).toContain(word ?? "");
});
