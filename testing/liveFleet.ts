import { z } from "zod";
import { ACCESS_ROLES, accessScope } from "../fleet/access/role";
import type { PolicyRule } from "../fleet/objects/kubernetes";
import { describeClusters, plannedOutputs } from "../fleet/outputs/describe";
import { byName } from "../fleet/outputs/schema";
import type { Plan } from "../fleet/plan";
import type { LiveCluster, Read } from "../live/cluster";
import type { Asked, Reply } from "./apiServer";
import { certificate } from "./authority";
import { liveObjects } from "./liveObjects";
import { ADDRESS, type Stored } from "./stored";

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
      plan.clusters.map(
        async (cluster) => [cluster.name, await liveObjects(plan, cluster, { anchor, ca })] as const,
      ),
    );
    return new LiveFleet(plan, new Map(objects), anchor.pem);
  }

  /** The output of `pulumi stack output --json`, of one stack where its plan is given. */
  outputs(plan = this.plan): unknown {
    const addresses = Object.fromEntries(
      plan.clusters.map(({ name, gateway }) => [
        name,
        (gateway.enabled ? gateway.addresses?.join(",") : undefined) ?? ADDRESS,
      ]),
    );
    const clusters = describeClusters(plan, addresses);
    const { links, ...planned } = plannedOutputs(plan);
    return { ...planned, links: byName(links), clusters, trustBundle: this.trustBundle };
  }

  /** Its clusters, asked in this process. */
  clusters(): Map<string, LiveCluster> {
    const ask = (cluster: string, path: string, method = "GET") => {
      const { pathname, searchParams: query } = new URL(path, "https://server");
      const asked = { method, path: `/${cluster}${pathname}`, query, authorization: undefined, body: "" };
      const reply = this.answer(asked);
      return reply === undefined || reply === "hang" ? undefined : JSON.parse(JSON.stringify(reply.body));
    };
    const read = <T>(body: unknown, shape: z.ZodType<T>): Read<T> =>
      body === undefined ? { state: "missing" } : { state: "found", value: shape.parse(body) };
    const open = (name: string): LiveCluster => ({
      name,
      get: async (path, shape) => read(ask(name, path), shape),
      metadata: async (path, shape) => read(ask(name, path), shape),
      list: async (path, item) => {
        const page = read(ask(name, path), z.object({ items: z.array(item) }));
        return page.state === "found" ? { state: "found", value: page.value.items } : page;
      },
      rulesOf: async (token) => ({
        state: "found",
        value: {
          incomplete: false,
          resourceRules: this.rulesOf(name, token).map((rule) => ({ resourceNames: [], ...rule })),
        },
      }),
      remove: async () => ({ state: "missing" }),
      merge: async () => ({ state: "missing" }),
    });
    return new Map([...this.objects.keys()].map((name) => [name, open(name)]));
  }

  /** What the token of an access lets its source read. */
  private rulesOf(cluster: string, token: string): readonly PolicyRule[] {
    const link = this.plan.links.find(
      ({ source, target }) => target === cluster && token.endsWith(`token-of-${source}`),
    );
    return link ? ACCESS_ROLES[accessScope(link.modes)].rules : [];
  }

  /** Answers as the API server of the cluster that the path begins with. */
  answer({ path, query, method, authorization = "" }: Asked): Reply {
    const [, cluster = "", ...rest] = path.split("/");
    const objects = this.objects.get(cluster);
    const asked = `/${rest.join("/")}`;
    if (!objects) return undefined;
    if (asked === "/version") return { body: { gitVersion: "v1.36.3" } };
    if (method === "POST") {
      const resourceRules = this.rulesOf(cluster, authorization);
      return { status: 201, body: { status: { incomplete: false, resourceRules } } };
    }
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
  "/apis/discovery.k8s.io/v1/endpointslices",
  ...["servers", "httproutes"].map((kind) => `${POLICY}/v1beta3/${kind}`),
  ...["authorizationpolicies", "meshtlsauthentications", "networkauthentications"].map(
    (kind) => `${POLICY}/v1alpha1/${kind}`,
  ),
  "/apis/multicluster.linkerd.io/v1alpha3/links",
  "/apis/gateway.networking.k8s.io/v1/httproutes",
]);

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
