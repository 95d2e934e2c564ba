import { linkName } from "../../../fleet/names";
import type { LinkPlan } from "../../../fleet/topology";
import type { Finding, Judgement } from "../finding";
import type { FleetState, Member } from "../read";

/** A question asked of every cluster, link or service. Pure: it looks at nothing but what was read. */
export interface Check {
  /** In a few words, what holds when all is well. */
  readonly name: string;
  readonly judge: (fleet: FleetState) => readonly Judgement[];
}

export function ofClusters(
  name: string,
  judge: (member: Member, fleet: FleetState) => readonly Finding[],
): Check {
  return {
    name,
    judge: (fleet) =>
      [...fleet.members].map(([subject, member]) => ({ subject, findings: judge(member, fleet) })),
  };
}

export interface LinkState {
  readonly link: LinkPlan;
  readonly source: Member;
  readonly target: Member;
}

export function ofLinks(
  name: string,
  judge: (link: LinkState, fleet: FleetState) => readonly Finding[],
): Check {
  return {
    name,
    judge: (fleet) =>
      fleet.plan.links.flatMap((link) => {
        const [source, target] = [fleet.members.get(link.source), fleet.members.get(link.target)];
        if (!source || !target) return [];
        return [{ subject: linkName(link), findings: judge({ link, source, target }, fleet) }];
      }),
  };
}
