import { CREDENTIALS_TYPE } from "../access/credentials";
import { ACCESS_ROLES, SCOPES } from "../access/role";
import { GRANT_PREFIX, MULTICLUSTER_NAMESPACE } from "../config/names";
import { EXPORT_KEYS } from "../exports/labels";
import { FOLLOWED, NAMING_LABELS, PROBE_LABEL } from "../links/mirrors";
import type { AdmissionPlan } from "./plan";

/**
 * A ValidatingAdmissionPolicy, `admissionregistration.k8s.io/v1`, as far as it differs between ours. Texts are CEL.
 */
export interface AdmissionPolicy {
  /** Also the name of its binding. */
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly resources: readonly { readonly group: string; readonly resources: readonly string[] }[];
  /** Which requests it is about, by name; what is outside of them costs nothing more. */
  readonly conditions: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly validations: readonly { readonly expression: string; readonly message: string }[];
  /** It warns in every mode. */
  readonly warns?: true;
}

type Operation = "CREATE" | "UPDATE" | "DELETE";

/**
 * Field managers of what this program writes: the Kubernetes provider's own, and the one of our patches. They tell a
 * deployment from a hand at the same rights. They are the client's word, so they are asked for besides the identity.
 */
const PROGRAM = "^(pulumi-kubernetes|linkerd-fleet)";

/** Who deletes what a namespace held; without them no namespace would ever be gone. */
const HOUSEKEEPERS = [
  "system:serviceaccount:kube-system:namespace-controller",
  "system:serviceaccount:kube-system:generic-garbage-collector",
  "system:kube-controller-manager",
];

/**
 * The policies that keep a cluster to its plan. Kubernetes never asks them about admission policies and bindings
 * themselves: anybody who may change those can always correct or remove these.
 */
export function admissionPolicies(plan: AdmissionPlan, stackFile: string): AdmissionPolicy[] {
  return [
    linksPolicy(plan, stackFile),
    exportsPolicy(plan, stackFile),
    accessPolicy(plan, stackFile),
    grantsPolicy(plan, stackFile),
    mirrorsPolicy(plan, stackFile),
  ];
}

function linksPolicy(plan: AdmissionPlan, stackFile: string): AdmissionPolicy {
  return {
    name: "linkerd-fleet-links",
    operations: ["CREATE", "UPDATE"],
    resources: [
      { group: "multicluster.linkerd.io", resources: ["links"] },
      { group: "", resources: ["secrets"] },
    ],
    conditions: {
      "links-and-credentials": `request.kind.kind == 'Link' || object.?type.orValue('') == ${cel(CREDENTIALS_TYPE)}`,
      changed: changed("?spec", "?data", "metadata.?labels", "metadata.?annotations"),
    },
    variables: {
      ...identity(plan),
      what: "request.kind.kind + ' ' + object.metadata.namespace + '/' + object.metadata.name",
      declared: cel(plan.links),
    },
    validations: [
      {
        expression: "variables.operator",
        message: `variables.what + ${cel(` is made from ${stackFile} (linkerd-fleet:topology) and by its operators only, not by `)} + request.userInfo.username`,
      },
      {
        expression: "variables.fleet || variables.what in variables.declared",
        message: `variables.what + ${cel(` is not declared: declare its link in ${stackFile} (linkerd-fleet:topology) and run \`pulumi up\``)}`,
      },
    ],
  };
}

function exportsPolicy(plan: AdmissionPlan, stackFile: string): AdmissionPolicy {
  const labels = "object.metadata.?labels.orValue({})";
  return {
    name: "linkerd-fleet-exports",
    operations: ["CREATE", "UPDATE"],
    resources: [{ group: "", resources: ["services"] }],
    conditions: { crosses: `${cel(EXPORT_KEYS)}.exists(key, key in ${labels})` },
    variables: {
      ...identity(plan),
      service: "object.metadata.namespace + '/' + object.metadata.name",
      declared: cel(plan.exports),
      labels,
      before: "oldObject == null ? {} : oldObject.metadata.?labels.orValue({})",
      // A label that a Service already carried stays, so that its owner can change the rest of it.
      undeclared:
        `${cel(EXPORT_KEYS)}.filter(key, key in variables.labels && ` +
        "variables.labels[key] != variables.before[?key].orValue('')).map(key, key + '=' + variables.labels[key])" +
        ".filter(label, !(variables.service in variables.declared[?label].orValue([])))",
    },
    validations: [
      {
        expression: "variables.fleet || size(variables.undeclared) == 0",
        message:
          "'Service ' + variables.service + ' may not carry ' + variables.undeclared.join(' and ') + " +
          cel(`: list it in ${stackFile} (linkerd-fleet:services) and run \`pulumi up\``),
      },
    ],
  };
}

