import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { matchWords } from "../../fleet/grants/routes";
import { httpMatch } from "../../fleet/grants/schema";
import { difference, isType, type Line, serviceLines, signed, verb } from "./lines";
import type { Inputs, Step } from "./preview";

const GRANT = "linkerd-fleet:service:Grant";
const POLICY = /^kubernetes:policy\.linkerd\.io\/[^:]+:(\w+)$/;

/** What the grants of services say, then policy objects that no grant of ours accounts for. */
export function grantLines(steps: readonly Step[]): Line[] {
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
  const { gained, lost } = difference(was, now);
  const [wasAudited, isAudited] = [before, after].map((inputs) => inputs?.enforce === "audit");
  const lines: Line[] = [];
  if (isAudited && !wasAudited) {
    lines.push({
      text: ": audited, so that nobody is refused",
      why: "everybody may call, with or without a grant",
    });
  }
  if (wasAudited && !isAudited) {
    lines.push({
      text: ": denies callers without a grant from now on",
      why: "callers whom the audit let in are refused: compare its count first",
    });
  }
  if (now.length === 0 && !isAudited) lines.push({ text: ": nobody from another cluster may call" });
  if (gained.length > 0) {
    const anyone = gained.some((caller) => caller.startsWith("* ("));
    lines.push({ text: `: + ${gained.join(", ")}`, ...(anyone && { why: "anyone in the mesh may call" }) });
  }
  if (lost.length > 0) lines.push({ text: `: − ${lost.join(", ")}` });
  // An audit cuts off no caller of its own cluster; whoever is cut off when it ends is told as of a new grant.
  return isAudited ? lines : [...lines, ...localLines(wasAudited ? undefined : before, after)];
}

/**
 * Callers of the service's own cluster: told when the grant is new, has a port more, or lets in others than before.
 */
function localLines(before: Inputs | undefined, after: Inputs | undefined): Line[] {
  const [was, now] = [localOf(before?.local), localOf(after?.local)];
  if (before && !isDeepStrictEqual(was, now)) {
    if (!now) return [{ text: ": callers of its own cluster are cut off", why: "local traffic stops" }];
    return was && !letsInAll(now, was)
      ? [{ text: ": other callers of its own cluster than before", why: "local traffic may stop" }]
      : [{ text: ": more callers of its own cluster than before" }];
  }
  const known = portsOf(before);
  const added = portsOf(after).filter((port) => !known.includes(port));
  if (added.length === 0) return [];
  const at = before ? ` at port ${added.join(", ")}` : "";
  const who = now?.identities?.join(", ") ?? "all";
  switch (after?.localChange) {
    case "closed":
      return [{ text: `: callers of its own cluster are cut off${at}`, why: "local traffic stops" }];
    case "narrowed":
      return [{ text: `: only ${who} of its own cluster may call${at}`, why: "local traffic may stop" }];
    case "opened":
      return [{ text: `: ${who} of its own cluster may call${at}, against the default policy` }];
    default:
      return [];
  }
}

const localGrant = z.object({ networks: z.array(z.string()), identities: z.array(z.string()).optional() });
type LocalCallers = z.infer<typeof localGrant>;

function localOf(local: unknown): LocalCallers | undefined {
  return localGrant.safeParse(local).data;
}

/** Whether nobody whom `was` lets in is kept out, so far as names tell. */
function letsInAll(now: LocalCallers, was: LocalCallers): boolean {
  const isLetIn = (identity: string) =>
    now.identities?.some(
      (one) => one === identity || (one.startsWith("*.") && identity.endsWith(one.slice(1))),
    );
  return (
    was.networks.every((network) => now.networks.includes(network)) &&
    (now.identities === undefined || (was.identities?.every(isLetIn) ?? false))
  );
}

function portsOf(inputs: Inputs | undefined): (string | number)[] {
  return grantPorts.safeParse(inputs?.ports).data?.map(({ port }) => port) ?? [];
}

/** `identity (port)` for each caller from another cluster, or `identity (port: request)` for one of some requests. */
function callersOf(inputs: Inputs | undefined): string[] {
  const ports = grantPorts.safeParse(inputs?.ports);
  return ports.success
    ? ports.data.flatMap(({ port, callers, routes }) => [
        ...callers.map((caller) => `${caller} (${port})`),
        ...routes.flatMap((route) =>
          route.callers.map((caller) => `${caller} (${port}: ${matchWords(route.match)})`),
        ),
      ])
    : [];
}

const grantPorts = z.array(
  z.object({
    port: z.union([z.string(), z.number()]),
    callers: z.array(z.string()),
    routes: z.array(z.object({ match: httpMatch, callers: z.array(z.string()) })).default([]),
  }),
);

/** Policy objects by kind; also which identities and networks come and which go. */
function policyLine(step: Step): Line[] {
  const kind = POLICY.exec(step.type)?.[1];
  if (kind === undefined) return [];
  const where = step.cluster === undefined ? "" : ` in ${step.cluster}`;
  const callers = difference(letInBy(step.before), letInBy(step.after));
  const details = callers.gained.length + callers.lost.length > 0 ? `: ${signed(callers)}` : "";
  const line = { text: `${verb(step, `${kind} ${step.name}`)}${where}${details}` };
  if (callers.gained.includes("*")) return [{ ...line, why: "anyone in the mesh may call" }];
  if (callers.gained.some((caller) => caller.endsWith("/0"))) {
    return [{ ...line, why: "it takes callers of the whole Internet" }];
  }
  if (step.op === "delete" && kind === "Server") {
    return [{ ...line, why: "without it the cluster's default decides who may call" }];
  }
  return [line];
}

/** The identities or networks of an authentication. */
function letInBy(inputs: Inputs | undefined): string[] {
  const { identities = [], networks = [] } = authentication.safeParse(inputs?.spec).data ?? {};
  return [...identities, ...networks.map(({ cidr }) => cidr)];
}

const authentication = z.object({
  identities: z.array(z.string()).optional(),
  networks: z.array(z.object({ cidr: z.string() })).optional(),
});
