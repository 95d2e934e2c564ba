import { type Deployment, type RawOutputs, readOutput } from "../outputs/schema";
import { splitBundle } from "../trust/bundle";
import { judgeReadiness, type KnownAnchor, type Need, type SeenTrust } from "../trust/readiness";
import type { Refusal } from "./judge";
import { type StepJudgement, told } from "./refusals";
import { anchorMove, trusts } from "./rotation";
import type { GuardRule } from "./schema";

/** The rule that asks the clusters: where an anchor moves, every pod has to have restarted before. */
export const LOOKS = "rotate-before-ready" satisfies GuardRule;

/** A move of the anchors, and what to ask which clusters before it. */
export interface RotationStep {
  readonly need: Need;
  /** Those of the last deployment; `undefined` where its outputs do not have them. */
  readonly anchors: readonly KnownAnchor[] | undefined;
  /** By name, all that the last deployment reached and that stay: their control planes' namespaces. */
  readonly clusters: Readonly<Record<string, string>>;
  readonly allowUnsafe: readonly GuardRule[];
}

/** What to ask the clusters before a step; `undefined` where no anchor moves. */
export function rotationStep(
  outputs: RawOutputs,
  last: Deployment,
  next: Deployment,
  allowUnsafe: readonly GuardRule[],
): RotationStep | undefined {
  const move = anchorMove(last, next);
  if (move === undefined) return undefined;
  const { signing, removed, signers } = move;
  const trusted = removed.length > 0 ? signers : signing;
  const ran = readOutput(outputs, "plan");
  const reached = { ...ran?.clusters, ...last.plan.clusters };
  return {
    need: { trusted: trusted.map(({ id }) => id), gone: removed.map(({ id }) => id), whole: false },
    anchors:
      ran && [...trusted, ...removed].every((anchor) => trusts({ ...last, plan: ran }, anchor))
        ? knownAnchors(ran.anchors, readOutput(outputs, "trustBundle") ?? "")
        : undefined,
    clusters: Object.fromEntries(
      Object.keys(reached).flatMap((name) => {
        const cluster = next.plan.clusters[name];
        return cluster ? [[name, cluster.controlPlaneNamespace] as const] : [];
      }),
    ),
    allowUnsafe: allowUnsafe.filter((rule) => rule === LOOKS),
  };
}

/** The anchors of a deployment with their certificates: its outputs list both in the order of the bundle. */
export function knownAnchors(
  anchors: Deployment["plan"]["anchors"],
  trustBundle: string,
): readonly KnownAnchor[] | undefined {
  const certificates = splitBundle(trustBundle);
  if (certificates.length !== anchors.length) return undefined;
  return anchors.map(({ id }, at) => ({ id, pem: certificates[at] ?? "" }));
}

/** Judges the step by what the clusters hold. `seen`: by name; one that is not among them was not to be asked. */
export function guardRotation(
  step: RotationStep,
  seen: ReadonlyMap<string, SeenTrust>,
  now: Date,
): StepJudgement {
  const { need, anchors, clusters, allowUnsafe } = step;
  const names = Object.keys(clusters);
  const skipped = names.filter((name) => !seen.has(name));
  const warnings =
    skipped.length === 0
      ? []
      : [
          `Whether the pods of ${skipped.join(", ")} are ready for this step was not checked; \`pulumi up\` does`,
        ];
  const { progress, blockers } = judgeReadiness(anchors ?? [], need, seen, now);
  const found = anchors
    ? blockers.map(({ cluster, what, fix }): Refusal => refusal(need, `${cluster}: ${what}`, fix))
    : [
        refusal(
          need,
          "the stack's outputs do not have the anchors of the last deployment, so that no pod can be judged",
          "leave the anchors as they were, and run `pulumi up` until nothing fails",
        ),
      ];
  const judged = told(found, skipped.length > 0 && found.length === 0 ? [] : allowUnsafe);
  const pods = Object.values(progress).reduce((sum, { pods }) => sum + (pods?.of ?? 0), 0);
  return {
    notes:
      found.length > 0 || seen.size === 0
        ? []
        : [`All ${pods} meshed pods of ${[...seen.keys()].join(", ")} are ready for this step`],
    ...judged,
    warnings: [...warnings, ...judged.warnings],
  };
}

function refusal({ trusted, gone }: Need, what: string, fix: string): Refusal {
  const why =
    gone.length > 0
      ? `a pod with an identity of ${gone.join(", ")} is refused by each pod that does not trust it any more`
      : `a pod that does not trust ${trusted.join(", ")} refuses each pod with an identity of it`;
  return { rule: LOOKS, what, why, path: `${fix}; \`npx fleet rotation --watch\` ends when all are ready` };
}