function accessPolicy(plan: AdmissionPlan, stackFile: string): AdmissionPolicy {
  const roles = cel(SCOPES.map((scope) => ACCESS_ROLES[scope].name));
  return {
    name: "linkerd-fleet-access",
    operations: ["CREATE", "UPDATE", "DELETE"],
    resources: [
      {
        group: "rbac.authorization.k8s.io",
        resources: ["clusterroles", "clusterrolebindings", "rolebindings"],
      },
    ],
    conditions: {
      "access-of-other-clusters": eitherObject(
        `(request.kind.kind == 'ClusterRole' ? it.metadata.name : it.roleRef.name) in ${roles}`,
      ),
      changed: changed("?rules", "?aggregationRule", "?subjects"),
    },
    variables: identity(plan),
    validations: [byTheFleet("what other clusters read here", stackFile, "linkerd-fleet:topology")],
  };
}

/** Policies add up: one that lets callers into a Server of ours widens its grant as much as an edit of it does. */
function grantsPolicy(plan: AdmissionPlan, stackFile: string): AdmissionPolicy {
  const named = (name: string) => `${name}.orValue('').startsWith(${cel(GRANT_PREFIX)})`;
  // Linkerd compares kinds, and names of routes, without regard to case (linkerd2 `policy-controller`,
  // `targets_kind`).
  const kindOf = (ref: string) => `${ref}.?kind.orValue('').lowerAscii()`;
  const guarded = (ref: string, kinds: readonly string[]) =>
    `${kindOf(ref)} in ${cel(kinds)} && ${ref}.?name.orValue('').lowerAscii().startsWith(${cel(GRANT_PREFIX)})`;
  const selector = "object.?spec.?server.?selector";
  const widens = [
    guarded("object.?spec.?targetRef", ["server", "httproute"]),
    named("object.?spec.?server.?name"),
    `object.?spec.?parentRefs.orValue([]).exists(parent, ${guarded("parent", ["server"])})`,
    // Targets a whole namespace that exports a service. A selector with another's label selects no Server of ours.
    `object.metadata.namespace in ${cel(plan.namespaces)} && (` +
      `${kindOf("object.?spec.?targetRef")} == 'namespace' || ` +
      `${selector}.hasValue() && !${selector}.?matchLabels.orValue({}).exists(key, !key.startsWith('linkerd-fleet/')))`,
    // Lets in everybody, and Linkerd follows it in place of ours where it is older and selects the same pods.
    "object.?spec.?accessPolicy.orValue('') == 'audit' && " +
      `string(object.?spec.?port.orValue('')) in ${cel(plan.ports)}[?object.metadata.namespace].orValue([])`,
  ];
  return {
    name: "linkerd-fleet-grants",
    operations: ["CREATE", "UPDATE", "DELETE"],
    resources: [
      {
        group: "policy.linkerd.io",
        resources: [
          "servers",
          "authorizationpolicies",
          "meshtlsauthentications",
          "networkauthentications",
          "serverauthorizations",
          "httproutes",
        ],
      },
      { group: "gateway.networking.k8s.io", resources: ["httproutes", "grpcroutes"] },
    ],
    conditions: {
      "grants-of-the-fleet":
        `${eitherObject(named("it.metadata.?name"))} || ` +
        `object != null && (${widens.map((one) => `(${one})`).join(" || ")})`,
      // By labels others may select a Server; an owner that is gone has the garbage collector delete it.
      changed: changed("?spec", "metadata.?labels", "metadata.?ownerReferences"),
    },
    variables: identity(plan),
    validations: [byTheFleet("who may call an exported service", stackFile, "linkerd-fleet:services")],
  };
}

