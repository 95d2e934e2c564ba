import { z } from "zod";
import type { Inputs, Preview, Step } from "./preview";

/** A line of the report; `why` tells a reviewer what to stop for. */
export interface Line {
  readonly text: string;
  readonly why?: string;
}

export interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** What a preview changes, in the fleet's words, most consequential first. Holds names and versions, no values. */
export function describe(preview: Preview): Section[] {
  const { steps } = preview;
  const sections: Section[] = [
    { title: "Stop and look", lines: risks(steps) },
    { title: "Rules that fired", lines: [...new Set(preview.messages)].map((text) => ({ text })) },
    {
      title: "Clusters",
      lines: steps.filter(isType(CLUSTER)).map((step) => ({ text: verb(step, step.name) })),
    },
    { title: "Links", lines: linkLines(steps) },
    { title: "Services that cross", lines: serviceLines(steps.filter(isType(EXPORT)), exportLine) },
    { title: "Who may call", lines: grantLines(steps) },
    { title: "Credentials and certificates", lines: rotations(steps) },
    { title: "Versions", lines: versions(steps) },
  ];
  return sections.filter(({ lines }) => lines.length > 0);
}

export function isRisky(sections: readonly Section[]): boolean {
  return sections.some(({ lines }) => lines.some(({ why }) => why !== undefined));
}

