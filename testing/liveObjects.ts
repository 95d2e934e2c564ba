import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { linkKubeconfig } from "../fleet/access/credentials";
import { clusterObjects, type Known } from "../fleet/clusterObjects";
import type { ClusterPlan } from "../fleet/clusters/plan";
import type { Mode } from "../fleet/config/common";
import { isMap, map } from "../fleet/config/json";
import {
  accessName,
  GATEWAY_PORT,
  MULTICLUSTER_NAMESPACE,
  mirrorServiceName,
  PROBE_PORT,
} from "../fleet/config/names";
import { exportLabels } from "../fleet/exports/labels";
import { crossingModes } from "../fleet/exports/named";
import { GATEWAY_AUTHENTICATIONS } from "../fleet/gateways/plan";
import { clusterReleases, type ReleasePlan } from "../fleet/linkerd/releases";
import { WEBHOOKS } from "../fleet/linkerd/values";
import { mirroredModes } from "../fleet/links/mirrors";
import { collectionOf } from "../fleet/objects/kinds";
import { type FleetObject, manifestOf } from "../fleet/objects/object";
import type { Plain } from "../fleet/objects/values";
import type { Plan } from "../fleet/plan";
import type { LinkPlan } from "../fleet/topology/plan";
import { certificate, type Pair } from "./authority";
import { CREATED, plannedObjects } from "./effectiveFleet";

/** An object of a cluster in memory. */
export interface Stored {
  /** `/api/v1/secrets`: the collection of all namespaces. */
  readonly collection: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
  };
  readonly [field: string]: unknown;
}

export const ADDRESS = "198.51.100.1";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const POLICY = "/apis/policy.linkerd.io";

/** All certificate authorities that a fleet in memory has in common. */
interface Authorities {
  readonly anchor: Pair;
  readonly ca: Pair;
}

/** Everything in one cluster of a fleet that is as planned: what the fleet makes, over what others make. */
export async function liveObjects(
  plan: Plan,
  cluster: ClusterPlan,
  { anchor, ca }: Authorities,
): Promise<Stored[]> {
  const { controlPlaneNamespace, trustDomain } = cluster;
  const issuer = await certificate({ host: `identity.linkerd.${trustDomain}`, ca: true }, anchor);
  const webhooks = await Promise.all(
    WEBHOOKS.map(async (webhook) => {
      const pair = await certificate({ host: `${webhook.service}.${controlPlaneNamespace}.svc` });
      return { ...webhook, pair };
    }),
  );
  const encoded = ({ pem, key }: Pair) => ({ certificate: base64(pem), privateKey: base64(key) });
  const known: Known<Plain> = {
    stackFile: "Pulumi.test.yaml",
    secret: (key) => base64(`secret ${key}`),
    trustBundle: anchor.pem,
    issuer: { ...encoded(issuer), anchor: base64(anchor.pem) },
    webhook: (service) => {
      const webhook = webhooks.find((one) => one.service === service);
      if (!webhook) throw new Error(`no webhook ${service}`);
      return encoded(webhook.pair);
    },
    tokenName: ({ serviceAccount }, generation) => `${serviceAccount}-drawn${generation}`,
    kubeconfig: ({ source, target }) => {
      const credentials = { caData: base64(ca.pem), token: `token-of-${source}` };
      return base64(linkKubeconfig(clusterOf(plan, target), accessName(source), credentials));
    },
    gatewayAddress: ({ target }) => {
      const { gateway } = clusterOf(plan, target);
      return (gateway.enabled ? gateway.addresses?.join(",") : undefined) ?? ADDRESS;
    },
    generation: ({ source, target }) =>
      plan.accesses.find((one) => one.source === source && one.target === target)?.generation ?? 1,
    selector: ({ name }) => ({ app: name }),
    gatewaySelector:
      cluster.gateway.enabled && cluster.gateway.kind === "emissary"
        ? { app: cluster.gateway.config.deployment }
        : {},
  };
  const certificates = {
    bundle: anchor.pem,
    webhooks: webhooks.map(({ value, pair }) => ({ value, caBundle: pair.pem })),
  };
  const others = [
    ...ofOwners(plan, cluster),
    ...clusterReleases(cluster, certificates).map(released),
    ...ofCharts(cluster),
    ...controlPlanePods(cluster, anchor.pem),
    ...ofManagers(plan, cluster, { anchor, issuer }),
    ...plan.links.filter(({ source }) => source === cluster.name).flatMap((link) => ofMirror(plan, link)),
    at("/api/v1/configmaps", controlPlaneNamespace, "kube-root-ca.crt", { data: { "ca.crt": ca.pem } }),
    at("/api/v1/configmaps", controlPlaneNamespace, "linkerd-config", {
      data: { values: JSON.stringify({ identityTrustAnchorsPEM: anchor.pem }) },
    }),
    ...webhooks.flatMap(({ service, pair }) =>
      ["mutating", "validating"].map((kind) =>
        at(
          `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`,
          "",
          `${service}-webhook-config`,
          { webhooks: [{ clientConfig: { caBundle: base64(pair.pem) } }] },
        ),
      ),
    ),
  ];
  const ours = clusterObjects(plan, cluster, known).flatMap(({ objects }) => objects);
  const own = ours.flatMap((object) => (object.patch ? [] : [made(plan, object)]));
  return ours.reduce(
    (stored, object) => (object.patch ? patched(stored, object) : stored),
    [...others, ...own],
  );
}

