import { gzipSync } from "node:zlib";
import { CREDENTIALS_TYPE, destinationMetadata, linkKubeconfig } from "../fleet/access/credentials";
import { ACCESS_ROLE, ACCESS_RULES } from "../fleet/access/role";
import type { ClusterPlan } from "../fleet/clusters/plan";
import {
  accessName,
  credentialsName,
  GATEWAY_PORT,
  MULTICLUSTER_NAMESPACE,
  mirrorServiceName,
  PROBE_PORT,
} from "../fleet/config/names";
import { exportLabels } from "../fleet/exports/labels";
import { grantObjects } from "../fleet/grants/objects";
import { controlPlaneValues, crdsValues, multiclusterValues, WEBHOOKS } from "../fleet/linkerd/values";
import { linkSpec } from "../fleet/links/link";
import { collectionOf } from "../fleet/objects/kinds";
import type { FleetObject } from "../fleet/objects/object";
import { describeClusters, plannedOutputs } from "../fleet/outputs/describe";
import type { Plan } from "../fleet/plan";
import type { Asked, Reply } from "./apiServer";
import { certificate, type Pair } from "./authority";

/** An object of a cluster in memory. */
export interface Stored {
  /** `/api/v1/secrets`: the collection of all namespaces. */
  readonly collection: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** A mesh on one network, with a federated and a gateway service in every cluster. */
export function meshStackFile(names: readonly string[]) {
  const cluster = (name: string, at: number) => ({
    context: name,
    network: "shared",
    podNetworks: [`10.${at + 1}.0.0/16`],
    apiServer: `https://api.${name}.example.com`,
  });
  const common = { ports: ["http"] };
  return {
    config: {
      "linkerd-fleet:linkerd": { version: "2026.8.3" },
      "linkerd-fleet:trust": { anchors: [{ id: "2026", state: "active" }] },
      "linkerd-fleet:clusters": Object.fromEntries(names.map((name, at) => [name, cluster(name, at)])),
      "linkerd-fleet:topology": { kind: "mesh" },
      "linkerd-fleet:services": [
        {
          ...common,
          ...{ name: "checkout", namespace: "shop", mode: "federated", in: names },
          probes: ["/ready"],
          allow: [
            { serviceAccount: "web", namespace: "shop" },
            {
              serviceAccount: "batch",
              namespace: "shop",
              routes: [{ path: { value: "/jobs" }, method: "POST" }],
            },
          ],
        },
        {
          ...common,
          name: "reports",
          namespace: "bi",
          mode: "gateway",
          in: names,
          allowGateway: true,
        },
      ],
    },
  };
}

/** A fleet that is just as planned, in memory: every object that `verify` looks at, the service mirrors' included. */
export class LiveFleet {
  private constructor(
    readonly plan: Plan,
    readonly objects: ReadonlyMap<string, Stored[]>,
    readonly trustBundle: string,
  ) {}

  static async of(plan: Plan): Promise<LiveFleet> {
    const anchor = await certificate({ host: "root.linkerd.cluster.local", ca: true });
    const ca = await certificate({ host: "kubernetes", ca: true });
    const objects = await Promise.all(
      plan.clusters.map(async (cluster) => {
        const webhooks = await Promise.all(
          WEBHOOKS.map(async (webhook) => {
            const host = `${webhook.service}.${cluster.controlPlaneNamespace}.svc`;
            return { ...webhook, pair: await certificate({ host }) };
          }),
        );
        const issuer = await certificate(
          { host: `identity.linkerd.${cluster.trustDomain}`, ca: true },
          anchor,
        );
        return [cluster.name, objectsOf(plan, cluster, { anchor, ca, issuer, webhooks })] as const;
      }),
    );
    return new LiveFleet(plan, new Map(objects), anchor.pem);
  }

  /** What `pulumi stack output --json` would print, of one stack where its plan is given. */
  outputs(plan = this.plan): unknown {
    const addresses = Object.fromEntries(plan.clusters.map(({ name }) => [name, ADDRESS]));
    const clusters = describeClusters(plan, addresses);
    return { ...plannedOutputs(plan), clusters, trustBundle: this.trustBundle };
  }

