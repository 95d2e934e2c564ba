import type { Judged } from "../../policy/analyze";
import { UNKNOWN } from "../../policy/sdk";

export const IN_POLICY_GROUP = "kubernetes:policy.linkerd.io";
export const AUTHORIZATION_POLICY = `${IN_POLICY_GROUP}/v1alpha1:AuthorizationPolicy`;
export const GRANT = "prod-us-shop-checkout-grant";

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
  /** What a preview, which knows little else, can judge. Default: `broken`. */
  readonly beside?: Change;
}

type Path = readonly (string | number)[];

/** One property with another value; `undefined` takes it away. */
export function set(name: string, path: Path, value: unknown): Change {
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
export function property(rule: string, name: string, path: Path, value: unknown): Case {
  return { rule, broken: set(name, path, value), unknown: set(name, path, UNKNOWN) };
}

function withValue(holder: unknown, [key = "", ...rest]: Path, value: unknown): Judged["inputs"] {
  const copy = structuredClone(holder ?? {}) as Record<string | number, unknown>;
  copy[key] = rest.length === 0 ? value : withValue(copy[key], rest, value);
  return copy;
}

export const second = (more: object): Change => ({
  line: `a second release of ${JSON.stringify({ chart: "linkerd-multicluster", ...more })} in prod-us`,
  apply: (fleet) => {
    const release = fleet.find(({ name }) => name === "prod-us-multicluster-release");
    if (!release) throw new Error("no release");
    const inputs = { ...release.inputs, ...more };
    return [...fleet, { ...release, urn: `${release.urn}-2`, name: "second", inputs, outputs: inputs }];
  },
});

/** A CRD that a file of the project brings, of this version. */
export const gatewayApi = (version: unknown): Change => ({
  line: `CRD of the Gateway API in prod-us, version ${version === UNKNOWN ? "(unknown)" : version}`,
  apply: (fleet) => {
    const release = fleet.find(({ name }) => name === "prod-us-linkerd-crds");
    if (!release) throw new Error("no release");
    const name = "httproutes.gateway.networking.k8s.io";
    const inputs = {
      metadata: { name, annotations: { "gateway.networking.k8s.io/bundle-version": version } },
    };
    const type = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";
    return [...fleet, { ...release, type, urn: `${release.urn}-crd`, name, inputs, outputs: inputs }];
  },
});

export function unprotected(name: string): Case {
  const broken: Change = {
    line: `${name}: protect = false`,
    apply: (fleet) =>
      fleet.map((resource) => (resource.name === name ? { ...resource, protect: false } : resource)),
  };
  const unknown: Change = {
    line: `${broken.line}, of an anchor of unknown state`,
    apply: (fleet) => set("test", ["plan", "anchors", 0, "state"], UNKNOWN).apply(broken.apply(fleet)),
  };
  return { rule: "anchor-protected", broken, unknown };
}

/** Anchors of a first preview are unknown, so two known bundles are needed to tell one from the other. */
/** The same bundle everywhere. */
export function bundles(line: string, bundle: unknown): Change {
  const places = ["prod-us", "prod-eu", "prod-apac"].flatMap((cluster) => [
    set(`${cluster}-linkerd-trust-roots`, ["data", "ca-bundle.crt"], bundle),
    set(`${cluster}-linkerd-release`, ["values", "identityTrustAnchorsPEM"], bundle),
  ]);
  return {
    line: `the trust bundle of every cluster = ${line}`,
    apply: (fleet) => places.reduce((of, { apply }) => apply(of), [...fleet]),
  };
}

export function otherBundle(name: string, path: Path): Case {
  const one = property("bundle-equal", name, path, "another");
  const other = set("prod-apac-linkerd-trust-roots", ["data", "ca-bundle.crt"], "yet another");
  const beside: Change = {
    line: `${one.broken.line}, ${other.line}`,
    apply: (fleet) => other.apply(one.broken.apply(fleet)),
  };
  return { ...one, beside };
}

/** A resource that the program does not make. */
export function planted(type: string, name: string, spec: object, namespace = "shop"): Change {
  return {
    line: `${type.slice(type.lastIndexOf(":") + 1)} ${name} in prod-us = ${JSON.stringify(spec)}`,
    apply: (fleet) => {
      const server = fleet.find((resource) => resource.name === `${GRANT}-http`);
      if (!server) throw new Error("no Server");
      const inputs = { ...server.inputs, metadata: { name, namespace }, spec };
      return [...fleet, { ...server, type, urn: `${server.urn}-${name}`, name, inputs, outputs: inputs }];
    },
  };
}

/** One planted resource that breaks a rule, and the same with what breaks it unknown. */
export function plantedCase(
  ...[rule, type, name, path, value, spec, namespace]: [
    ...[rule: string, type: string, name: string, path: Path, value: unknown, spec: object],
    namespace?: string,
  ]
): Case {
  const withIt = (value: unknown) => planted(type, name, Object(withValue(spec, path, value)), namespace);
  return { rule, broken: withIt(value), unknown: withIt(UNKNOWN) };
}

/** A case in a fleet that is changed before, in a way that breaks nothing. */
export function beside({ line, apply }: Change, { rule, broken, unknown }: Case): Case {
  const after = (change: Change): Change => ({
    line: `${line}, ${change.line}`,
    apply: (fleet) => change.apply(apply(fleet)),
  });
  return { rule, broken: after(broken), unknown: after(unknown) };
}

/** A policy of the gateway's namespace. */
export function gatewayPolicy(target: string, refs: readonly object[]): Case {
  return plantedCase(
    "callers-authenticated",
    AUTHORIZATION_POLICY,
    "mine",
    ["requiredAuthenticationRefs"],
    refs,
    { targetRef: { group: "policy.linkerd.io", kind: "Server", name: target } },
    "linkerd-multicluster",
  );
}

export function refTo(kind: string, name: string): object {
  return { group: "policy.linkerd.io", kind, name };
}