/** An object of the fleet's own; with what a service mirror reports, where it is a Link. */
function made(plan: Plan, wanted: FleetObject): Stored {
  const manifest = manifestOf(wanted);
  const object = { ...manifest, metadata: { ...manifest.metadata, creationTimestamp: CREATED } };
  const collection = collectionOf(object);
  if (wanted.kind !== "Link") return { ...object, collection };
  const taken = (mode: Mode) =>
    exportsOf(plan, object.metadata.name).filter((one) =>
      mirroredModes(wanted.spec, exportLabels(one)).includes(mode),
    );
  const report = (one: { readonly name: string; readonly namespace: string }) => ({
    remoteRef: { name: one.name, namespace: one.namespace },
    conditions: [{ type: "Mirrored", status: "True", reason: "Mirrored", message: "" }],
  });
  const status = {
    mirrorServices: [...taken("gateway"), ...taken("flat")].map(report),
    federatedServices: taken("federated").map(report),
  };
  return { ...object, collection, status };
}

/** Somebody else's object with the fleet's fields on it. */
function patched(stored: readonly Stored[], patch: FleetObject): Stored[] {
  const object = manifestOf(patch);
  const collection = collectionOf(object);
  const { name, namespace } = object.metadata;
  const isIt = (one: Stored) =>
    one.collection === collection && one.metadata.name === name && one.metadata.namespace === namespace;
  const base = stored.find(isIt) ?? ownersObject(collection, name, namespace);
  const metadata = { ...base.metadata, ...map(merged(base.metadata, object.metadata)) };
  return [...stored.filter((one) => !isIt(one)), { ...base, ...map(merged(base, object)), metadata }];
}

/** An object that the owner of a workload makes. */
function ownersObject(collection: string, name: string, namespace: string | undefined): Stored {
  const spec: Record<string, object> = {
    "/api/v1/services": {
      type: "LoadBalancer",
      selector: { app: name },
      ports: [{ name: "http", port: 80 }],
    },
    "/apis/apps/v1/deployments": { replicas: 1, selector: { matchLabels: { app: name } }, template: {} },
  };
  return {
    collection,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: spec[collection] ?? {},
    status: { availableReplicas: 1, loadBalancer: { ingress: [{ ip: ADDRESS }] } },
  };
}

/** As the API server merges an apply: maps by their keys, lists of named items by the names, others as a whole. */
function merged(base: unknown, over: unknown): unknown {
  if (isMap(base) && isMap(over)) {
    const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
    return Object.fromEntries(
      keys.map((key) => [key, over[key] === undefined ? base[key] : merged(base[key], over[key])]),
    );
  }
  const isNamed = (item: unknown) => isMap(item) && "name" in item;
  if (Array.isArray(base) && Array.isArray(over) && over.every(isNamed)) return [...base, ...over];
  return over;
}

const OWNED = {
  pods: "/api/v1/pods",
  services: "/api/v1/services",
  servers: `${POLICY}/v1beta3/servers`,
  authorizationPolicies: `${POLICY}/v1alpha1/authorizationpolicies`,
} as const;

