import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { isMap } from "../../../fleet/config/json";
import { CHART_KEYS as KEYS } from "../../../fleet/linkerd/charts";
import { DEFAULT_VALUES, multiclusterValues, OWNED_VALUES, WEBHOOKS } from "../../../fleet/linkerd/values";
import { planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { chartValues, fullClusters } from "../../../testing/chartValues";

/** Every value that is no map, at its dotted path. */
function leaves(value: unknown, path = ""): [path: string, value: unknown][] {
  if (!isMap(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, path === "" ? key : `${path}.${key}`));
}

/** The cluster with these values of the user in every chart, whatever the rules say of them. */
function withUserValues(cluster: ClusterPlan, values: Record<string, unknown>, ha = false): ClusterPlan {
  const { install } = cluster;
  const charts = Object.fromEntries(KEYS.map((key) => [key, { ...install[key], values }]));
  return { ...cluster, install: { ...install, ...charts, ha } };
}

/** What a user could write to get the better of `ours`: each map kept, each value replaced. */
function hostile(ours: unknown): unknown {
  if (!isMap(ours)) return "theirs";
  return Object.fromEntries(Object.entries(ours).map(([key, value]) => [key, hostile(value)]));
}

function eachCluster(check: (cluster: ClusterPlan) => void): void {
  fc.assert(
    fc.property(fleetInputs(), (input) => planFleet(configOf(input)).clusters.forEach(check)),
    { numRuns: 60 },
  );
}

/** And with every setting that gives a chart a value. */
function eachClusterAndFull(check: (cluster: ClusterPlan) => void): void {
  eachCluster(check);
  fullClusters().forEach(check);
}

/** Whether one of these values is the one at `path`, or a map that it is in. */
function holds(values: Iterable<string>, path: string): boolean {
  return [...values].some((value) => path === value || path.startsWith(`${value}.`));
}

interface ValuesSchema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, ValuesSchema>>;
  readonly definitions?: Readonly<Record<string, ValuesSchema>>;
}

/** Whether the schema of a chart of the lab names this value. */
function inSchema(chart: string, path: string): boolean {
  const root: ValuesSchema = JSON.parse(readFileSync(`lab/charts/${chart}/values.schema.json`, "utf8"));
  let at: ValuesSchema | undefined = root;
  for (const key of path.split(".")) {
    const definition: string | undefined = at?.$ref?.replace("#/definitions/", "");
    at = (definition === undefined ? at : root.definitions?.[definition])?.properties?.[key];
  }
  return at !== undefined;
}

