import { z } from "zod";
import { LETS_PASS } from "../../fleet/transition/guard";
import { grantLines } from "./grants";
import { admissionLines, anchorLines, reachLines, settingLines } from "./guards";
import {
  CLUSTER,
  isType,
  type Line,
  list,
  pairOf,
  RELEASE,
  type Section,
  serviceLines,
  shortType,
  text,
  verb,
} from "./lines";
import type { Inputs, Message, Preview, Step } from "./preview";
import { restarts, rotations } from "./rotations";

/** What a preview changes, in the fleet's words, most consequential first. Holds no secret. */
export function describe(preview: Preview): Section[] {
  const { steps } = preview;
  const sections: Section[] = [
    { title: "Stop and look", lines: risks(steps) },
    { title: "Rules that fired", lines: rulesThatFired(preview) },
    { title: "Trust", lines: anchorLines(steps) },
    { title: "Admission and default policies", lines: [...admissionLines(steps), ...settingLines(steps)] },
    { title: "Clusters", lines: steps.filter(isType(CLUSTER)).flatMap(clusterLine) },
    { title: "Links", lines: linkLines(steps) },
    {
      title: "Services that cross",
      lines: [
        ...serviceLines(steps.filter(isType(EXPORT)), exportLine),
        ...serviceLines(steps.filter(isType(ROUTE)), routeLine),
        ...reachLines(steps),
      ],
    },
    { title: "Who may call", lines: grantLines(steps) },
    { title: "Credentials and certificates", lines: rotations(steps) },
    { title: "Versions", lines: versions(steps) },
    { title: "Restarts", lines: restarts(steps) },
  ];
  return sections.filter(({ lines }) => lines.length > 0);
}

function rulesThatFired({ messages, violations }: Preview): Line[] {
  const fired = violations.map(({ rule, mandatory, message }): Line => {
    const [problem = ""] = message.split("\n");
    return { text: `${rule}: ${problem}`, ...(mandatory && { why: "the engine refuses it" }) };
  });
  const lines = [...messages.map(messageLine), ...fired];
  return [...new Map(lines.map((line) => [line.text, line])).values()];
}

function messageLine({ severity, text }: Message): Line {
  if (severity === "error") return { text, why: "the preview fails" };
  return { text, ...(text.startsWith(LETS_PASS) && { why: "the transition guard would refuse it" }) };
}

export function isRisky(sections: readonly Section[]): boolean {
  return sections.some(({ lines }) => lines.some(({ why }) => why !== undefined));
}

const LINK = "linkerd-fleet:link:Link";
const EXPORT = "linkerd-fleet:service:ExportedService";
const ROUTE = "linkerd-fleet:service:TrafficRoute";

/** What replacing or deleting it does to the fleet. Deleting is only told where a removal does not ask for it. */
const CONSEQUENCES: Readonly<Record<string, string>> = {
  [RELEASE]: "its CRDs go with it, and with them every Link, Server or policy of that kind in the cluster",
  "kubernetes:multicluster.linkerd.io/v1alpha3:Link":
    "a new Link is younger: another cluster may become the source of truth of federated services",
  "kubernetes:core/v1:Namespace": "everything in the namespace goes with it",
  "pulumi:providers:kubernetes": "every resource of the cluster is replaced with it",
};

