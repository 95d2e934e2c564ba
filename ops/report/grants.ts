import { z } from "zod";
import { isType, type Line, serviceLines, verb } from "./lines";
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