/** Who writes Endpoints and EndpointSlices of Services, with the metadata that those have. */
const ENDPOINT_CONTROLLERS = ["endpoint", "endpointslice", "endpointslicemirroring"].map(
  (name) => `system:serviceaccount:kube-system:${name}-controller`,
);

/**
 * What says that it comes from another cluster, Linkerd follows, whoever wrote it. The target's gateway takes only
 * what is declared for it, so this one warns: a service mirror that an older install left elsewhere goes on.
 */
function mirrorsPolicy(plan: AdmissionPlan, stackFile: string): AdmissionPolicy {
  const carries = (field: string, keys: readonly string[]) =>
    `${cel(keys)}.exists(key, key in object.metadata.?${field}.orValue({}))`;
  const writers = [...ENDPOINT_CONTROLLERS, "system:kube-controller-manager"];
  return {
    name: "linkerd-fleet-mirrors",
    operations: ["CREATE", "UPDATE"],
    resources: [
      { group: "", resources: ["services", "endpoints"] },
      { group: "discovery.k8s.io", resources: ["endpointslices"] },
    ],
    conditions: {
      "of-other-clusters":
        `${carries("labels", FOLLOWED.labels)} || ${carries("annotations", FOLLOWED.annotations)} || ` +
        `${carries("labels", NAMING_LABELS)} && !${carries("labels", [PROBE_LABEL])}`,
      changed: changed("metadata.?labels", "metadata.?annotations"),
    },
    variables: identity(plan),
    validations: [
      {
        expression:
          `variables.fleet || request.userInfo.username in ${cel(writers)} || ` +
          `request.userInfo.username.startsWith(${cel(`system:serviceaccount:${MULTICLUSTER_NAMESPACE}:`)})`,
        message:
          "request.kind.kind + ' ' + object.metadata.namespace + '/' + object.metadata.name + " +
          cel(
            ` says that it comes from another cluster, as only what the service mirrors of ${stackFile} (linkerd-fleet:topology) make does: it was written by `,
          ) +
          " + request.userInfo.username + ', and `npx fleet verify` tells where it leads'",
      },
    ],
    warns: true,
  };
}

/** `operator`: who deploys the fleet. `fleet`: a write of its program, or a removal, which names no field manager. */
function identity({ operators }: AdmissionPlan): Record<"operator" | "fleet", string> {
  const named = (kind: string) =>
    cel((operators ?? []).filter((who) => who.startsWith(kind)).map((who) => who.slice(kind.length)));
  return {
    operator: operators
      ? `request.userInfo.username in ${named("user:")} || ` +
        `request.userInfo.?groups.orValue([]).exists(group, group in ${named("group:")})`
      : "authorizer.group('admissionregistration.k8s.io').resource('validatingadmissionpolicies').check('update').allowed()",
    fleet:
      "variables.operator && (request.operation == 'DELETE' || " +
      `request.?options.?fieldManager.orValue('').matches(${cel(PROGRAM)}))`,
  };
}

function byTheFleet(
  what: string,
  stackFile: string,
  section: string,
): AdmissionPolicy["validations"][number] {
  const housekeeping = `request.operation == 'DELETE' && request.userInfo.username in ${cel(HOUSEKEEPERS)}`;
  return {
    expression: `variables.fleet || ${housekeeping}`,
    message:
      "request.kind.kind + ' ' + (object == null ? oldObject : object).metadata.name + " +
      cel(` decides ${what}, which only ${stackFile} (${section}) and \`pulumi up\` change, not `) +
      " + request.userInfo.username + ' by hand'",
  };
}

/** Controllers and migrations also write what they do not change, or change metadata only. */
function changed(...fields: string[]): string {
  const differs = fields.map((field) => `object.${field} != oldObject.${field}`);
  return `request.operation != 'UPDATE' || ${differs.join(" || ")}`;
}

/** For an update, both objects: the old one and the new one. */
function eitherObject(condition: string): string {
  return `[object, oldObject].exists(it, it != null && (${condition}))`;
}

/** JSON is CEL. */
function cel(value: string | readonly string[] | AdmissionPlan["exports"]): string {
  return JSON.stringify(value);
}
