import { linkName } from "../config/names";
import { versionBlocker } from "../linkerd/versionSkew";
import type { DeployedCluster, Deployment } from "../outputs/schema";
import { anchorStep, signedSince, trustedEverywhere, trusts } from "./rotation";
import type { GuardRule, TransitionRule } from "./schema";

/**
 * The transition guard. A safe plan may be unsafe to reach in one step. The guard compares the last complete
 * deployment with the next one and refuses the steps that would cut traffic, each with the safe path.
 */

export interface Refusal<R extends GuardRule = GuardRule> {
  readonly rule: R;
  /** The cluster, link or anchor, as a person calls it. */
  readonly what: string;
  /** The consequence of the step. */
  readonly why: string;
  /** How to get there safely. */
  readonly path: string;
}

type Rule = (last: Deployment, next: Deployment) => Omit<Refusal, "rule">[];

const RULES: Readonly<Record<TransitionRule, Rule>> = {
  "drop-signing-anchor": dropSigningAnchor,
  "switch-anchor-early": switchAnchorEarly,
  "two-anchor-steps": twoAnchorSteps,
  "remove-undrained-link": removeUndrainedLink,
  "lose-link": loseLink,
  "remove-undrained-cluster": removeUndrainedCluster,
  "rename-cluster": (last, next) =>
    renames(last, next).map(({ from, to }) => ({
      what: `cluster ${from}, now ${to}`,
      why:
        "they are one cluster (same API server or context), and a name is for good: Links, credentials and mirror " +
        "services carry it. Everything would be made a second time in that cluster and then deleted, Linkerd with it",
      path:
        "keep the name; or set the old one's `state: draining` and deploy, remove it and deploy, then add it under " +
        "the new name",
    })),
  "change-trust-domain": changes("trust domain", ({ trustDomain }) => trustDomain, {
    why: "it is part of the identity of every pod: grants stop matching, and running proxies trust no new identity",
    setting: "trustDomain",
  }),
  "change-cluster-domain": changes("cluster domain", ({ clusterDomain }) => clusterDomain, {
    why: "it is part of the name of every service: what other clusters mirror from here would resolve to nothing",
    setting: "clusterDomain",
  }),
  "change-namespace": changes("control-plane namespace", (cluster) => cluster.controlPlaneNamespace, {
    why: "it is part of the identity of every pod, and the control plane would be installed anew beside the old one",
    setting: "linkerd.namespace",
  }),
  "version-skew": versionSkew,
};

/** Every unsafe step from one deployment to the next, in the order of the rules. */
export function judgeTransition(last: Deployment, next: Deployment): Refusal<TransitionRule>[] {
  return Object.entries(RULES).flatMap(([name, rule]) =>
    rule(last, next).map((refusal) => ({ rule: name as TransitionRule, ...refusal })),
  );
}

const ROTATE =
  "add the new anchor as `staged`, deploy, restart the meshed pods (a proxy reads the bundle when it starts); make it " +
  "`active` and the old one `retiring`, deploy; when each pod has an identity of the new issuer (24 h, or another " +
  "restart), remove the old one";

/**
 * Only a `retiring` anchor may go. A `staged` one has signed nothing as far as the last complete deployment knows,
 * but a later `up` that failed half-way may have made it active in some clusters.
 */
function dropSigningAnchor(last: Deployment, next: Deployment): ReturnType<Rule> {
  return last.plan.anchors
    .filter((anchor) => !trusts(next, anchor))
    .flatMap((anchor) => {
      const { id, state } = anchor;
      const kept = clustersOfBoth(last, next).filter(([, before]) => before.issuerAnchor === id);
      if (state === "retiring" && !signedSince(last, anchor)) {
        return kept.map(([cluster]) => ({
          what: `trust anchor ${id}`,
          why: `it signed the issuer of ${cluster} as last deployed: its pods would be trusted by no other any more`,
          path: `remove \`clusters.${cluster}.issuer\`, deploy, restart the meshed pods there, then remove the anchor`,
        }));
      }
      const replaced = next.plan.anchors.some((other) => other.id === id);
      const what = `trust anchor ${id}${replaced ? ", by giving it another certificate" : ""}`;
      return anchor.state === "active"
        ? {
            what,
            why: "it signs the issuer of every cluster: no pod would be trusted by another any more",
            path: ROTATE,
          }
        : {
            what,
            why: "an interrupted deployment may have signed issuers with it",
            path: "make it `retiring`, deploy until nothing fails, then remove it",
          };
    });
}

/** The bundle of the last complete deployment is in every cluster, but for what failed deployments took out since. */
function switchAnchorEarly(last: Deployment, next: Deployment): ReturnType<Rule> {
  return next.plan.anchors
    .filter((anchor) => anchor.state === "active" && !trustedEverywhere(last, anchor))
    .map(({ id }) => ({
      what: `trust anchor ${id}`,
      why: "it would sign issuers before the clusters trust it: pods with new identities would be refused by the others",
      path: ROTATE,
    }));
}

/** Skips the steps that the other two rules refuse: only a staged anchor may sign, only a retiring one may go. */
function twoAnchorSteps(last: Deployment, next: Deployment): ReturnType<Rule> {
  const { added, removed, signing } = anchorStep(last, next);
  const steps = [
    ...added.filter(({ state }) => state !== "active").map(({ id }) => `add ${id}`),
    ...(signing && trusts(last, signing) ? [`sign with ${signing.id}`] : []),
    ...removed.filter(({ state }) => state === "retiring").map(({ id }) => `remove ${id}`),
  ];
  if (new Set(steps.map((step) => step.split(" ")[0])).size < 2) return [];
  return [
    {
      what: `trust anchors: ${steps.join(", ")}`,
      why: "each of these needs pods to restart after it and before the next: a pod that missed one is cut off",
      path: "do them one by one, each in a deployment of its own; `npx fleet rotation` says when the next may follow",
    },
  ];
}

