import { type Mode, mode as modes } from "../../fleet/config/common";
import { credentialsName, linkName, TOKEN_TYPE } from "../../fleet/config/names";
import { EXPORT_LABEL, ownValue } from "../../fleet/exports/labels";
import { DEFAULT_EXCLUDED_ANNOTATIONS, DEFAULT_EXCLUDED_LABELS } from "../../fleet/links/excludes";
import { needsDestination } from "../../fleet/links/objects";
import type { LinkSpec, ProbeSpec } from "../../fleet/objects/multicluster";
import { LINK, objectName, type Resource, SECRET } from "../resource";
import { type FleetRule, NONE, type ResourceRule } from "../rule";

// Typed by the spec, so that a field that is added there is known here.
const FIELDS: Readonly<Record<keyof LinkSpec, true>> = {
  targetClusterName: true,
  targetClusterDomain: true,
  targetClusterLinkerdNamespace: true,
  clusterCredentialsSecret: true,
  gatewayAddress: true,
  gatewayPort: true,
  gatewayIdentity: true,
  probeSpec: true,
  selector: true,
  remoteDiscoverySelector: true,
  federatedServiceSelector: true,
  excludedAnnotations: true,
  excludedLabels: true,
};
const PROBE_FIELDS: Readonly<Record<keyof ProbeSpec, true>> = {
  path: true,
  port: true,
  period: true,
  failureThreshold: true,
  timeout: true,
};
const SELECTORS = {
  gateway: "selector",
  flat: "remoteDiscoverySelector",
  federated: "federatedServiceSelector",
} as const satisfies Record<Mode, keyof LinkSpec>;

export const linkFields: ResourceRule = {
  name: "link-fields",
  description: "A Link holds no field that its CRD does not know. The API server would drop it silently.",
  severity: "medium",
  remediation: "Correct the spelling, or remove the field.",
  settings: NONE,
  types: LINK,
  *judge({ properties }) {
    const spec = properties.at("spec");
    for (const key of spec.keys) if (!(key in FIELDS)) yield `spec.${key} is no field of a Link`;
    for (const key of spec.at("probeSpec").keys) {
      if (!(key in PROBE_FIELDS)) yield `spec.probeSpec.${key} is no field of a Link`;
    }
  },
};

export const linkSelectors: ResourceRule = {
  name: "link-selectors",
  description: "A Link writes all three of its selectors, and none of them selects every service.",
  severity: "high",
  remediation:
    "Write matchLabels or matchExpressions with In for each; for what must not cross, a label that no service carries.",
  settings: NONE,
  types: LINK,
  *judge({ properties }) {
    for (const selector of Object.values(SELECTORS)) {
      const at = properties.at("spec", selector);
      if (at.isAbsent) yield `spec.${selector} is missing`;
      // Linkerd takes an empty selector for none, every other Kubernetes controller for all.
      else if (
        !at.isUnknown &&
        at.at("matchLabels").keys.length + at.at("matchExpressions").items.length === 0
      ) {
        if (!at.at("matchLabels").isUnknown) yield `spec.${selector} is empty`;
      } else if (at.at("matchLabels").keys.length === 0) {
        const operators = at.at("matchExpressions").items.map((item) => item.at("operator"));
        if (operators.length > 0 && operators.every((operator) => operator.isNot("In"))) {
          yield `spec.${selector} asks for no value of a label`;
        }
      }
    }
  },
};

export const linkNamed: FleetRule = {
  name: "link-named",
  description:
    "A Link selects a service that crosses to named clusters exactly if `to` names the Link's source.",
  severity: "critical",
  remediation: "Name the source in `to` of the service, or remove the value from the Link's selector.",
  settings: NONE,
  *judge(fleet) {
    for (const link of fleet.ofType(LINK)) {
      const [source = "", target] = [link.cluster, link.properties.at("spec", "targetClusterName").text];
      // Services of other stacks are not known here.
      if (!fleet.services || target === undefined || !fleet.clusters.includes(target)) continue;
      for (const mode of modes.options) {
        const [, plain] = EXPORT_LABEL[mode];
        const named = fleet.services
          .filter(
            ({ clusters, modes, to }) =>
              clusters.includes(target) && modes.includes(mode) && !to.at(mode).isAbsent,
          )
          .map((one) => ({ ...one, value: ownValue(mode, one), to: [...one.to.at(mode).texts()] }));
        const values = selectedValues(link, mode);
        if (!values) continue;
        for (const value of values) {
          const of = named.find((one) => one.value === value);
          if (value !== plain && !of) {
            yield { problem: `it selects ${value} (${mode}), which no service of ${target} has`, of: link };
          } else if (of && !of.to.includes(source)) {
            yield {
              problem: `it selects ${of.namespace}/${of.name} (${mode}), which is for ${of.to.join(", ")}`,
              of: link,
            };
          }
        }
        const missing = named.filter(({ to, value }) => to.includes(source) && !values.includes(value));
        for (const { namespace, name } of values.length > 0 ? missing : []) {
          yield {
            problem: `it does not select ${namespace}/${name} (${mode}), which names ${source}`,
            of: link,
          };
        }
      }
    }
  },
};

/**
 * Values of the mode's label that a Link selects: none where it carries nothing of that mode. `undefined`: not known.
 */
