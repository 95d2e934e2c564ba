import { z } from "zod";
import { GATEWAY_NAME, GRANT_PREFIX, LOCAL } from "../../fleet/config/names";
import { EMISSARY_SERVERS } from "../../fleet/gateways/plan";
import { gatewayOf, isEverybody, isInternet, isOfGateway, isOfProbes } from "../callers";
import type { PreviewValue } from "../previewValue";
import {
  AUTHORIZATION_POLICY,
  HTTP_ROUTE,
  MESH_TLS,
  NETWORK,
  objectName,
  objectNamespace,
  SERVER,
  SERVER_AUTHORIZATION,
} from "../resource";
import { type FleetRule, NONE, type ResourceRule } from "../rule";

export const noAnonymousIdentity: ResourceRule = {
  name: "no-any-identity",
  description: "No grant of a service admits every meshed caller, or every one of a trust domain.",
  severity: "critical",
  remediation:
    "Name the callers in `services[].allow` instead of `allowAnyMeshed`: `*` stands for the ServiceAccounts of one " +
    "namespace.",
  settings: NONE,
  types: MESH_TLS,
  *judge(authentication) {
    if (isOfGateway(authentication, "identities")) return;
    for (const identity of authentication.properties.at("spec", "identities").items) {
      // Those of local callers hold together with their cluster's networks: `callers-authenticated`.
      if (isOfLocal(objectName(authentication)) && identity.text !== "*") continue;
      if (isEverybody(identity)) yield `${identity.path} is ${identity.text}`;
    }
  },
};

/** The identities of a cluster's own callers, which hold from its own networks only. */
function isOfLocal(authentication: string | undefined): boolean {
  return (authentication?.startsWith(GRANT_PREFIX) && authentication.endsWith(LOCAL)) ?? false;
}

export const serverCloses: ResourceRule = {
  name: "server-denies",
  description: "A Server admits nobody by itself.",
  severity: "critical",
  remediation: "Write `accessPolicy: deny`; who may call is said by AuthorizationPolicies.",
  settings: NONE,
  types: SERVER,
  *judge({ properties }) {
    const policy = properties.at("spec", "accessPolicy");
    // Absent means deny (linkerd2 `policy/server.yaml`). `no-audit` judges audits.
    if (policy.isNot("deny", "audit", undefined)) yield `spec.accessPolicy is ${policy.text}`;
  },
};

const auditSettings = z.strictObject({
  services: z
    .array(z.string())
    .default([])
    .describe("Services that may be audited, as `<namespace>/<name>`, in every cluster"),
});

export const noAudit: ResourceRule<z.infer<typeof auditSettings>> = {
  name: "no-audit",
  description:
    "No Server lets in everybody by an audit, except those of the services that the profile names.",
  severity: "critical",
  remediation:
    "Write `enforce: deny` for the service, or name it in `services` of this rule for as long as you audit it.",
  settings: auditSettings,
  types: SERVER,
  *judge({ properties }, { services }) {
    const policy = properties.at("spec", "accessPolicy");
    const namespace = properties.at("metadata", "namespace");
    const service = properties.at("metadata", "labels", "linkerd-fleet/service");
    if (policy.isUnknown || policy.isNot("audit") || namespace.isUnknown || service.isUnknown) return;
    const name = `${namespace.text}/${service.text}`;
    if (!services.includes(name)) yield `spec.accessPolicy is audit: everybody reaches ${name}`;
  },
};

export const callersAuthenticated: ResourceRule = {
  name: "callers-authenticated",
  description: "Every policy requires an authentication of its callers. Without one, anybody may call.",
  severity: "critical",
  remediation:
    "Require a MeshTLSAuthentication, or for callers of the cluster itself a NetworkAuthentication, of the policy's own " +
    "namespace. Those of probes are for routes alone, those of a gateway for its Server.",
  settings: NONE,
  types: AUTHORIZATION_POLICY,
  *judge({ properties }) {
    const refs = properties.at("spec", "requiredAuthenticationRefs");
    const namespace = properties.at("metadata", "namespace");
    const target = properties.at("spec", "targetRef");
    if (!refs.isUnknown && refs.items.length === 0) yield "spec.requiredAuthenticationRefs is empty";
    // Linkerd compares kinds without regard to case (linkerd2 `policy-controller/k8s/api/src/policy/target_ref.rs`).
    const kinds = refs.items.map((ref) => ({ ref, kind: ref.at("kind").text?.toLowerCase() }));
    const named = (kind: string) => kinds.filter((one) => one.kind === kind).map(({ ref }) => ref.at("name"));
    for (const { ref, kind } of kinds) {
      const elsewhere = ref.at("namespace");
      if (kind === "serviceaccount" || namespace.isUnknown) continue;
      // What one is for is told by its name, in its own namespace.
      if (elsewhere.isNot(namespace.text, undefined)) {
        yield `${ref.path} names an authentication of the namespace ${elsewhere.text}`;
      }
    }
    for (const name of named("networkauthentication")) {
      if (isOfProbes(name.text) && target.at("kind").isNot("HTTPRoute"))
        yield `${name.path} lets probes' networks in to more than a route`;
      const isOfOthers = gatewayOf(name.text, namespace, "networks") !== undefined;
      if (isOfOthers && !kinds.some(({ kind }) => kind !== "networkauthentication"))
        yield `${name.path} lets the gateway's networks in without an identity`;
    }
    for (const name of named("meshtlsauthentication")) {
      const gateway = gatewayOf(name.text, namespace, "identities");
      if (gateway !== undefined && target.at("name").isNot(SERVERS[gateway]))
        yield `${name.path} lets a gateway's callers in to another Server`;
      const beside = named("networkauthentication");
      if (isOfLocal(name.text) && !beside.some((network) => !network.isNot(name.text)))
        yield `${name.path} lets local callers in from everywhere`;
    }
  },
};