/** Exported Services with their pods as the injector left them; a gateway's pods, and the policies of its chart. */
function ofOwners(plan: Plan, cluster: ClusterPlan): Stored[] {
  const [network = ""] = cluster.podNetworks ?? [];
  const owned = plannedObjects(plan, cluster, Number(network.split(".")[1] ?? 99));
  const isOurs = ({ metadata }: Stored) => /^(fleet\.|emissary)/.test(metadata.name);
  return (Object.keys(OWNED) as (keyof typeof OWNED)[]).flatMap((kind) =>
    owned[kind]
      .map((object): Stored => ({ ...stored.parse(object), collection: OWNED[kind] }))
      .filter((object) => kind === "pods" || kind === "services" || !isOurs(object)),
  );
}

const stored = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string().exactOptional() }),
});

/** Objects that the charts make. */
function ofCharts({ controlPlaneNamespace: linkerd, gateway, controllers }: ClusterPlan): Stored[] {
  const mc = MULTICLUSTER_NAMESPACE;
  const chartGateway = gateway.enabled && gateway.kind === "chart";
  const own = GATEWAY_AUTHENTICATIONS.chart;
  return [
    ...["linkerd-destination", "linkerd-identity", "linkerd-proxy-injector"].map((of) =>
      deployment(linkerd, of),
    ),
    ...["linkerd-local-service-mirror", ...(chartGateway ? ["linkerd-gateway"] : [])].map((of) =>
      deployment(mc, of, EXTENSION),
    ),
    ...(chartGateway
      ? [
          at(
            "/api/v1/services",
            mc,
            "linkerd-gateway",
            {
              spec: {
                ports: [
                  { name: "mc-gateway", port: GATEWAY_PORT },
                  { name: "mc-probe", port: PROBE_PORT },
                ],
              },
              status: { loadBalancer: { ingress: [{ ip: ADDRESS }] } },
            },
            { annotations: { "mirror.linkerd.io/gateway-identity": gateway.identity } },
          ),
          at(`${POLICY}/v1alpha1/networkauthentications`, mc, own.networks, {
            spec: { networks: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] },
          }),
          at(`${POLICY}/v1alpha1/meshtlsauthentications`, mc, own.identities, {
            spec: { identities: ["*"] },
          }),
        ]
      : []),
    ...controllers.flatMap(({ target }) => ofController(target)),
  ];
}

/** As the chart marks them; destination controllers are for tests of their own. */
function controlPlanePods({ controlPlaneNamespace: linkerd }: ClusterPlan, bundle: string): Stored[] {
  return ["identity", "proxy-injector"].map((component) =>
    at(
      "/api/v1/pods",
      linkerd,
      `linkerd-${component}-5d9c7b`,
      {
        spec: { containers: [{ name: component }, { name: "linkerd-proxy" }] },
        status: { phase: "Running", startTime: CREATED },
      },
      {
        labels: {
          "linkerd.io/control-plane-component": component,
          "linkerd.io/control-plane-ns": linkerd,
        },
        annotations: {
          "linkerd.io/trust-root-sha256": createHash("sha256").update(bundle).digest("hex"),
        },
      },
    ),
  );
}

const EXTENSION = { "linkerd.io/extension": "multicluster" };

/** Objects that the multicluster chart makes for one link. */
function ofController(target: string): Stored[] {
  const mc = MULTICLUSTER_NAMESPACE;
  const controller = `controller-${target}`;
  const role = `controller-read-remote-creds-${target}`;
  const clusterRole = "linkerd-multicluster-controller-access-local-resources";
  const subjects = [{ kind: "ServiceAccount", name: controller, namespace: mc }];
  return [
    deployment(mc, controller, { ...EXTENSION, component: "controller", ...mirrorLabels(target) }),
    at("/api/v1/serviceaccounts", mc, controller),
    at(`${RBAC}/roles`, mc, role),
    at(`${RBAC}/rolebindings`, mc, role, { roleRef: { kind: "Role", name: role }, subjects }),
    at(`${RBAC}/clusterrolebindings`, "", `${clusterRole}-${target}`, {
      roleRef: { kind: "ClusterRole", name: clusterRole },
      subjects,
    }),
    at(
      "/api/v1/services",
      mc,
      `probe-${target}`,
      { spec: { ports: [{ port: PROBE_PORT }] } },
      { labels: { ...mirrorLabels(target), "mirror.linkerd.io/mirrored-gateway": "true" } },
    ),
  ];
}