function selectedValues({ properties }: Resource, mode: Mode): readonly string[] | undefined {
  const selector = properties.at("spec", SELECTORS[mode]);
  const [key] = EXPORT_LABEL[mode];
  const single = selector.at("matchLabels", key);
  const expressions = selector.at("matchExpressions");
  const lists = expressions.items
    .filter((item) => item.at("key").text === key && item.at("operator").text === "In")
    .map((item) => item.at("values"));
  const values = [single, ...lists.flatMap(({ items }) => items)];
  if ([expressions, ...lists, ...values].some(({ isUnknown }) => isUnknown)) return undefined;
  return values.flatMap(({ text }) => text ?? []);
}

export const linkExcludes: ResourceRule = {
  name: "link-excludes",
  description: "A Link copies no metadata to mirror services that would give them to another owner.",
  severity: "medium",
  remediation:
    "Keep the default excludes; `topology.excludedLabels` and `excludedAnnotations` only add to them.",
  settings: NONE,
  types: LINK,
  *judge({ properties }) {
    const excludes = {
      excludedLabels: DEFAULT_EXCLUDED_LABELS,
      excludedAnnotations: DEFAULT_EXCLUDED_ANNOTATIONS,
    };
    for (const [field, needed] of Object.entries(excludes)) {
      const list = properties.at("spec", field);
      const present = list.items.map((item) => item.text);
      const missing = needed.filter((key) => !list.isUnknown && !present.includes(key));
      if (missing.length > 0) yield `spec.${field} lacks ${missing.join(", ")}`;
    }
  },
};

export const linksDeclared: FleetRule = {
  name: "links-declared",
  description: "The links are exactly those that the stack file declares.",
  severity: "critical",
  remediation: "Declare the link in `topology`, or remove it.",
  settings: NONE,
  *judge(fleet) {
    if (!fleet.links) return;
    const declared = new Set(fleet.links.map(linkName));
    const found = new Set<string>();
    const unsure = new Set<string | undefined>();
    for (const link of fleet.ofType(LINK)) {
      const target = link.properties.at("spec", "targetClusterName");
      if (target.isUnknown) unsure.add(link.cluster);
      if (target.text === undefined) continue;
      const pair = linkName({ source: link.cluster, target: target.text });
      if (!declared.has(pair)) yield { problem: `${pair} is declared nowhere`, of: link };
      found.add(pair);
    }
    for (const link of fleet.links) {
      const pair = linkName(link);
      if (!found.has(pair) && !unsure.has(link.source))
        yield { problem: `${pair} is declared and has no Link` };
    }
  },
};

export const linkNames: FleetRule = {
  name: "link-names",
  description: "A target has one name, for the Link, its credentials and its service-mirror controller.",
  severity: "high",
  remediation: "Give the Link, the Secrets, their label and `controllers[].link.ref.name` the target's name.",
  settings: NONE,
  *judge(fleet) {
    if (!fleet.links) return;
    const declared = new Map(fleet.links.map((link) => [linkName(link), link]));
    const secrets = new Map(
      [...fleet.byCluster(SECRET)].map(([cluster, all]) => {
        // The names of tokens are drawn, so not known in a preview, and no credentials.
        const named = all.filter(({ properties }) => properties.at("type").text !== TOKEN_TYPE);
        return [cluster, Map.groupBy(named, objectName)];
      }),
    );
    const controllers = new Map(
      fleet.releasesOf("multicluster").map((release) => [release.cluster, controllersOf(release)]),
    );
    for (const link of fleet.ofType(LINK)) {
      const target = link.properties.at("spec", "targetClusterName").text;
      // What is not declared is another rule's.
      const one = target === undefined ? undefined : declared.get(linkName({ source: link.cluster, target }));
      if (target === undefined || !one) continue;
      const name = link.properties.at("metadata", "name");
      if (name.isNot(target)) yield { problem: `the Link to ${target} is named ${name.text}`, of: link };
      const secret = credentialsName(target);
      if (link.properties.at("spec", "clusterCredentialsSecret").isNot(secret)) {
        yield { problem: `its credentials are not named ${secret}`, of: link };
      }
      const named = secrets.get(link.cluster);
      const copies = named?.get(secret) ?? [];
      const [wanted, words] = needsDestination(one) ? [2, "two"] : [1, "one"];
      if (copies.length !== wanted && !named?.has(undefined)) {
        yield { problem: `${link.cluster} has ${copies.length} Secrets ${secret}, not ${words}`, of: link };
      }
      for (const copy of copies) {
        const label = copy.properties.at("metadata", "labels", "multicluster.linkerd.io/cluster-name");
        if (label.isNot(target, undefined)) {
          yield { problem: `its label multicluster.linkerd.io/cluster-name is ${label.text}`, of: copy };
        }
      }
      const mirrored = controllers.get(link.cluster);
      if (mirrored && !mirrored.includes(target)) {
        yield { problem: `no service-mirror controller of ${link.cluster} is for ${target}`, of: link };
      }
    }
  },
};

/** The targets its service-mirror controllers are for; `undefined` where that is not known. */
function controllersOf({ properties }: Resource): readonly (string | undefined)[] | undefined {
  const controllers = properties.at("values", "controllers");
  return controllers.isUnknown
    ? undefined
    : controllers.items.map((controller) => controller.at("link", "ref", "name").text);
}
