import { z } from "zod";
import { GATEWAY_API_MARK } from "../../fleet/linkerd/gatewayApi";
import { LETS_PASS } from "../../fleet/transition/refusals";
import { grantLines } from "./grants";
import { admissionLines, anchorLines, reachLines, settingLines } from "./guards";
import {
  CLUSTER,
  difference,
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
  const { steps, withoutAccrual } = preview;
  const sections: Section[] = [
    { title: "Stop and look", lines: risks(steps) },
    { title: "Rules that fired", lines: rulesThatFired(preview) },
    { title: "Trust", lines: anchorLines(steps) },
    { title: "Admission and default policies", lines: [...admissionLines(steps), ...settingLines(steps)] },
    { title: "Clusters", lines: steps.filter(isType(CLUSTER)).flatMap(clusterLine) },
    { title: "Links", lines: [...linkLines(steps), ...selectLines(steps)] },
    {
      title: "Services that cross",
      lines: [
        ...serviceLines(steps.filter(isType(EXPORT)), exportLine),
        ...serviceLines(steps.filter(isType(ROUTE)), routeLine),
        ...reachLines(steps),
      ],
    },
    { title: "Older than a default", lines: withoutAccrual.map(accrualLine) },
    { title: "Who may call", lines: grantLines(steps) },
    { title: "Credentials and certificates", lines: rotations(steps) },
    { title: "Versions", lines: [...versions(steps), ...gatewayApis(steps)] },
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
const ANCHOR = "linkerd-fleet:trust:TrustAnchor";
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
    const { op, type, parent, name } = step;
    if (op === "delete" && type === LINK && step.before?.state !== "draining") {
      const pair = pairOf(step.before, name);
      return [
        { text: `link ${pair} is removed undrained`, why: "mirror services of it stay behind in the source" },
      ];
    }
    const isAnchor = parent === ANCHOR && type.startsWith("tls:");
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
  const links = steps.filter(isType(LINK)).flatMap((step) => {
    const { source, target } = step.after ?? step.before ?? {};
    const what = linkChange(step);
    return what === undefined ? [] : [{ pair: [text(source), text(target)], what }];
  });
  const alike = Map.groupBy(links, ({ pair, what }) => `${[...pair].sort().join(" ↔ ")}${what}`);
  return [...alike].map(([both, group]) => {
    const [first] = group;
    return { text: group.length > 1 || !first ? both : `${first.pair.join(" → ")}${first.what}` };
  });
}

/** `undefined`: nothing but the services that it selects by name. */
function linkChange(step: Step): string | undefined {
  const { op, before, after } = step;
  if (op === "update" && before?.state !== after?.state) return `: ${before?.state} → ${after?.state}`;
  const modes = list((after ?? before)?.modes);
  const was = list(before?.modes);
  if (op === "update") return was === modes ? undefined : ` changes: ${was} → ${modes}`;
  return verb(step, ` (${modes})`);
}

/** Services of other stacks that a link takes by name; those of this stack are told as services. */
function selectLines(steps: readonly Step[]): Line[] {
  const told = new Set(
    steps.filter(isType(EXPORT)).map((step) => {
      const { cluster, namespace, name } = step.after ?? step.before ?? {};
      return `${text(namespace)}/${text(name)} of ${text(cluster)}`;
    }),
  );
  return steps
    .filter(({ type, op }) => type === LINK && op === "update")
    .flatMap(({ name, before, after }) => {
      const target = text((after ?? before)?.target);
      const [was, is] = [before, after].map((inputs) =>
        selectedBy(inputs).map((service) => `${service} of ${target}`),
      );
      const { gained, lost } = difference(was ?? [], is ?? []);
      const untold = (services: readonly string[]) => services.filter((service) => !told.has(service));
      const pair = pairOf(after, name);
      return [
        ...untold(gained).map((service) => ({ text: `${pair} takes ${service} as well` })),
        ...untold(lost).map((service) => ({ text: `${pair} does not take ${service} any more` })),
      ];
    });
}

function selectedBy(inputs: Inputs | undefined): string[] {
  const selects = linkSelects.safeParse(inputs?.selects).data ?? {};
  const services = Object.values(selects).flat();
  return [...new Set(services.map(({ namespace, name }) => `${namespace}/${name}`))];
}

const linkSelects = z.record(z.string(), z.array(z.object({ namespace: z.string(), name: z.string() })));

function exportLine({ op, before, after }: Step): Line[] {
  const [was, now] = [list(before?.modes), list(after?.modes)];
  if (op === "create") {
    const accrual = after?.accrual === "default" ? ". Callers leave out members that fail, by default" : "";
    return [{ text: ` crosses from now on (${now})${onlyTo(after)}${accrual}` }];
  }
  if (op === "delete") return [{ text: " does not cross any more" }];
  const lines: Line[] = namedLines(before, after);
  if (was !== now) lines.push({ text: `: ${was} → ${now}` });
  if (before?.evacuated !== after?.evacuated) {
    lines.push({
      text: after?.evacuated ? ": evacuated, serves no other cluster" : ": serves other clusters again",
    });
  }
  return lines.length > 0
    ? lines
    : [{ text: ": changes the timeouts, retries or load balancing of its callers" }];
}

/** To whom a new export crosses, where that is not every linked cluster. */
function onlyTo(inputs: Inputs | undefined): string {
  const modes = [...namedBy(inputs)];
  const some = modes.flatMap(([mode, to]) =>
    to ? [`, ${modes.length > 1 ? `${mode} ` : ""}only to ${to.join(", ")}`] : [],
  );
  return some.join("");
}

/** Clusters that see an export from now on, and clusters that do not any more. More of them is what to stop for. */
function namedLines(before: Inputs | undefined, after: Inputs | undefined): Line[] {
  const [was, is] = [namedBy(before), namedBy(after)];
  const all = [...was.values()];
  // A mode that is new has the clusters of those before it.
  const seen = all.every((to) => to !== undefined) ? all.flat() : undefined;
  return [...is].flatMap(([mode, now]): Line[] => {
    const old = was.has(mode) ? was.get(mode) : seen;
    const what = `: crosses (${mode}) to`;
    if (!now)
      return old ? [{ text: `${what} every linked cluster, not only to ${old.join(", ")}`, why: WIDER }] : [];
    if (!old) return [{ text: `${what} ${now.join(", ")} only: callers in other clusters lose it` }];
    const { gained, lost } = difference(old, now);
    return [
      ...(gained.length > 0 ? [{ text: `${what} ${gained.join(", ")} as well`, why: WIDER }] : []),
      ...(lost.length > 0 ? [{ text: `${what} ${lost.join(", ")} no longer: callers there lose it` }] : []),
    ];
  });
}

/** By mode: the only clusters that see it; `undefined` for every linked one. */
function namedBy(inputs: Inputs | undefined): Map<string, readonly string[] | undefined> {
  const { modes, to } = exportedModes.safeParse(inputs ?? {}).data ?? { modes: [], to: {} };
  return new Map(modes.map((mode) => [mode, to[mode]]));
}

const exportedModes = z.object({
  modes: z.array(z.string()).default([]),
  to: z.record(z.string(), z.array(z.string())).default({}),
});

const WIDER = "more clusters see it";

/** Setting it changes the Services: somebody decides when. */
function accrualLine(service: string): Line {
  return {
    text:
      `${service}: callers go on calling members that fail, because the service was there before ` +
      "`failureAccrual` was the default. Set `failureAccrual: {}` to change that, or `{ mode: none }` to keep it",
  };
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

/** Of CRDs that a file of the project brings. What is deleted from the state stays in the cluster. */
function gatewayApis(steps: readonly Step[]): Line[] {
  const moves = steps.flatMap(({ op, type, name, cluster = name, before, after }) => {
    if (type !== CRD) return [];
    if (op === "delete") return [{ move: `Gateway API ${markOf(before)} is left as it is`, cluster }];
    const [was, is] = [markOf(before), markOf(after)];
    return was === is ? [] : [{ move: `Gateway API ${was === "" ? "" : `${was} → `}${is}`, cluster }];
  });
  return [...Map.groupBy(moves, ({ move }) => move)].map(([move, alike]) => ({
    text: `${move}: ${[...new Set(alike.map(({ cluster }) => cluster))].sort().join(", ")}`,
  }));
}

const CRD = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";

const marked = z.object({
  metadata: z.object({ annotations: z.object({ [GATEWAY_API_MARK]: z.string() }) }),
});

function markOf(inputs: Inputs | undefined): string {
  return marked.safeParse(inputs).data?.metadata.annotations[GATEWAY_API_MARK] ?? "";
}
