import { ACCESS_ROLES, SCOPES } from "../../../fleet/access/role";
import {
  neighbourObjects,
  OBJECT_CONCEPTS,
  type ObjectConcept,
  type ObjectGroup,
} from "../../../fleet/clusterObjects";
import type { ClusterPlan } from "../../../fleet/clusters/plan";
import { EXPORT_KEYS } from "../../../fleet/exports/labels";
import { type Deviation, deviations, type Expected, type LiveObject, type Wanted } from "../compare";
import { drifted, type Finding, notWorking, whenReadable } from "../finding";
import { objectKey } from "../objects";
import type { FleetState } from "../read";
import { compareRights, readRules } from "../rights";
import { wantedObjects } from "../wanted";
import { across, type Check } from "./check";

/** An object that is wanted, for which subject, and in which cluster. */
interface Asked {
  readonly object: Wanted;
  readonly group: ObjectGroup<Expected>;
  readonly cluster: ClusterPlan;
}

/** How a check speaks of its objects, where that is not as of all others. `undefined`: as of all others. */
interface Words {
  /** The name of the check, as a statement that holds when all is well. */
  readonly check: string;
  /** For people, with its kind. */
  readonly called?: (asked: Asked) => string;
  readonly missing?: (asked: Asked) => readonly Finding[] | undefined;
  readonly differs?: (asked: Asked, deviation: Deviation) => readonly Finding[] | undefined;
  /** Differences that the comparison of planned fields cannot find. */
  readonly more?: (asked: Asked, live: LiveObject) => readonly Deviation[];
}

const bare = ({ object }: Asked) => `the ${object.kind} ${String(object.metadata.name)}`;

/** Every concept with objects has a check: what it makes cannot stay unverified. */
const WORDS: Readonly<Record<ObjectConcept, Words>> = {
  linkerd: { check: "Linkerd's namespaces and Secrets are as planned" },
  trust: {
    check: "what holds the certificates is as planned",
    called: bare,
    // The checks of the certificates say it.
    missing: ({ object: { kind } }) => (kind === "Secret" || kind === "ConfigMap" ? [] : undefined),
    differs: (_, { at }) => (/^data\.(tls\.(crt|key)|ca-bundle\.crt)$/.test(at) ? [] : undefined),
  },
  clusters: { check: "namespaces and restarts are as planned", missing: foreign },
  access: {
    check: "the accesses are as planned",
    called: (asked) =>
      asked.object.kind === "ClusterRole" ? bare(asked) : `${bare(asked)} of ${asked.cluster.name}`,
    missing: (asked) => {
      const { kind } = asked.object;
      if (kind === "ClusterRoleBinding") return [unbound(asked)];
      if (kind !== "Secret") return undefined;
      return [drifted(`no Secret of ${asked.cluster.name} holds the token of this access, as planned`)];
    },
    differs: (asked, { at, found }) => {
      if (at.startsWith("roleRef") || at.startsWith("subjects")) return [unbound(asked)];
      if (at !== "rules") return undefined;
      const role = SCOPES.map((scope) => ACCESS_ROLES[scope]).find(
        ({ name }) => name === asked.object.metadata.name,
      );
      const difference = compareRights(role?.rules ?? [], readRules(found));
      return [drifted(`who holds the ClusterRole ${role?.name} ${difference}`)];
    },
  },
  links: {
    check: "the Link and its credentials are as planned",
    called: (asked) => (asked.object.kind === "Link" ? bare(asked) : called(asked)),
    missing: (asked) =>
      asked.object.kind === "Secret"
        ? [drifted(`${called(asked)} is missing, or of another type`)]
        : undefined,
  },
  gateways: {
    check: "the gateway's own objects are as planned",
    // The check of the gateway says that somebody else's object is missing.
    missing: (asked) => {
      if (asked.object.patch) return [];
      return isCallers(asked.object) ? [drifted(`${bare(asked)} of the gateway is missing`)] : undefined;
    },
    differs: (asked) =>
      isCallers(asked.object)
        ? [drifted(`${bare(asked)} of the gateway lets others in than planned`)]
        : undefined,
  },
  exports: {
    check: "the declared services are exported",
    missing: foreign,
    differs: (asked, { part, at, found }) => {
      if (part !== "label") return undefined;
      return [
        drifted(
          found === undefined
            ? `${called(asked)} lacks the label ${at}`
            : `${called(asked)} has the label ${at} as "${String(found)}"`,
        ),
      ];
    },
    // One that is not wanted, too, lets it cross.
    more: ({ object }, { metadata: { labels } }) =>
      EXPORT_KEYS.filter((key) => key in labels && !(key in (object.metadata.labels ?? {}))).map((at) => ({
        part: "label",
        at,
        found: labels[at],
      })),
  },
  grants: { check: "the grants are as planned", called: bare },
  traffic: { check: "requests are divided as planned" },
  admission: { check: "the admission policies are as planned", called: bare },
  observability: { check: "metrics, alerts and dashboards are as planned" },
};

