import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { linkName } from "../../../fleet/config/names";
import type { LinkPlan } from "../../../fleet/topology/plan";
import type { Finding, Judgement } from "../finding";
import type { FleetState, Member, TargetMember } from "../read";

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
  readonly target: TargetMember;
}

/** Asks of every link that leaves a cluster of the plan, also into a cluster of another stack. */
export function ofLinks(
  name: string,
  judge: (link: LinkState, fleet: FleetState) => readonly Finding[],
): Check {
  return {
    name,
    judge: (fleet) =>
      fleet.plan.links.flatMap((link) => {
        const source = fleet.members.get(link.source);
        const target = fleet.members.get(link.target) ?? fleet.neighbours.get(link.target);
        if (!source || !target) return [];
        const findings = judge({ link, source, target }, fleet);
        return [{ subject: linkName(link), findings: findings.map((one) => across(one, target.cluster)) }];
      }),
  };
}

/** What is wrong at the target, only the target's stack can put right. */
export function across(finding: Finding, { name, stack }: ClusterPlan): Finding {
  if (stack === undefined || finding.severity === "unknown") return finding;
  return {
    ...finding,
    remedy: `${finding.remedy}; for what is wrong in ${name}, in its stack ${stack} first`,
  };
}