/** The Servers of gateways: the chart's, which has this name in every version, and ours for Emissary. */
const SERVERS = { chart: GATEWAY_NAME, emissary: EMISSARY_SERVERS.gateway } as const;

export const probeRoutes: FleetRule = {
  name: "probe-routes",
  description:
    "The networks of probes, which are the whole Internet, are let in to single paths, and not to `/`.",
  severity: "high",
  remediation:
    "Give the pods probes with a path of their own, such as `/ready`, and write it in `services[].probes`.",
  settings: NONE,
  *judge(fleet) {
    const key = (cluster: string | undefined, namespace: string | undefined, name: string | undefined) =>
      [cluster, namespace, name].join("/");
    const probed = new Set(
      fleet.ofType(AUTHORIZATION_POLICY).flatMap((policy) => {
        const { properties, cluster } = policy;
        const refs = properties.at("spec", "requiredAuthenticationRefs").items;
        const route = properties.at("spec", "targetRef", "name").text;
        const isProbed = refs.some((ref) => isOfProbes(ref.at("name").text));
        return isProbed ? [key(cluster, objectNamespace(policy), route)] : [];
      }),
    );
    for (const route of fleet.ofType(HTTP_ROUTE)) {
      if (!probed.has(key(route.cluster, objectNamespace(route), objectName(route)))) continue;
      for (const rule of route.properties.at("spec", "rules").items) {
        const matches = rule.at("matches");
        // Without a match, and without a path, a rule is for every request.
        if (matches.items.length === 0 && !matches.isUnknown)
          yield { problem: `${rule.path} lets everybody send every request`, of: route };
        for (const { at, path } of matches.items.map((match) => ({
          at: match.at("path"),
          path: match.path,
        }))) {
          if (at.at("type").isNot("Exact"))
            yield { problem: `${path} lets everybody call more than one path`, of: route };
          else if (/^\/*$/.test(at.at("value").text ?? "-"))
            yield { problem: `${path} lets everybody call /`, of: route };
        }
      }
    }
  },
};

export const networksBounded: ResourceRule = {
  name: "networks-bounded",
  description: "No network authentication of a service admits the whole Internet, also not in parts.",
  severity: "high",
  remediation: "Write the cluster's own networks as `clusters.<name>.podNetworks`.",
  settings: NONE,
  types: NETWORK,
  *judge(authentication) {
    if (isOfGateway(authentication, "networks") || isOfProbes(objectName(authentication))) return;
    yield* internetIn(authentication.properties.at("spec", "networks"));
  },
};

export const serverAuthorizations: ResourceRule = {
  name: "server-authorizations",
  description: "No ServerAuthorization admits callers without an identity, or all of them.",
  severity: "critical",
  remediation: "Declare the callers in `services[].allow`, or name them in the ServerAuthorization.",
  settings: NONE,
  types: SERVER_AUTHORIZATION,
  *judge({ properties }) {
    const client = properties.at("spec", "client");
    for (const anybody of [client.at("unauthenticated"), client.at("meshTLS", "unauthenticatedTLS")]) {
      if (anybody.isNot(false, undefined)) yield `${anybody.path} is true`;
    }
    for (const identity of client.at("meshTLS", "identities").items) {
      if (isEverybody(identity)) yield `${identity.path} is ${identity.text}`;
    }
    yield* internetIn(client.at("networks"));
  },
};

function* internetIn(networks: PreviewValue): Iterable<string> {
  const all = networks.items.map((network) => network.at("cidr"));
  const wide = all.filter((cidr) => isInternet([cidr]));
  for (const { path, text } of wide) yield `${path} is ${text}`;
  if (wide.length === 0 && isInternet(all))
    yield `${networks.path} together are ${all.map(({ text }) => text).join(", ")}`;
}