export const objectChecks: readonly Check[] = OBJECT_CONCEPTS.map((concept) => ({
  name: WORDS[concept].check,
  judge: (fleet) => {
    const own = [...fleet.members.values()].flatMap((member) =>
      wantedObjects(fleet, member).map((group) => ({ group, cluster: member.cluster })),
    );
    const others = fleet.plan.neighbours.flatMap((cluster) =>
      neighbourObjects(fleet.plan, cluster).map((group) => ({ group, cluster })),
    );
    return [...own, ...others]
      .filter(({ group }) => group.concept === concept && group.objects.length > 0)
      .map(({ group, cluster }) => ({
        subject: group.subject,
        findings: judgeGroup(fleet, group, cluster).map((finding) => across(finding, cluster)),
      }));
  },
}));

function judgeGroup(
  { objects }: FleetState,
  group: ObjectGroup<Expected>,
  cluster: ClusterPlan,
): readonly Finding[] {
  const asked = group.objects.map((object) => ({ object, group, cluster }));
  const keys = asked.map(({ object }) => objectKey(group, object));
  const reads = keys.map((key) => [key, objects.get(cluster.name)?.get(key) ?? NOT_READ] as const);
  return whenReadable(Object.fromEntries(reads), (found) =>
    asked.flatMap((one, at) => judgeObject(one, found[keys[at] ?? ""])),
  );
}

/** A gap here is a defect of ours, and must not look as if all were well. */
const NOT_READ = { state: "failed", why: "other", message: "an object was not read" } as const;

function judgeObject(asked: Asked, live: LiveObject | undefined): readonly Finding[] {
  const words = WORDS[asked.group.concept];
  const name = (words.called ?? called)(asked);
  if (!live) return words.missing?.(asked) ?? [drifted(`${name} is missing`)];
  const wrong = [...deviations(asked.object, live), ...(words.more?.(asked, live) ?? [])];
  const said = wrong.map((deviation) => ({ deviation, findings: words.differs?.(asked, deviation) }));
  const plain = said.flatMap(({ deviation, findings }) => (findings ? [] : [deviation]));
  const fields = plain.filter(({ part }) => part === "field").map(({ at }) => at.replace(/^spec\./, ""));
  const own = said.flatMap(({ findings }) => findings ?? []);
  return [
    // What several fields say alike is said once.
    ...new Map(own.map((finding) => [finding.message, finding])).values(),
    ...(fields.length > 0 ? [drifted(`${name} has another ${fields.join(", ")}`)] : []),
    ...plain
      .filter(({ part }) => part !== "field")
      .map(({ part, at }) => drifted(`${name} has another ${part} ${at}`)),
  ];
}

function called({ object: { kind, metadata } }: Asked): string {
  const { name, namespace } = metadata;
  const where = namespace === undefined ? "" : `${String(namespace)}/`;
  return `the ${kind} ${where}${String(name)}`;
}

function unbound({ object, cluster }: Asked): Finding {
  if (object.kind !== "ClusterRoleBinding") throw new Error(`a ${object.kind} binds nothing`);
  const { roleRef, subjects } = object;
  const account = String(subjects[0]?.name);
  return drifted(`${account} of ${cluster.name} is not bound to the ClusterRole ${String(roleRef.name)}`);
}

/** Somebody else makes it: an update cannot bring it back. */
function foreign(asked: Asked): readonly Finding[] {
  const remedy =
    asked.object.kind === "Service"
      ? "its owner has to bring it back, or it leaves `services` in the stack file"
      : "its owner has to bring it back, or it leaves the stack file";
  return [notWorking(`${called(asked)} does not exist`, remedy)];
}

/** Whom the gateway lets in. */
function isCallers({ kind }: Wanted): boolean {
  return kind === "NetworkAuthentication" || kind === "MeshTLSAuthentication";
}
