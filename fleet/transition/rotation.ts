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

/** For each change of the anchors: what restarts by itself, and what somebody has to restart before the next. */
export function rotationNotes(last: Deployment, next: Deployment): string[] {
  const { added, removed, signing } = anchorStep(last, next);
  const notes: string[] = [];
  if (added.length > 0) {
    notes.push(
      `Trust anchor ${ids(added)} joins the bundle: control planes restart by themselves. Then restart every other ` +
        "meshed pod, in every cluster: a proxy reads the bundle when it starts. `npx fleet rotation` says what is left",
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
      `Trust anchor ${ids(removed)} leaves the bundle: control planes restart by themselves. Other meshed pods trust ` +
        "it until they restart. `npx fleet rotation` says which",
    );
  }
  return notes;
}

function ids(anchors: readonly DeployedAnchor[]): string {
  return anchors.map(({ id }) => id).join(", ");
}