function risks(steps: readonly Step[]): Line[] {
  const removed = new Set(steps.filter((s) => s.op === "delete" && s.type === CLUSTER).map((s) => s.name));
  const removedLinks = new Set(steps.filter((s) => s.op === "delete" && s.type === LINK).map((s) => s.name));
  const anchorsTold = anchorLines(steps).length > 0;
  return steps.flatMap((step): Line[] => {
    const { op, type, name } = step;
    if (op === "delete" && type === LINK && step.before?.state !== "draining") {
      const pair = pairOf(step.before, name);
      return [
        { text: `link ${pair} is removed undrained`, why: "mirror services of it stay behind in the source" },
      ];
    }
    const isAnchor = type.startsWith("tls:") && name.startsWith("trust-");
    if (isAnchor && (op === "replace" || (op === "delete" && !anchorsTold))) {
      return [
        {
          text: verb(step, `trust anchor ${name}`),
          why: "proxies that trust only this anchor lose the mesh",
        },
      ];
    }
    const consequence = CONSEQUENCES[type];
    if (consequence === undefined || (op !== "replace" && op !== "delete")) return [];
    const asked =
      op === "delete" &&
      (removed.has(step.cluster ?? name) ||
        removed.has(name) ||
        removedLinks.has(name.replace(/-link$/, "")));
    return asked ? [] : [{ text: verb(step, `${shortType(type)} ${name}`), why: consequence }];
  });
}

function clusterLine(step: Step): Line[] {
  if (step.op !== "update") return [{ text: verb(step, step.name) }];
  const [was, is] = [step.before?.state ?? "active", step.after?.state];
  return was === is ? [] : [{ text: `${step.name}: ${was} → ${is}` }];
}

/** One line for both directions of a pair to which the same happens. */
function linkLines(steps: readonly Step[]): Line[] {
  const links = steps.filter(isType(LINK)).map((step) => {
    const { source, target } = step.after ?? step.before ?? {};
    return { pair: [text(source), text(target)], what: linkChange(step) };
  });
  const alike = Map.groupBy(links, ({ pair, what }) => `${[...pair].sort().join(" ↔ ")}${what}`);
  return [...alike].map(([both, group]) => {
    const [first] = group;
    return { text: group.length > 1 || !first ? both : `${first.pair.join(" → ")}${first.what}` };
  });
}

function linkChange(step: Step): string {
  const { op, before, after } = step;
  if (op === "update" && before?.state !== after?.state) return `: ${before?.state} → ${after?.state}`;
  const modes = list((after ?? before)?.modes);
  const was = list(before?.modes);
  return op === "update" && was !== modes ? ` changes: ${was} → ${modes}` : verb(step, ` (${modes})`);
}

function exportLine({ op, before, after }: Step): Line[] {
  const [was, now] = [list(before?.modes), list(after?.modes)];
  if (op === "create") return [{ text: ` crosses from now on (${now})` }];
  if (op === "delete") return [{ text: " does not cross any more" }];
  const lines: Line[] = [];
  if (was !== now) lines.push({ text: `: ${was} → ${now}` });
  if (before?.evacuated !== after?.evacuated) {
    lines.push({
      text: after?.evacuated ? ": evacuated, serves no other cluster" : ": serves other clusters again",
    });
  }
  return lines.length > 0 ? lines : [{ text: ": tells its callers other timeouts, retries or the like" }];
}

/** How the requests of a cluster's own callers are divided. */
function routeLine({ op, before, after }: Step): Line[] {
  const [was, now] = [weights(before), weights(after)];
  const divided = (how: string) => (how === "" ? "not divided" : how);
  return was === now && op === "update"
    ? []
    : [{ text: `: callers' requests ${divided(was)} → ${divided(now)}` }];
}

function weights(inputs: Inputs | undefined): string {
  const backends = routeBackends.safeParse(inputs?.backends).data ?? [];
  return backends.map(({ cluster, weight }) => `${cluster} ${weight}`).join(", ");
}

const routeBackends = z.array(z.object({ cluster: z.string(), weight: z.number() }));

/** One line for all releases that move between the same two versions. */
function versions(steps: readonly Step[]): Line[] {
  const moves = Map.groupBy(
    steps.filter(
      (step) => step.type === RELEASE && step.op === "update" && step.before?.version !== step.after?.version,
    ),
    (step) => `${text(step.before?.version)} → ${text(step.after?.version)}`,
  );
  return [...moves].map(([move, releases]) => ({
    text: `${move}: ${releases
      .map((release) => release.name)
      .sort()
      .join(", ")}`,
  }));
}