describe("the values of the charts", () => {
  it("that this program sets win over the user's, however these are written", () => {
    eachClusterAndFull((cluster) => {
      for (const key of KEYS) {
        const ours = chartValues(withUserValues(cluster, {}))[key];
        const flat = Object.fromEntries(Object.keys(ours).map((name) => [name, "theirs"]));
        for (const theirs of [hostile(ours), flat]) {
          if (!isMap(theirs)) throw new Error("no values");
          expect(chartValues(withUserValues(cluster, theirs))[key]).toEqual(ours);
        }
      }
    });
  });

  it("that this program sets are all listed, as refused in a stack file or as a default", () => {
    eachClusterAndFull((cluster) => {
      for (const key of KEYS) {
        const listed = Object.keys({ ...OWNED_VALUES[key], ...DEFAULT_VALUES[key] });
        for (const [path] of leaves(chartValues(cluster)[key])) {
          const users = leaves(cluster.install[key]?.values).some(([of]) => of === path);
          expect(users || holds(listed, path), `${key}: ${path}`).toBe(true);
        }
      }
    });
  });

  it("that are listed are set for the fullest of fleets, but for those that are only refused", () => {
    const unset = KEYS.flatMap((key) => {
      const set = fullClusters().flatMap((cluster) => leaves(chartValues(cluster)[key]));
      const listed = Object.keys({ ...OWNED_VALUES[key], ...DEFAULT_VALUES[key] });
      return listed.filter((value) => !set.some(([path]) => holds([value], path)));
    });
    const certificates = ["crtPEM", "keyPEM", "injectCaFrom", "injectCaFromSecret"];
    expect(unset).toEqual([
      "license",
      "proxy.ports.inbound",
      "proxy.ports.admin",
      "identity.issuer.issuanceLifetime",
      "identity.issuer.tls",
      ...WEBHOOKS.flatMap(({ value }) => certificates.map((key) => `${value}.${key}`)),
    ]);
  });

  it("that are listed exist in the chart: its schema names each", () => {
    const enterprise = ["license", "licenseSecret"];
    const [cluster] = fullClusters();
    for (const key of KEYS) {
      const chart = cluster?.install[key]?.release ?? "";
      for (const value of Object.keys({ ...OWNED_VALUES[key], ...DEFAULT_VALUES[key] })) {
        expect(inSchema(chart, value), `${chart}: ${value}`).toBe(!enterprise.includes(value));
      }
    }
  });

  it("keep what else the user sets, also against the profile for high availability", () => {
    eachCluster((cluster) => {
      const theirs = { controllerReplicas: 5, enablePodAntiAffinity: false, proxy: { logLevel: "debug" } };
      for (const key of KEYS) {
        expect(chartValues(withUserValues(cluster, theirs, true))[key]).toMatchObject(theirs);
      }
    });
  });

  it("hold no private key: the charts are told to take it from elsewhere", () => {
    eachClusterAndFull((cluster) => {
      const values = chartValues(cluster);
      expect(JSON.stringify(values)).not.toMatch(/PRIVATE KEY|keyPEM|crtPEM|token|kubeconfig/i);
      expect(values.controlPlane).toMatchObject({
        identityTrustAnchorsPEM: "BUNDLE",
        identity: { externalCA: true, issuer: { scheme: "kubernetes.io/tls" } },
        proxyInjector: { externalSecret: true, caBundle: "CA of proxyInjector" },
        profileValidator: { externalSecret: true, caBundle: "CA of profileValidator" },
        policyValidator: { externalSecret: true, caBundle: "CA of policyValidator" },
      });
    });
  });

  it("list one controller for each outgoing link, under exactly the target's name", () => {
    eachCluster((cluster) => {
      expect(multiclusterValues(cluster).controllers).toEqual(
        cluster.controllers.map(({ target, probePort }) => ({
          link: { ref: { name: target } },
          gateway:
            probePort === undefined ? { enabled: false } : { enabled: true, probe: { port: probePort } },
        })),
      );
    });
  });

  it("name the same trust domain and control-plane namespace in both charts", () => {
    eachCluster((cluster) => {
      const { multicluster, controlPlane } = chartValues(cluster);
      expect(multicluster).toMatchObject({
        identityTrustDomain: cluster.trustDomain,
        linkerdNamespace: cluster.controlPlaneNamespace,
        remoteMirrorServiceAccount: false,
        createNamespaceMetadataJob: false,
      });
      expect(controlPlane.identityTrustDomain).toBe(multicluster.identityTrustDomain);
    });
  });

  it("exclude the same metadata from federated services as the links do from mirrors", () => {
    eachCluster((cluster) => {
      expect(multiclusterValues(cluster).localServiceMirror).toMatchObject({
        excludedLabels: cluster.excludes.excludedLabels.join(","),
        excludedAnnotations: cluster.excludes.excludedAnnotations.join(","),
      });
    });
  });

  it("name every image of a private mirror, and leave the charts' own where there is none", () => {
    eachCluster((cluster) => {
      const { registry, pause } = cluster.install.images;
      const { controlPlane, multicluster, viz } = chartValues(cluster);
      expect(leaves(viz).filter(([path]) => /registry/i.test(path))).toEqual(
        ["defaultRegistry", "prometheus.image.registry"].flatMap((path) =>
          registry ? [[path, registry]] : [],
        ),
      );
      const images = [controlPlane, multicluster]
        .flatMap((values) => leaves(values))
        .filter(([path]) => /image/i.test(path))
        .map(([, image]) => image);
      expect(images.sort()).toEqual(
        [
          ...(registry ? ["controller", "controller", "controller", "debug", "proxy"] : []).map(
            (name) => `${registry}/${name}`,
          ),
          ...(pause ? [pause] : []),
        ].sort(),
      );
    });
  });

  it("give the gateway's Service what the stack file says of it", () => {
    eachCluster(({ gateway, ...cluster }) => {
      const values = multiclusterValues({ gateway, ...cluster }).gateway;
      if (!gateway.enabled || gateway.kind === "emissary") {
        return expect(values).toMatchObject({ enabled: false });
      }
      const { type, annotations, replicas, ...rest } = gateway.config;
      const nodePort = type === "nodePort";
      expect(values).toMatchObject({
        serviceType: nodePort ? "NodePort" : "LoadBalancer",
        // The chart's Service sends them on to the same ports of the pods, where only these are the proxy's.
        port: 4143,
        probe: { port: 4191, ...(nodePort ? { nodePort: gateway.probePort } : {}) },
        serviceAnnotations: annotations,
        ...(replicas === undefined ? {} : { replicas }),
        ...(nodePort ? { nodePort: gateway.port } : {}),
        ...("sourceRanges" in rest ? { loadBalancerSourceRanges: rest.sourceRanges } : {}),
        ...("loadBalancerClass" in rest ? { loadBalancerClass: rest.loadBalancerClass } : {}),
        ...("loadBalancerIP" in rest ? { loadBalancerIP: rest.loadBalancerIP } : {}),
      });
    });
  });

  it("give a node port gateway the ports that the sources probe and use", () => {
    const plan = planFleet(
      configOf({
        linkerd: { version: "2026.8.3" },
        trust: { anchors: [{ id: "2026", state: "active" }] },
        clusters: {
          edge: {
            context: "edge",
            apiServer: "https://edge",
            gateway: { type: "nodePort", address: ["10.0.0.1", "10.0.0.2"], port: 30_143, probePort: 30_191 },
          },
          main: { context: "main", apiServer: "https://main" },
        },
      }),
    );
    const [edge, main] = plan.clusters;
    if (!edge || !main) throw new Error("two clusters expected");
    expect(multiclusterValues(edge).gateway).toMatchObject({
      serviceType: "NodePort",
      nodePort: 30_143,
      probe: { nodePort: 30_191 },
    });
    expect(multiclusterValues(main).controllers).toMatchObject([
      { link: { ref: { name: "edge" } }, gateway: { enabled: true, probe: { port: 30_191 } } },
    ]);
    expect(edge.gateway).toMatchObject({ addresses: ["10.0.0.1", "10.0.0.2"] });
  });

  it("install no gateway, and probe none, where the cluster has none", () => {
    const cluster = (name: string) => ({ context: name, network: "n", apiServer: `https://${name}` });
    const plan = planFleet(
      configOf({
        linkerd: { version: "2026.8.3" },
        trust: { anchors: [{ id: "2026", state: "active" }] },
        clusters: { a: { ...cluster("a"), gateway: { type: "none" } }, b: cluster("b") },
      }),
    );
    const [a, b] = plan.clusters.map(multiclusterValues);
    expect(a?.gateway).toEqual({ enabled: false });
    expect(b?.controllers).toEqual([{ link: { ref: { name: "a" } }, gateway: { enabled: false } }]);
  });
});