function removeUndrainedLink(last: Deployment, next: Deployment): ReturnType<Rule> {
  const kept = new Set(next.links.map(linkName));
  return (
    last.links
      // Clusters that go are another rule's; what leads to another stack's cluster is told here.
      .filter(
        ({ source, target }) =>
          next.plan.clusters[source] && (next.plan.clusters[target] || !last.plan.clusters[target]),
      )
      .filter((link) => link.state === "active" && !kept.has(linkName(link)))
      .map((link) => ({
        what: `link ${linkName(link)}`,
        why: "what the source mirrors through it stays behind, and nobody updates it: callers fail sooner or later",
        path:
          "list it in `topology.links` with `state: draining`, deploy, see with `npx fleet drain` that the source holds " +
          "no service of that target any more, then remove it",
      }))
  );
}

/** A link into another stack cannot be kept without that stack's cross-stack outputs. */
function loseLink(last: Deployment, next: Deployment): ReturnType<Rule> {
  const pending = new Set(next.links.filter(({ state }) => state === "pending").map(linkName));
  return last.links
    .filter((link) => link.state === "active" && pending.has(linkName(link)))
    .map((link) => ({
      what: `link ${linkName(link)}`,
      why:
        "the stack of its target does not hand over its access any more: the Link would be deleted, and what the " +
        "source mirrors through it would stay behind, with nobody to update it",
      path: "deploy that stack again; or list the link in `topology.links` with `state: draining` and deploy first",
    }));
}

/** A cluster is drained when all its links are. */
function removeUndrainedCluster(last: Deployment, next: Deployment): ReturnType<Rule> {
  const undrained = new Set(
    last.links.filter(({ state }) => state === "active").flatMap(({ source, target }) => [source, target]),
  );
  const renamed = new Set(renames(last, next).map(({ from }) => from));
  return Object.keys(last.plan.clusters)
    .filter((name) => !next.plan.clusters[name] && undrained.has(name) && !renamed.has(name))
    .map((name) => ({
      what: `cluster ${name}`,
      why: "until now, the other clusters mirror its services, or it mirrors theirs: callers fail",
      path:
        "set its `state: draining`, deploy, see with `npx fleet drain` that no other cluster holds a service of it any " +
        "more, then remove it. For a cluster that is gone for good, run `npx fleet state remove-cluster` and use `allowUnsafe`",
    }));
}

/** New names of clusters that were deployed under another name and no longer are. */
function renames(last: Deployment, next: Deployment): { from: string; to: string }[] {
  const before = Object.entries(last.plan.clusters).flatMap(([name, cluster]) =>
    addresses(cluster).map((address) => [address, name] as const),
  );
  const known = new Map(before);
  return Object.entries(next.plan.clusters).flatMap(([to, cluster]) => {
    if (last.plan.clusters[to] && addresses(cluster).some((address) => known.get(address) === to)) return [];
    const from = addresses(cluster)
      .map((address) => known.get(address))
      .find((name) => name !== undefined && name !== to && isGone(name, last, next));
    return from === undefined ? [] : [{ from, to }];
  });
}

/** Whether no cluster of that name stands at one of its addresses any more. */
function isGone(name: string, last: Deployment, next: Deployment): boolean {
  const [before, after] = [last.plan.clusters[name], next.plan.clusters[name]];
  if (!before || !after) return true;
  return !addresses(before).some((address) => addresses(after).includes(address));
}

function addresses({ apiServer, context, kubeconfig }: DeployedCluster): string[] {
  return context === undefined ? [apiServer] : [apiServer, JSON.stringify([kubeconfig, context])];
}

/** A rule for what a cluster keeps as long as it is in the fleet. */
function changes(
  name: string,
  of: (cluster: DeployedCluster) => string,
  words: { readonly why: string; readonly setting: string },
): Rule {
  return (last, next) =>
    clustersOfBoth(last, next)
      .filter(([, before, after]) => of(before) !== of(after))
      .map(([cluster, before, after]) => ({
        what: `${name} of cluster ${cluster}, from ${of(before)} to ${of(after)}`,
        why: words.why,
        path:
          `set \`clusters.<name>.${words.setting}\` to what it was; or set the cluster's \`state: draining\` and ` +
          "deploy, remove the cluster and deploy, then add it with the new one and restart its meshed pods",
      }));
}

function versionSkew(last: Deployment, next: Deployment): ReturnType<Rule> {
  return clustersOfBoth(last, next).flatMap(([cluster, before, after]) =>
    (["crds", "controlPlane", "multicluster"] as const).flatMap((chart) => {
      const [from, to] = [before.charts[chart], after.charts[chart]];
      const blocker = versionBlocker(from, to);
      if (!blocker) return [];
      return [
        {
          what: `${chart} chart of cluster ${cluster}, from ${from} to ${to}`,
          why: `it ${blocker}: proxies may be one major release behind their control plane, and never ahead of it`,
          path: blocker.startsWith("jumps")
            ? "deploy a version in between and restart the meshed pods, then go on"
            : "stay, or go on to a version that works; or set the cluster's `state: draining` and deploy, remove " +
              "it and deploy, then add it with that version and restart its meshed pods",
        },
      ];
    }),
  );
}

function clustersOfBoth(
  last: Deployment,
  next: Deployment,
): (readonly [name: string, before: DeployedCluster, after: DeployedCluster])[] {
  return Object.entries(last.plan.clusters).flatMap(([name, before]) => {
    const after = next.plan.clusters[name];
    return after ? [[name, before, after] as const] : [];
  });
}