  /** Answers as the API server of the cluster that the path begins with. */
  answer({ path, query, method }: Asked): Reply {
    const [, cluster = "", ...rest] = path.split("/");
    const objects = this.objects.get(cluster);
    const asked = `/${rest.join("/")}`;
    if (!objects) return undefined;
    if (asked === "/version") return { body: { gitVersion: "v1.35.4" } };
    if (method === "POST")
      return { status: 201, body: { status: { incomplete: false, resourceRules: ACCESS_RULES } } };
    const kinds = KINDS[asked];
    if (kinds) return { body: { resources: kinds.map((name) => ({ name })) } };

    const scope = /^(.*)\/namespaces\/([^/]+)(\/.+)$/.exec(asked);
    const within = scope ? `${scope[1]}${scope[3]}` : asked;
    const inScope = objects.filter(({ metadata }) => !scope || metadata.namespace === scope[2]);
    const items = inScope.filter(({ collection }) => collection === within);
    if (items.length > 0 || COLLECTIONS.has(within)) {
      return { body: { metadata: {}, items: items.filter((item) => isSelected(item, query)) } };
    }
    const one = inScope.find(({ collection, metadata }) => within === `${collection}/${metadata.name}`);
    return one && { body: one };
  }
}

const ADDRESS = "198.51.100.1";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const POLICY = "/apis/policy.linkerd.io";
const KINDS: Readonly<Record<string, readonly string[]>> = {
  "/apis/policy.linkerd.io/v1alpha1": [
    "authorizationpolicies",
    "meshtlsauthentications",
    "networkauthentications",
  ],
  "/apis/policy.linkerd.io/v1beta3": ["servers", "httproutes"],
  "/apis/multicluster.linkerd.io/v1alpha3": ["links"],
  "/apis/gateway.networking.k8s.io/v1": ["httproutes"],
};
/** Those that may be empty. */
const COLLECTIONS = new Set([
  ...["/api/v1/services", "/api/v1/endpoints", "/api/v1/secrets", `${RBAC}/rolebindings`],
  ...["servers", "httproutes"].map((kind) => `${POLICY}/v1beta3/${kind}`),
  ...["authorizationpolicies", "meshtlsauthentications", "networkauthentications"].map(
    (kind) => `${POLICY}/v1alpha1/${kind}`,
  ),
  "/apis/multicluster.linkerd.io/v1alpha3/links",
  "/apis/gateway.networking.k8s.io/v1/httproutes",
]);

interface Certificates {
  readonly anchor: Pair;
  readonly ca: Pair;
  readonly issuer: Pair;
  readonly webhooks: readonly ((typeof WEBHOOKS)[number] & { readonly pair: Pair })[];
}

function objectsOf(plan: Plan, cluster: ClusterPlan, certificates: Certificates): Stored[] {
  const { name, controlPlaneNamespace: linkerd } = cluster;
  const { anchor, ca, issuer, webhooks } = certificates;
  const mc = MULTICLUSTER_NAMESPACE;
  const outgoing = plan.links.filter(({ source }) => source === name);
  const sources = plan.links.flatMap(({ source, target }) => (target === name ? [source] : []));
  const at = (
    collection: string,
    namespace: string,
    of: string,
    rest: object = {},
    metadata: object = {},
  ): Stored => ({
    collection,
    metadata: { name: of, namespace, ...metadata },
    ...rest,
  });
  const bound = (account: string) => [{ kind: "ServiceAccount", name: account, namespace: mc }];
  const deployment = (namespace: string, of: string, labels: object = {}) =>
    at(
      "/apis/apps/v1/deployments",
      namespace,
      of,
      { spec: { replicas: 1, template: {} }, status: { availableReplicas: 1 } },
      { labels: namespace === mc ? { "linkerd.io/extension": "multicluster", ...labels } : labels },
    );
  const tls = (of: string, pair: Pair) =>
    at("/api/v1/secrets", linkerd, of, {
      type: "kubernetes.io/tls",
      data: { "tls.crt": base64(pair.pem), "tls.key": base64(pair.key) },
    });
  const values = controlPlaneValues(cluster, {
    bundle: anchor.pem,
    webhooks: webhooks.map(({ value, pair }) => ({ value, caBundle: pair.pem })),
  });
  const { charts } = plannedOutputs(plan).plan.clusters[name] ?? {};
  return [
    release(linkerd, "linkerd-crds", charts?.crds, crdsValues(cluster)),
    release(linkerd, "linkerd-control-plane", charts?.controlPlane, values),
    release(mc, "linkerd-multicluster", charts?.multicluster, multiclusterValues(cluster)),
    ...["linkerd-destination", "linkerd-identity", "linkerd-proxy-injector"].map((of) =>
      deployment(linkerd, of),
    ),
    ...["linkerd-local-service-mirror", "linkerd-gateway"].map((of) => deployment(mc, of)),
    at("/api/v1/configmaps", linkerd, "linkerd-identity-trust-roots", {
      data: { "ca-bundle.crt": anchor.pem },
    }),
    at("/api/v1/configmaps", linkerd, "linkerd-config", {
      data: { values: JSON.stringify({ identityTrustAnchorsPEM: anchor.pem }) },
    }),
    at("/api/v1/configmaps", linkerd, "kube-root-ca.crt", { data: { "ca.crt": ca.pem } }),
    tls("linkerd-identity-issuer", issuer),
    ...webhooks.flatMap(({ service, secret, pair }) => [
      tls(secret, pair),
      ...["mutating", "validating"].map((kind) =>
        at(
          `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`,
          "",
          `${service}-webhook-config`,
          {
            webhooks: [{ clientConfig: { caBundle: base64(pair.pem) } }],
          },
        ),
      ),
    ]),
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
      {
        annotations: cluster.gateway.enabled
          ? { "mirror.linkerd.io/gateway-identity": cluster.gateway.identity }
          : {},
      },
    ),
    at(`${POLICY}/v1alpha1/networkauthentications`, mc, "source-cluster", {
      spec: { networks: [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }] },
    }),
    at(`${POLICY}/v1alpha1/meshtlsauthentications`, mc, "any-meshed", { spec: { identities: ["*"] } }),
    at(`${RBAC}/clusterroles`, "", ACCESS_ROLE, { rules: ACCESS_RULES }),
    ...sources.flatMap((source) => [
      at("/api/v1/serviceaccounts", mc, accessName(source)),
      at(`${RBAC}/clusterrolebindings`, "", accessName(source), {
        roleRef: { kind: "ClusterRole", name: ACCESS_ROLE },
        subjects: bound(accessName(source)),
      }),
    ]),
    ...outgoing.flatMap((link) => {
      const target = plan.clusters.find((one) => one.name === link.target);
      if (!target) throw new Error(`no cluster ${link.target}`);
      const labels = { "mirror.linkerd.io/cluster-name": link.target };
      const credentials = { caData: base64(ca.pem), token: `token-of-${name}` };
      const secret = {
        type: CREDENTIALS_TYPE,
        data: { kubeconfig: base64(linkKubeconfig(target, accessName(name), credentials)) },
      };
      const controller = `controller-${link.target}`;
      const role = `controller-read-remote-creds-${link.target}`;
      const clusterRole = "linkerd-multicluster-controller-access-local-resources";
      const ported = plan.exports.filter((one) => one.cluster === link.target);
      const mirrored = ported.filter(({ modes }) => modes.includes("gateway"));
      const report = (one: { readonly name: string; readonly namespace: string }) => ({
        remoteRef: { name: one.name, namespace: one.namespace },
        conditions: [{ type: "Mirrored", status: "True", reason: "Mirrored", message: "" }],
      });
      const federated = ported.filter(({ modes }) => modes.includes("federated"));
      return [
        at("/api/v1/secrets", linkerd, credentialsName(link.target), secret, destinationMetadata(target)),
        at("/api/v1/secrets", mc, credentialsName(link.target), secret),
        at("/apis/multicluster.linkerd.io/v1alpha3/links", mc, link.target, {
          spec: linkSpec(link, target, ADDRESS, 1),
          status: { mirrorServices: mirrored.map(report), federatedServices: federated.map(report) },
        }),
        deployment(mc, controller, { component: "controller", ...labels }),
        at("/api/v1/serviceaccounts", mc, controller),
        at(`${RBAC}/roles`, mc, role),
        at(`${RBAC}/rolebindings`, mc, role, {
          roleRef: { kind: "Role", name: role },
          subjects: bound(controller),
        }),
        at(`${RBAC}/clusterrolebindings`, "", `${clusterRole}-${link.target}`, {
          roleRef: { kind: "ClusterRole", name: clusterRole },
          subjects: bound(controller),
        }),
        at("/apis/coordination.k8s.io/v1/leases", mc, `service-mirror-write-${link.target}`, {
          spec: { holderIdentity: "pod", leaseDurationSeconds: 30, renewTime: new Date().toISOString() },
        }),
        at(
          "/api/v1/services",
          mc,
          `probe-${link.target}`,
          { spec: { ports: [{ port: PROBE_PORT }] } },
          {
            labels: { ...labels, "mirror.linkerd.io/mirrored-gateway": "true" },
          },
        ),
        ...mirrored.flatMap((one) => {
          const metadata = { labels: { ...labels, "mirror.linkerd.io/mirrored-service": "true" } };
          const mirror = mirrorServiceName(one.name, link.target);
          const subsets = [{ addresses: [{ ip: ADDRESS }] }];
          return [
            at("/api/v1/services", one.namespace, mirror, { spec: {} }, metadata),
            at("/api/v1/endpoints", one.namespace, mirror, { subsets }, metadata),
          ];
        }),
      ];
    }),
    ...plan.exports
      .filter((one) => one.cluster === name)
      .map((one) =>
        at(
          "/api/v1/services",
          one.namespace,
          one.name,
          { spec: { selector: { app: one.name }, ports: [{ name: "http", port: 80 }] } },
          {
            labels: exportLabels(one.modes),
          },
        ),
      ),
    ...plan.grants
      .filter((grant) => grant.cluster === name)
      .flatMap((grant) => grantObjects(grant, { app: grant.name }).map(stored)),
  ];
}

