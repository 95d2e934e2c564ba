import { isIPv6 } from "node:net";
import { GRANT_PREFIX, PROBES } from "../../fleet/config/names";
import { GATEWAY_AUTHENTICATIONS } from "../../fleet/gateways/plan";
import type { PreviewValue } from "../previewValue";
import { AUTHORIZATION_POLICY, MESH_TLS, NETWORK, objectName, type Resource, SERVER } from "../resource";
import { type FleetRule, NONE, type ResourceRule } from "../rule";

export const noAnonymousIdentity: ResourceRule = {
  name: "no-any-identity",
  description: "No grant of a service admits every meshed caller.",
  severity: "critical",
  remediation: "Name the callers in `services[].allow` instead of `allowAnyMeshed`.",
  settings: NONE,
  types: MESH_TLS,
  *judge(authentication) {
    if (isOfGateway(authentication, "identities")) return;
    for (const identity of identitiesOf(authentication)) {
      if (identity.text === "*") yield `${identity.path} is *`;
    }
  },
};

export const serverCloses: ResourceRule = {
  name: "server-denies",
  description: "A Server admits nobody by itself.",
  severity: "critical",
  remediation: "Write `accessPolicy: deny`; who may call is said by AuthorizationPolicies.",
  settings: NONE,
  types: SERVER,
  *judge({ properties }) {
    const policy = properties.at("spec", "accessPolicy");
    // Absent means deny (linkerd2 `policy/server.yaml`).
    if (policy.isNot("deny", undefined)) yield `spec.accessPolicy is ${policy.text}`;
  },
};

export const callersAuthenticated: ResourceRule = {
  name: "callers-authenticated",
  description: "Every policy requires an authentication of its callers. Without one, anybody may call.",
  severity: "critical",
  remediation:
    "Require a MeshTLSAuthentication, or for callers of the cluster itself a NetworkAuthentication. Those of probes " +
    "are for routes alone.",
  settings: NONE,
  types: AUTHORIZATION_POLICY,
  *judge({ properties }) {
    const refs = properties.at("spec", "requiredAuthenticationRefs");
    if (!refs.isUnknown && refs.items.length === 0) yield "spec.requiredAuthenticationRefs is empty";
    if (!properties.at("spec", "targetRef", "kind").isNot("HTTPRoute")) return;
    for (const ref of refs.items) {
      if (isOfProbes(ref.at("name").text)) yield `${ref.path} lets probes' networks in to more than a route`;
    }
  },
};

export const networksBounded: ResourceRule = {
  name: "networks-bounded",
  description: "No network authentication of a service admits the whole Internet.",
  severity: "high",
  remediation: "Write the cluster's own networks as `clusters.<name>.podNetworks`.",
  settings: NONE,
  types: NETWORK,
  *judge(authentication) {
    const name = objectName(authentication);
    if (name === CHART.networks || isOfProbes(name)) return;
    for (const network of authentication.properties.at("spec", "networks").items) {
      if (isInternet(network.at("cidr"))) yield `${network.path} is ${network.at("cidr").text}`;
    }
  },
};

/** Of a grant's route for probes, which a kubelet of any address sends. */
function isOfProbes(authentication: string | undefined): boolean {
  return (authentication?.startsWith(GRANT_PREFIX) && authentication.endsWith(PROBES)) ?? false;
}

/** The chart's own, which `clusters.<name>.gateway` changes. */
const CHART = GATEWAY_AUTHENTICATIONS.chart;

export const gatewayNetworks: FleetRule = {
  name: "gateway-networks",
  description: "A gateway admits traffic from named networks, not from the whole Internet.",
  severity: "high",
  remediation: "Write `clusters.<name>.gateway.allowedNetworks`, or `sourceRanges` of its load balancer.",
  level: "advisory",
  settings: NONE,
  *judge(fleet) {
    const authentications = fleet.ofType(NETWORK).filter((of) => objectName(of) === CHART.networks);
    for (const release of fleet.releasesOf("multicluster")) {
      const gateway = release.properties.at("values", "gateway");
      if (gateway.at("enabled").isNot(true)) continue;
      const named = authentications.find(({ cluster }) => cluster === release.cluster)?.properties;
      const networks = named?.at("spec", "networks");
      const ranges = gateway.at("loadBalancerSourceRanges");
      if (networks?.isUnknown || ranges.isUnknown) continue;
      const authenticated = networks?.items.map((network) => network.at("cidr")) ?? [];
      const isBounded = [authenticated, ranges.items].some(
        (list) => list.length > 0 && !list.some(isInternet),
      );
      if (!isBounded)
        yield { problem: `the gateway of ${release.cluster} takes traffic from everywhere`, of: release };
    }
  },
};

export const gatewayIdentities: FleetRule = {
  name: "gateway-identities",
  description: "A gateway admits named callers, not every meshed pod.",
  severity: "high",
  remediation: "Write `clusters.<name>.gateway.allowedIdentities`.",
  level: "advisory",
  settings: NONE,
  *judge(fleet) {
    const authentications = fleet.ofType(MESH_TLS).filter((of) => isOfGateway(of, "identities"));
    for (const of of authentications) {
      if (!identitiesOf(of).some(({ text }) => text === "*")) continue;
      yield { problem: `the gateway of ${of.cluster} takes every meshed caller`, of };
    }
    const unsure = fleet.ofType(MESH_TLS).filter((of) => objectName(of) === undefined);
    const named = new Set([...authentications, ...unsure].map(({ cluster }) => cluster));
    for (const of of fleet.releasesOf("multicluster")) {
      if (of.properties.at("values", "gateway", "enabled").isNot(true) || named.has(of.cluster)) continue;
      yield { problem: `the gateway of ${of.cluster} takes every meshed caller, as its chart ships it`, of };
    }
  },
};

function identitiesOf({ properties }: Resource): readonly PreviewValue[] {
  return properties.at("spec", "identities").items;
}

function isOfGateway(of: Resource, which: keyof typeof CHART): boolean {
  const name = objectName(of);
  return Object.values(GATEWAY_AUTHENTICATIONS).some((own) => own[which] === name);
}

/** Wider than the widest private network (10.0.0.0/8, fc00::/7): two halves of the Internet are the Internet. */
function isInternet(cidr: PreviewValue): boolean {
  const [base = "", prefix] = cidr.text?.split("/") ?? [];
  return prefix !== undefined && Number(prefix) < (isIPv6(base) ? 7 : 8);
}
