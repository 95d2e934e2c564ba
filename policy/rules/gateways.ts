import { ADDITIONAL_ENV, GATEWAY_SUFFIXES, NOTHING, readEnv } from "../../fleet/gateways/reach";
import { isInternet, isOfGateway } from "../callers";
import type { JudgedFleet } from "../fleet";
import type { PreviewValue } from "../previewValue";
import { DEPLOYMENT, MESH_TLS, NETWORK, objectName, type Resource } from "../resource";
import { type FleetRule, NONE } from "../rule";

export const gatewayNetworks: FleetRule = {
  name: "gateway-networks",
  description: "A gateway admits traffic from named networks, not from the whole Internet.",
  severity: "high",
  remediation: "Write `clusters.<name>.gateway.allowedNetworks`, or `sourceRanges` of its load balancer.",
  level: "advisory",
  settings: NONE,
  *judge(fleet) {
    const authentications = fleet.ofType(NETWORK).filter((of) => isOfGateway(of, "networks"));
    for (const release of fleet.releasesOf("multicluster")) {
      const gateway = release.properties.at("values", "gateway");
      if (gateway.at("enabled").isNot(true)) continue;
      const named = authentications.find(({ cluster }) => cluster === release.cluster)?.properties;
      const networks = named?.at("spec", "networks");
      const ranges = gateway.at("loadBalancerSourceRanges");
      if (networks?.isUnknown || ranges.isUnknown) continue;
      const authenticated = networks?.items.map((network) => network.at("cidr")) ?? [];
      const isBounded = [authenticated, ranges.items].some((list) => list.length > 0 && !isInternet(list));
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
      if (!of.properties.at("spec", "identities").items.some(({ text }) => text === "*")) continue;
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

export const gatewayReach: FleetRule = {
  name: "gateway-reach",
  description: "A gateway forwards only to the services that are declared for it.",
  severity: "high",
  remediation:
    "Remove `reach: any` from `clusters.<name>.gateway`, and declare in `services` what may cross.",
  level: "advisory",
  settings: NONE,
  *judge(fleet) {
    for (const { of, environment } of gatewaysOf(fleet)) {
      if (environment.isUnknown) continue;
      const suffixes = readEnv(environment.text).findLast(({ name }) => name === GATEWAY_SUFFIXES)?.value;
      if (suffixes === undefined) {
        yield {
          problem: `the gateway of ${of.cluster} forwards to every Service of its cluster, exported or not`,
          of,
        };
        continue;
      }
      const declared = fleet.services?.filter(
        ({ modes, clusters }) => modes.includes("gateway") && clusters.includes(of.cluster ?? ""),
      );
      if (!declared) continue;
      const names = [NOTHING, ...declared.map(({ name, namespace }) => `${name}.${namespace}.svc.`)];
      for (const suffix of suffixes.split(",")) {
        if (names.some((name) => suffix.startsWith(name))) continue;
        yield { problem: `the gateway of ${of.cluster} forwards to ${suffix || "every name"}`, of };
      }
    }
  },
};

/** What runs the gateways, with the annotation by which their proxies are told what to forward to. */
function gatewaysOf(fleet: JudgedFleet): { readonly of: Resource; readonly environment: PreviewValue }[] {
  const emissaries = fleet.ofType(DEPLOYMENT).map((of) => {
    const annotations = of.properties.at("spec", "template", "metadata", "annotations");
    return { of, annotations, isOn: annotations.at("config.linkerd.io/enable-gateway").text === "true" };
  });
  const charts = fleet.releasesOf("multicluster").map((of) => {
    const gateway = of.properties.at("values", "gateway");
    return { of, annotations: gateway.at("deploymentAnnotations"), isOn: !gateway.at("enabled").isNot(true) };
  });
  return [...charts, ...emissaries].flatMap(({ of, annotations, isOn }) =>
    isOn ? [{ of, environment: annotations.at(ADDITIONAL_ENV) }] : [],
  );
}