/** An object as the API has it. */
function stored({ id: _, was: _was, after: __, patch: ___, ...object }: FleetObject): Stored {
  return { ...object, collection: collectionOf(object) };
}

function release(namespace: string, name: string, version: string | undefined, config: object): Stored {
  const content = {
    name,
    namespace,
    version: 1,
    info: { status: "deployed" },
    chart: { metadata: { name, version } },
    config,
  };
  const packed = base64(gzipSync(JSON.stringify(content)).toString("base64"));
  return {
    collection: "/api/v1/secrets",
    metadata: {
      name: `sh.helm.release.v1.${name}.v1`,
      namespace,
      labels: { owner: "helm", status: "deployed" },
    },
    type: "helm.sh/release.v1",
    data: { release: packed },
  };
}

/** The few forms of selectors that `verify` uses. */
function isSelected({ metadata, type }: Stored, query: URLSearchParams): boolean {
  const [, wanted] = /^type=(.*)$/.exec(query.get("fieldSelector") ?? "") ?? [];
  if (wanted !== undefined && type !== wanted) return false;
  const terms = (query.get("labelSelector") ?? "").match(/[^,(]+(\([^)]*\))?/g) ?? [];
  return terms.every((term) => {
    const [, key = "", operator, value = ""] = /^([^ =]+)(=| in )?(.*)$/.exec(term.trim()) ?? [];
    const actual = metadata.labels?.[key];
    if (actual === undefined) return false;
    if (operator === "=") return actual === value;
    return operator === undefined || value.replace(/[()]/g, "").split(",").includes(actual);
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
