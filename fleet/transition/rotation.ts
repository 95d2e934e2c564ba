import type { DeployedAnchor, Deployment } from "../outputs/schema";

/** An id with another certificate is another anchor. */
function find(anchors: readonly DeployedAnchor[], anchor: DeployedAnchor): DeployedAnchor | undefined {
  return anchors.find(({ id, certificate }) => id === anchor.id && certificate === anchor.certificate);
}

export function trusts(deployment: Deployment, anchor: DeployedAnchor): boolean {
  return find(deployment.plan.anchors, anchor) !== undefined;
}

/** Whether every cluster does, also one that was reached by a deployment that failed since. */
export function trustedEverywhere(last: Deployment, anchor: DeployedAnchor): boolean {
  return trusts(last, anchor) && last.unfinished.every((anchors) => find(anchors, anchor));
}

/** Whether an anchor that does not sign, so far as the last complete deployment knows, may have signed since. */
export function signedSince(last: Deployment, anchor: DeployedAnchor): boolean {
  return last.unfinished.some((anchors) => find(anchors, anchor)?.state === "active");
}

/** The changes of a step to the anchors of the fleet. */
export interface AnchorStep {
  readonly added: readonly DeployedAnchor[];
  readonly removed: readonly DeployedAnchor[];
  /** The anchor that signs from now on, if it is another than before. */
  readonly signing: DeployedAnchor | undefined;
}

export function anchorStep(last: Deployment, next: Deployment): AnchorStep {
  const active = (of: Deployment) => of.plan.anchors.find(({ state }) => state === "active");
  const [before, after] = [active(last), active(next)];
  const same = before?.id === after?.id && before?.certificate === after?.certificate;
  return {
    added: next.plan.anchors.filter((anchor) => !trusts(last, anchor)),
    removed: last.plan.anchors.filter((anchor) => !trusts(next, anchor)),
    signing: same ? undefined : after,
  };
}

/** The part of a step that needs every pod to have restarted before. */
export interface AnchorMove {
  /** Anchors that begin to sign the issuer of some cluster. */
  readonly signing: readonly DeployedAnchor[];
  readonly removed: readonly DeployedAnchor[];
  /** Those that sign some issuer after the step. */
  readonly signers: readonly DeployedAnchor[];
}

/**
 * What is left to the pods where the last deployment allows a step. The rules that compare deployments judge the
 * other steps. What an unfinished deployment has begun is not held up: the pods were judged before it, and half of it
 * is worse.
 */
export function anchorMove(last: Deployment, next: Deployment): AnchorMove | undefined {
  const signerOf = ({ plan }: Deployment, cluster: string) => {
    const given = plan.clusters[cluster]?.issuerAnchor;
    return plan.anchors.find(({ id, state }) => (given === undefined ? state === "active" : id === given));
  };
  const moved = Object.keys(last.plan.clusters).flatMap((cluster) => {
    const [before, after] = [signerOf(last, cluster), signerOf(next, cluster)];
    if (!next.plan.clusters[cluster] || !after || !trusts(last, after)) return [];
    return [{ after, begins: before !== undefined && !find([before], after) && !signedSince(last, after) }];
  });
  const isBegun = (anchor: DeployedAnchor) => last.unfinished.some((anchors) => !find(anchors, anchor));
  const signing = unique(moved.filter(({ begins }) => begins).map(({ after }) => after));
  const removed = last.plan.anchors.filter(
    (anchor) =>
      anchor.state === "retiring" && !trusts(next, anchor) && !signedSince(last, anchor) && !isBegun(anchor),
  );
  if (signing.length + removed.length === 0) return undefined;
  return { signing, removed, signers: unique(moved.map(({ after }) => after)) };
}

function unique(anchors: readonly DeployedAnchor[]): DeployedAnchor[] {
  return anchors.filter((anchor, at) => find(anchors.slice(0, at), anchor) === undefined);
}

/** For each change of the anchors: what restarts by itself, and what somebody has to restart before the next. */
export function rotationNotes(last: Deployment, next: Deployment): string[] {
  const { added, removed, signing } = anchorStep(last, next);
  const notes: string[] = [];
  if (added.length > 0) {
    notes.push(
      `Trust anchor ${ids(added)} joins the bundle: control planes restart by themselves, and what \`restart\` selects ` +
        "after them. Then restart every other meshed pod, in every cluster: a proxy reads the bundle when it starts. " +
        "`npx fleet rotation` says what is left",
    );
  }
  if (signing && last.plan.anchors.length > 0) {
    notes.push(
      `Trust anchor ${signing.id} signs the issuers from now on: nothing has to restart for it. Each pod has an ` +
        "identity of the new issuer after 24 h, or when it restarts two minutes or more after this update. " +
        "`npx fleet rotation` says when the anchor before it may go",
    );
  }
  if (removed.length > 0) {
    notes.push(
      `Trust anchor ${ids(removed)} leaves the bundle: control planes restart by themselves, and what ` +
        "`restart` selects after them. Other meshed pods trust it until they restart. `npx fleet rotation` says which",
    );
  }
  return notes;
}

function ids(anchors: readonly DeployedAnchor[]): string {
  return anchors.map(({ id }) => id).join(", ");
}
