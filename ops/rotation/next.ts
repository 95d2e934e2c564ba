import type { FleetOutputs } from "../../fleet/outputs/schema";
import type { Need } from "../../fleet/trust/readiness";

type Anchors = FleetOutputs["plan"]["anchors"];

/** What the next step of a rotation needs: whole bundles, and identities of anchors that stay. */
export function needOfNextStep(anchors: Anchors): Need {
  return { trusted: anchors.map(({ id }) => id), gone: idsOf(anchors, "retiring"), whole: true };
}

/** The next change in the stack file; `undefined` when no anchor is staged or retiring. */
export function nextStep(anchors: Anchors): string | undefined {
  const [retiring, staged] = [idsOf(anchors, "retiring"), idsOf(anchors, "staged")];
  if (retiring.length > 0) return `remove ${retiring.join(" and ")} from trust.anchors`;
  if (staged.length === 0) return undefined;
  const [active] = idsOf(anchors, "active");
  return `make ${staged.join(" or ")} \`state: active\` and ${active} \`state: retiring\``;
}

function idsOf(anchors: Anchors, state: string): string[] {
  return anchors.filter((anchor) => anchor.state === state).map(({ id }) => id);
}
