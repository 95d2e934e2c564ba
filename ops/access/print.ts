import { styleText } from "node:util";
import Table from "cli-table3";
import type { Difference } from "../../fleet/effective/compare";
import type { ExaminedPort } from "../../fleet/effective/examine";
import { isAudited } from "../../fleet/effective/inbound";
import { requestWords } from "../../fleet/effective/requests";
import type { Answer } from "./question";

/** One port of one service: who is declared, and who is really let in. */
export interface Row {
  readonly cluster: string;
  readonly service: string;
  readonly port: number | string;
  /** The only clusters that see the service, where that is not every linked one. */
  readonly to?: readonly string[];
  readonly declared: readonly string[];
  readonly reached: readonly string[];
  /** Those whom the audit alone lets in, or in one word that these are all others. */
  readonly audited: readonly string[];
}

/** A gateway may keep out others, on the way. */
const EVERYBODY = "everybody who reaches its pods";

export function rowsOf(examined: readonly ExaminedPort[]): Row[] {
  return examined.map(({ port, cases }) => {
    const callers = [...Map.groupBy(cases, ({ caller }) => caller.words)];
    const who = (isIn: (one: (typeof cases)[number]) => boolean) =>
      callers.flatMap(([words, of]) => {
        const requests = of.filter(isIn);
        if (requests.length === 0) return [];
        if (requests.length === of.length) return [words];
        return [`${words}: ${requests.map(({ request }) => requestWords(request)).join(", ")}`];
      });
    const audited = who(({ verdict }) => isAudited(verdict));
    const isOpen = cases.every(
      ({ caller, verdict }) => caller.throughGateway || verdict.outcome === "allowed",
    );
    return {
      cluster: port.cluster,
      service: `${port.namespace}/${port.name}`,
      port: port.port,
      ...(port.to ? { to: port.to } : {}),
      declared: who(({ declared }) => declared),
      reached: who(({ verdict }) => verdict.outcome === "allowed" && !isAudited(verdict)),
      audited: audited.length > 0 && isOpen ? [EVERYBODY] : audited,
    };
  });
}

export function matrix(rows: readonly Row[]): string {
  const table = new Table({
    head: ["service", "port", "in", "declared", "really reached by"],
    style: { head: [], border: [] },
    colWidths: [null, null, null, 48, 48],
    wordWrap: true,
  });
  for (const { service, port, cluster, to, declared, reached, audited } of rows) {
    const same = declared.join("\n") === reached.join("\n");
    const really = [same ? "the same" : lines(reached), ...audited.map((who) => `audited: ${who}`)];
    const where = to ? `${cluster}\n(to ${to.join(", ")})` : cluster;
    table.push([service, port, where, lines(declared), really.join("\n")]);
  }
  return table.toString();
}

const WORDS = {
  open: "reachable though undeclared",
  closed: "declared though unreachable",
  audited: "declared, and let in by the audit alone",
  unknown: "cannot be told",
} as const;

export function differenceText({ kind, cluster, namespace, name, port, ...of }: Difference): string {
  return [
    styleText(
      kind === "open" || kind === "closed" ? "red" : "cyan",
      `${WORDS[kind]}: ${namespace}/${name}:${port} in ${cluster}`,
      {
        stream: process.stdout,
      },
    ),
    `  callers: ${of.callers.join("; ")}`,
    `  requests: ${of.requests.join("; ")}`,
    `  why: ${of.why} (${of.by.join(", ")})`,
    `  remedy: ${of.remedy}`,
  ].join("\n");
}

export function answerText({ way, outcome, audited, why, by, declared, hidden, pods }: Answer): string {
  const stack =
    declared === undefined
      ? ""
      : declared
        ? "; the stack file declares it"
        : "; the stack file does not declare it";
  return [
    `${way}: ${outcome}${audited ? " and audited, which `enforce: deny` would refuse" : ""}${stack}`,
    `  why: ${why} (${by.join(", ")})`,
    ...(hidden
      ? ["  the caller's cluster sees no mirror service of it: `to` does not name that cluster"]
      : []),
    ...pods.map(({ pod, outcome, why }) => `  ${pod}: ${outcome}, ${why}`),
  ].join("\n");
}

function lines(items: readonly string[]): string {
  return items.length === 0 ? "nobody" : items.join("\n");
}
