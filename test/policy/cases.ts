import { type Judged, UNKNOWN } from "../../policy/analyze";

/** One line that is changed in a fleet that keeps every rule. */
export interface Change {
  readonly line: string;
  readonly apply: (fleet: readonly Judged[]) => Judged[];
}

export interface Case {
  readonly rule: string;
  /** Makes exactly this rule fire. */
  readonly broken: Change;
  /** Leaves open whether the rule is kept. */
  readonly unknown: Change;
}

type Path = readonly (string | number)[];

/** One property with another value; `undefined` takes it away. */
function set(name: string, path: Path, value: unknown): Change {
  const shown = value === UNKNOWN ? "(unknown)" : JSON.stringify(value);
  return {
    line: `${name}: ${path.join(".")} = ${shown ?? "(removed)"}`,
    apply: (fleet) => {
      const at = fleet.findLastIndex(
        (resource) => resource.name === name && !resource.type.startsWith("linkerd-fleet:"),
      );
      const found = fleet[at];
      if (!found) throw new Error(`no resource ${name}`);
      const inputs = withValue(found.inputs, path, value);
      return fleet.with(at, { ...found, inputs, outputs: withValue(found.outputs, path, value) });
    },
  };
}

/** Both what makes the rule fire and what leaves it open are about one property. */
function property(rule: string, name: string, path: Path, value: unknown): Case {
  return { rule, broken: set(name, path, value), unknown: set(name, path, UNKNOWN) };
}

function withValue(holder: unknown, [key = "", ...rest]: Path, value: unknown): Judged["inputs"] {
  const copy = structuredClone(holder ?? {}) as Record<string | number, unknown>;
  copy[key] = rest.length === 0 ? value : withValue(copy[key], rest, value);
  return copy;
}

const second = (more: object): Change => ({
  line: `a second release of ${JSON.stringify({ chart: "linkerd-multicluster", ...more })} in prod-us`,
  apply: (fleet) => {
    const release = fleet.find(({ name }) => name === "prod-us-multicluster-release");
    if (!release) throw new Error("no release");
    const inputs = { ...release.inputs, ...more };
    return [...fleet, { ...release, urn: `${release.urn}-2`, name: "second", inputs, outputs: inputs }];
  },
});

const unprotected: Change = {
  line: "trust-2026-certificate: protect = false",
  apply: (fleet) =>
    fleet.map((resource) =>
      resource.name === "trust-2026-certificate" ? { ...resource, protect: false } : resource,
    ),
};

const LINK = "prod-us-to-prod-eu-link";
const GRANT = "prod-us-shop-checkout-grant";
const KEY = "-----BEGIN EC PRIVATE KEY-----\n(made up)\n-----END EC PRIVATE KEY-----";

/** For each rule, on the fleet of `examples/three-regions.yaml`. */
export const CASES: readonly Case[] = [
  {
    rule: "link-fields",
    broken: set(LINK, ["spec", "gatewayAdress"], "192.0.2.1"),
    unknown: set(LINK, ["spec", "probeSpec"], UNKNOWN),
  },
  property("link-selectors", LINK, ["spec", "selector"], undefined),
  property("link-excludes", LINK, ["spec", "excludedLabels"], []),
  property("links-declared", LINK, ["spec", "targetClusterName"], "mars"),
  property("link-names", LINK, ["metadata", "name"], "europe"),
  property("access-read-only", "prod-us-access-role", ["rules", 0, "verbs", 0], "delete"),
  property("access-no-wildcard", "prod-us-access-role", ["rules", 0, "resources", 0], "*"),
  property("access-per-source", "prod-us-for-prod-eu-binding", ["subjects", 0, "name"], "default"),
  property("credentials-form", "prod-us-to-prod-eu-destination", ["type"], "Opaque"),
  property(
    "exports-declared",
    "prod-us-shop-checkout-labels",
    ["metadata", "labels", "mirror.linkerd.io/exported"],
    "true",
  ),
  property("exports-governed", `${GRANT}-http`, ["metadata", "labels", "linkerd-fleet/service"], "other"),
  property("federated-alike", `${GRANT}-http`, ["spec", "port"], 8080),
  property("no-any-identity", `${GRANT}-http-identities`, ["spec", "identities", 0], "*"),
  property("server-denies", `${GRANT}-http`, ["spec", "accessPolicy"], "all-unauthenticated"),
  property("callers-authenticated", `${GRANT}-http-callers`, ["spec", "requiredAuthenticationRefs"], []),
  property("networks-bounded", `${GRANT}-local-networks`, ["spec", "networks", 0, "cidr"], "0.0.0.0/0"),
  property(
    "gateway-networks",
    "prod-us-multicluster-gateway-networks",
    ["spec", "networks", 0, "cidr"],
    "0.0.0.0/0",
  ),
  property("gateway-identities", "prod-us-multicluster-gateway-identities", ["spec", "identities", 0], "*"),
  property("keys-p256", "prod-us-issuer-key", ["ecdsaCurve"], "P224"),
  property("lifetimes", "prod-us-issuer-certificate", ["validityPeriodHours"], 20_000),
  property("anchor-never-renews", "trust-2026-certificate", ["earlyRenewalHours"], 1440),
  {
    rule: "anchor-protected",
    broken: unprotected,
    unknown: {
      line: `${unprotected.line}, of an anchor of unknown state`,
      apply: (fleet) => set("test", ["plan", "anchors", 0, "state"], UNKNOWN).apply(unprotected.apply(fleet)),
    },
  },
  property("issuer-outside-values", "prod-us-linkerd-release", ["values", "identity", "externalCA"], false),
  property("bundle-equal", "prod-us-linkerd-trust-roots", ["data", "ca-bundle.crt"], "another"),
  property("chart-version", "prod-us-linkerd-crds", ["version"], "latest"),
  property("chart-source", "prod-us-linkerd-crds", ["repositoryOpts", "repo"], "https://charts.example.com"),
  property("values-no-key", "prod-us-linkerd-release", ["values", "extra"], KEY),
  property("version-skew", "prod-us-linkerd-release", ["version"], "2025.1.1"),
  { rule: "one-multicluster", broken: second({}), unknown: second({ chart: UNKNOWN }) },
  property("high-availability", "prod-us-linkerd-release", ["values", "controllerReplicas"], 1),
  property("provider-identifier", "prod-us", ["clusterIdentifier"], "us"),
  property("provider-mutable", "prod-us", ["enableSecretMutable"], "false"),
];