/** Objects that a service mirror makes, and the copies of its Endpoints. */
function ofMirror(plan: Plan, link: LinkPlan): Stored[] {
  const { target } = link;
  const { gateway, clusterDomain } = clusterOf(plan, target);
  const identity: Record<string, string> = gateway.enabled
    ? { "mirror.linkerd.io/remote-gateway-identity": gateway.identity }
    : {};
  const labels = { ...mirrorLabels(target), "mirror.linkerd.io/mirrored-service": "true" };
  const mc = MULTICLUSTER_NAMESPACE;
  const endpoints = (namespace: string, name: string, own: object, annotations: object): Stored[] => [
    at(
      "/api/v1/endpoints",
      namespace,
      name,
      { subsets: [{ addresses: [{ ip: ADDRESS }] }] },
      { labels: own, annotations },
    ),
    at(
      "/apis/discovery.k8s.io/v1/endpointslices",
      namespace,
      `${name}-x7k2p`,
      { endpoints: [{ addresses: [ADDRESS] }] },
      { labels: { ...own, "kubernetes.io/service-name": name }, annotations },
    ),
  ];
  return [
    at("/apis/coordination.k8s.io/v1/leases", mc, `service-mirror-write-${target}`, {
      spec: { holderIdentity: "pod", leaseDurationSeconds: 30, renewTime: new Date().toISOString() },
    }),
    ...(gateway.enabled ? endpoints(mc, `probe-${target}`, mirrorLabels(target), identity) : []),
    ...exportsOf(plan, target)
      .filter((one) => crossingModes(one, link).includes("gateway"))
      .flatMap(({ name, namespace }) => {
        const mirror = mirrorServiceName(name, target);
        const asked = {
          "mirror.linkerd.io/remote-svc-fq-name": `${name}.${namespace}.svc.${clusterDomain}`,
        };
        return [
          at("/api/v1/services", namespace, mirror, { spec: {} }, { labels, annotations: asked }),
          ...endpoints(namespace, mirror, labels, { ...asked, ...identity }),
        ];
      }),
  ];
}

/** Objects that cert-manager and trust-manager make for the fleet. */
function ofManagers(
  { trust }: Plan,
  { controlPlaneNamespace: linkerd }: ClusterPlan,
  { anchor, issuer }: { readonly anchor: Pair; readonly issuer: Pair },
): Stored[] {
  if (trust.clusterIssuer === undefined) return [];
  return [
    at("/api/v1/configmaps", linkerd, "linkerd-identity-trust-roots", {
      data: { "ca-bundle.crt": anchor.pem },
    }),
    at("/api/v1/secrets", linkerd, "linkerd-identity-issuer", {
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64(issuer.pem), "tls.key": base64(issuer.key) },
    }),
  ];
}

function at(
  collection: string,
  namespace: string,
  name: string,
  rest: object = {},
  metadata: object = {},
): Stored {
  return { collection, metadata: { name, namespace, ...metadata }, ...rest };
}

function deployment(namespace: string, name: string, labels: object = {}): Stored {
  const spec = { replicas: 1, selector: { matchLabels: { app: name } }, template: {} };
  return at(
    "/apis/apps/v1/deployments",
    namespace,
    name,
    { spec, status: { availableReplicas: 1 } },
    { labels },
  );
}

function mirrorLabels(target: string): Record<string, string> {
  return { "mirror.linkerd.io/cluster-name": target };
}

function exportsOf({ exports }: Plan, cluster: string): Plan["exports"] {
  return exports.filter((one) => one.cluster === cluster);
}

function clusterOf({ clusters, neighbours }: Plan, name: string): ClusterPlan {
  const cluster = [...clusters, ...neighbours].find((one) => one.name === name);
  if (!cluster) throw new Error(`no cluster ${name}`);
  return cluster;
}

/** Helm's record of a release. */
function released({ namespace, chart: { release: name, version }, values }: ReleasePlan): Stored {
  const content = {
    name,
    namespace,
    version: 1,
    info: { status: "deployed" },
    chart: { metadata: { name, version } },
    config: values,
  };
  return at(
    "/api/v1/secrets",
    namespace,
    `sh.helm.release.v1.${name}.v1`,
    {
      type: "helm.sh/release.v1",
      data: { release: base64(gzipSync(JSON.stringify(content)).toString("base64")) },
    },
    { labels: { owner: "helm", status: "deployed" } },
  );
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
