import { bindingName } from "../../../fleet/access/objects";
import type { AccessPlan } from "../../../fleet/access/plan";
import { ACCESS_ROLES, accessScope } from "../../../fleet/access/role";
import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { accessName, credentialsName, linkName, MULTICLUSTER_NAMESPACE } from "../../../fleet/config/names";
import { needsDestination } from "../../../fleet/links/objects";
import type { AccessSummary } from "../../../fleet/outputs/schema";
import type { Binding, Token } from "../../../live/shapes";
import { entry, named, readCertificates } from "../certificates";
import { parseCredentials } from "../credentials";
import { differences } from "../differences";
import { drifted, type Finding, kubectlOf, undeclared, whenReadable } from "../finding";
import { tokenOf } from "../read";
import { compareRights } from "../rights";
import { ofClusters, ofLinks } from "./check";

export const accessChecks = [
  ofLinks("the credentials lead to their target", ({ link, source, target }) =>
    whenReadable(
      {
        destination: source.found.destinationCredentials,
        serviceMirror: source.found.mirrorCredentials,
        clusterCa: target.found.clusterCa,
      },
      ({ destination = [], serviceMirror = [], clusterCa }) => {
        const name = credentialsName(link.target);
        const copies = [
          ...(needsDestination(link)
            ? [
                {
                  copy: `the Secret ${source.cluster.controlPlaneNamespace}/${name}`,
                  secret: named(destination, name),
                },
              ]
            : []),
          { copy: `the Secret ${MULTICLUSTER_NAMESPACE}/${name}`, secret: named(serviceMirror, name) },
        ];
        const ca = fingerprints(target.cluster.ca ?? clusterCa?.data["ca.crt"]);
        const findings = copies.flatMap(({ copy, secret }): Finding[] => {
          // That it is missing, the check of the link says.
          if (!secret) return [];
          const found = parseCredentials(secret);
          if (!found) return [drifted(`${copy} holds no kubeconfig with one cluster and one token`)];
          const faults = [
            ...(found.server === target.cluster.apiServer ? [] : [`leads to ${found.server}`]),
            ...(found.tlsServerName === target.cluster.tlsServerName
              ? []
              : [`expects a certificate for ${found.tlsServerName ?? "the server's host"}`]),
            ...(fingerprints(Buffer.from(found.caData, "base64").toString("utf8")) === ca
              ? []
              : [`trusts another CA than that of ${link.target}`]),
            ...(found.user === accessName(link.source) ? [] : [`is for the user ${found.user}`]),
          ];
          return faults.map((fault) => drifted(`${copy} ${fault}`));
        });
        const contents = new Set(copies.map(({ secret }) => entry(secret, "kubeconfig")));
        if (findings.length === 0 && contents.size > 1 && copies.every(({ secret }) => secret)) {
          return [drifted("the two copies of the credentials hold different tokens")];
        }
        return findings;
      },
    ),
  ),
  ofLinks("the access works, and gives no more than it must", ({ link, target }, fleet) =>
    whenReadable(
      {
        accounts: target.found.accounts,
        clusterBindings: target.found.clusterBindings,
        bindings: target.found.bindings,
        roles: target.found.accessRoles,
      },
      ({ accounts = [], clusterBindings = [], bindings = [], roles = [] }) => {
        const name = accessName(link.source);
        const at = `of ${link.target}`;
        // What is missing, or not bound, the check of the accesses says.
        if (!named(accounts, name)) return [];
        const scope = accessScope(link.modes);
        const role = ACCESS_ROLES[scope].name;
        const bound = [...clusterBindings, ...bindings].filter((binding) => isFor(binding, name));
        const isOurs = ({ metadata, roleRef }: Binding) =>
          metadata.name === bindingName(name, scope) &&
          metadata.namespace === "" &&
          differences({ kind: "ClusterRole", name: role }, roleRef).length === 0;
        if (!bound.some(isOurs)) return [];
        const others = bound.filter((binding) => !isOurs(binding));
        if (others.length > 0) {
          return others.map(({ metadata, roleRef }) => {
            const kind = metadata.namespace === "" ? "clusterrolebinding" : "rolebinding";
            const where = metadata.namespace === "" ? "" : ` -n ${metadata.namespace}`;
            return undeclared(
              `${name} ${at} is also bound to the ${roleRef.kind} ${roleRef.name}, by ${kind} ${metadata.name}`,
              target.cluster,
              `delete ${kind}${where} ${metadata.name}`,
            );
          });
        }
        const rights = fleet.rights.get(linkName(link)) ?? { state: "missing" };
        if (rights.state === "failed" && rights.why === "denied") {
          return [drifted(`${link.target} does not take the token of ${link.source} any more`)];
        }
        return whenReadable({ rights }, ({ rights: found }) => {
          // Without credentials there is no token to try: their own check says so.
          if (!found) return [];
          // Against the role as it is: whether that is as planned is asked once for the cluster.
          const difference = compareRights(named(roles, role)?.rules ?? [], found.resourceRules);
          return difference === undefined ? [] : [drifted(`the token of ${link.source} ${difference}`)];
        });
      },
    ),
  ),
  ofClusters("no access has a token that is not planned", ({ cluster, found }, { plan, outputs, members }) =>
    whenReadable({ tokens: found.accessTokens }, ({ tokens = [] }) => {
      const held = Map.groupBy(tokens, ({ metadata }) => metadata.annotations[ACCOUNT_OF_TOKEN]);
      return plan.accesses
        .filter(({ target }) => target === cluster.name)
        .flatMap((access) => {
          const { source, target, serviceAccount } = access;
          const own = held.get(serviceAccount) ?? [];
          const last = outputs.accesses.find((one) => one.source === source && one.target === target);
          const { tokens: kept, leaving = [] }: Pick<AccessSummary, "tokens" | "leaving"> = last ?? access;
          const count = kept.length + leaving.length;
          if (own.length <= count) return [];
          return spareTokens(access, own, count, tokenOf(members.get(source), target), cluster);
        });
    }),
  ),
];