const CLUSTER = "linkerd-fleet:cluster:Cluster";
const LINK = "linkerd-fleet:link:Link";
const ACCESS = "linkerd-fleet:access:Access";
const EXPORT = "linkerd-fleet:service:ExportedService";
const GRANT = "linkerd-fleet:service:Grant";
const RELEASE = "kubernetes:helm.sh/v3:Release";
const SECRET = "kubernetes:core/v1:Secret";
const POLICY = /^kubernetes:policy\.linkerd\.io\/[^:]+:(\w+)$/;
const CERTIFICATE = /^tls:index\/\w+:(SelfSignedCert|LocallySignedCert)$/;

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
  return steps.flatMap((step): Line[] => {
    const { op, type, name } = step;
    if (op === "delete" && type === LINK && step.before?.state !== "draining") {
      const pair = pairOf(step.before, name);
      return [
        { text: `link ${pair} is removed undrained`, why: "mirror services of it stay behind in the source" },
      ];
    }
    if (type.startsWith("tls:") && name.startsWith("trust-") && op !== "create" && op !== "update") {
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

/** What happens to a service; the same in several clusters is one line. */
function serviceLines(steps: readonly Step[], tell: (step: Step) => readonly Line[]): Line[] {
  const told = steps.flatMap((step) => {
    const { namespace, name, cluster } = step.after ?? step.before ?? {};
    return tell(step).map((line) => ({
      service: `${text(namespace)}/${text(name)}`,
      cluster: text(cluster),
      line,
    }));
  });
  const alike = Map.groupBy(told, ({ service, line }) => `${service}\n${line.text}`);
  return [...alike.values()].flatMap((group) =>
    group.slice(0, 1).map(({ service, line }) => ({
      ...line,
      text: `${service} of ${group.map(({ cluster }) => cluster).join(", ")}${line.text}`,
    })),
  );
}

function exportLine({ op, before, after }: Step): Line[] {
  const now = list(after?.modes);
  switch (op) {
    case "create":
      return [{ text: ` crosses from now on (${now})` }];
    case "delete":
      return [{ text: " does not cross any more" }];
    default:
      return [{ text: `: ${list(before?.modes)} → ${now}` }];
  }
}

/** What the grants of services say, then policy objects that no grant of ours accounts for. */
function grantLines(steps: readonly Step[]): Line[] {
  const grants = steps.filter(isType(GRANT));
  const owned = (step: Step) => grants.some(({ name }) => step.name.startsWith(`${name}-`));
  return [...serviceLines(grants, grantLine), ...steps.filter((step) => !owned(step)).flatMap(policyLine)];
}

/** A service's grant: who gains, who loses, and whether its own cluster's callers are narrowed. */
function grantLine({ op, before, after }: Step): Line[] {
  if (op === "delete") {
    return [{ text: " has no grant any more", why: "its cluster's default decides who may call" }];
  }
  const [was, now] = [callersOf(before), callersOf(after)];
  const gained = now.filter((caller) => !was.includes(caller));
  const lost = was.filter((caller) => !now.includes(caller));
  const lines: Line[] = [];
  if (now.length === 0) lines.push({ text: ": nobody from another cluster may call" });
  if (gained.length > 0) {
    const anyone = gained.some((caller) => caller.startsWith("* ("));
    lines.push({ text: `: + ${gained.join(", ")}`, ...(anyone && { why: "anyone in the mesh may call" }) });
  }
  if (lost.length > 0) lines.push({ text: `: − ${lost.join(", ")}` });
  const [localBefore, localNow] = [JSON.stringify(before?.local), JSON.stringify(after?.local)];
  if (after?.local === undefined) {
    lines.push({ text: ": callers of its own cluster are cut off", why: "local traffic stops" });
  } else if (op === "update" && localBefore !== localNow) {
    lines.push({ text: ": other callers of its own cluster than before", why: "local traffic may stop" });
  }
  return lines;
}

/** `identity (port)` for each caller from another cluster. */
function callersOf(inputs: Inputs | undefined): string[] {
  const ports = grantPorts.safeParse(inputs?.ports);
  return ports.success
    ? ports.data.flatMap(({ port, callers }) => callers.map((caller) => `${caller} (${port})`))
    : [];
}

const grantPorts = z.array(
  z.object({ port: z.union([z.string(), z.number()]), callers: z.array(z.string()) }),
);

/** Policy objects by kind; for identities also which come and which go. */
function policyLine(step: Step): Line[] {
  const kind = POLICY.exec(step.type)?.[1];
  if (kind === undefined) return [];
  const where = step.cluster === undefined ? "" : ` in ${step.cluster}`;
  const before = identitiesOf(step.before);
  const after = identitiesOf(step.after);
  const gained = after.filter((identity) => !before.includes(identity));
  const lost = before.filter((identity) => !after.includes(identity));
  const changes = [...gained.map((identity) => `+${identity}`), ...lost.map((identity) => `−${identity}`)];
  const details = changes.length > 0 ? `: ${changes.join(", ")}` : "";
  const line = { text: `${verb(step, `${kind} ${step.name}`)}${where}${details}` };
  if (gained.includes("*")) return [{ ...line, why: "anyone in the mesh may call" }];
  if (step.op === "delete" && kind === "Server") {
    return [{ ...line, why: "without it the cluster's default decides who may call" }];
  }
  return [line];
}

function identitiesOf(inputs: Inputs | undefined): string[] {
  const spec = inputs?.spec;
  if (typeof spec !== "object" || spec === null || !("identities" in spec)) return [];
  return Array.isArray(spec.identities)
    ? spec.identities.filter((identity) => typeof identity === "string")
    : [];
}

function rotations(steps: readonly Step[]): Line[] {
  const created = new Set(steps.filter((s) => s.op === "create" && s.type === ACCESS).map((s) => s.name));
  return steps.flatMap((step): Line[] => {
    const { op, type, name } = step;
    if (type === ACCESS && op === "delete") {
      return [{ text: `access of ${text(step.before?.source)} to ${text(step.before?.target)} is revoked` }];
    }
    if (
      type === SECRET &&
      name.endsWith("-token") &&
      (op === "replace" || op === "create") &&
      !created.has(name.replace(/-token$/, ""))
    ) {
      return [{ text: `token of access ${name.replace(/-token$/, "")} is rotated` }];
    }
    if (CERTIFICATE.test(type) && (op === "replace" || op === "update"))
      return [{ text: `certificate ${name} is renewed` }];
    return [];
  });
}

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

function isType(type: string): (step: Step) => boolean {
  return (step) => step.type === type;
}

function pairOf(inputs: Inputs | undefined, name: string): string {
  return inputs?.source === undefined ? name : `${text(inputs.source)} → ${text(inputs.target)}`;
}

const VERBS = {
  create: "is added",
  update: "changes",
  replace: "is replaced",
  delete: "is removed",
} as const;

function verb(step: Step, what: string): string {
  return `${what} ${VERBS[step.op]}`;
}

export function shortType(type: string): string {
  return type.slice(type.lastIndexOf(":") + 1);
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(text).join(", ") : "";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "?";
}