/** On the Secret of a token (Kubernetes `core/v1`, `ServiceAccountNameKey`). */
const ACCOUNT_OF_TOKEN = "kubernetes.io/service-account.name";

/**
 * What is beyond the `count` that the last deployment left. Names of tokens are drawn: the planned one is known by its
 * content, if its source can be read.
 */
function spareTokens(
  { source, serviceAccount }: AccessPlan,
  own: readonly Token[],
  count: number,
  inUse: string | undefined,
  cluster: ClusterPlan,
): Finding[] {
  const found = (message: string, names: string, besides = ""): Finding => {
    const remedy = `\`${kubectlOf(cluster)} delete secret -n ${MULTICLUSTER_NAMESPACE} ${names}\`${besides}`;
    return { severity: "error", message, remedy, runbook: "undeclared" };
  };
  const unused = own.filter(({ data }) => Buffer.from(data.token, "base64").toString() !== inUse);
  if (count === 1 && unused.length === own.length - 1) {
    return unused.map(({ metadata: { name } }) => {
      const what = `the Secret ${MULTICLUSTER_NAMESPACE}/${name} holds a token of ${serviceAccount}`;
      return found(`${what} that ${source} does not use`, name);
    });
  }
  const names = own.map(({ metadata }) => metadata.name).sort();
  const message = `${serviceAccount} has ${own.length} tokens instead of ${count}: ${names.join(", ")}`;
  return [found(message, names.join(" "), ", without those that `pulumi stack --show-ids` lists")];
}

/**
 * By each name that RBAC knows it under (Kubernetes `pkg/registry/rbac/validation/rule.go`, `appliesToUser`), but for the
 * groups of every ServiceAccount: what all pods of a cluster may do is the cluster's own decision.
 */
function isFor({ subjects }: Binding, serviceAccount: string): boolean {
  return subjects.some(({ kind, name, namespace }) => {
    if (kind === "User") return name === `system:serviceaccount:${MULTICLUSTER_NAMESPACE}:${serviceAccount}`;
    if (kind === "Group") return name === `system:serviceaccounts:${MULTICLUSTER_NAMESPACE}`;
    return kind === "ServiceAccount" && name === serviceAccount && namespace === MULTICLUSTER_NAMESPACE;
  });
}

function fingerprints(pem: string | undefined): string | undefined {
  return readCertificates(pem)
    ?.map(({ fingerprint256 }) => fingerprint256)
    .sort()
    .join();
}
