import Table from "cli-table3";
import { linkName } from "../../fleet/config/names";
import type { Planned } from "./planned";

/** A plan for people: one table for each concept, empty ones left out. */
export function tables({ clusters, links, services, grants, routes, accesses }: Planned): string {
  const generations = new Map(accesses.map((access) => [linkName(access), access.generation]));
  const parts = [
    table(
      "clusters",
      ["cluster", "region", "Linkerd", "gateway"],
      Object.entries(clusters).map(([name, { region, version, gateway }]) => [
        name,
        region ?? "",
        version,
        gateway.type,
      ]),
    ),
    table(
      "links",
      ["link", "carries", "state", "token"],
      links.map((link) => [
        linkName(link),
        link.modes.join(", "),
        link.state,
        `generation ${generations.get(linkName(link)) ?? "of its target's stack"}`,
      ]),
    ),
    table(
      "services that cross",
      ["service", "modes", "clusters", "to", "evacuated"],
      services.map(({ namespace, name, modes, clusters, to = {}, evacuated = [] }) => [
        `${namespace}/${name}`,
        modes.join(", "),
        clusters.join(", "),
        modes.map((mode) => to[mode]?.join(", ") ?? "every linked cluster").join("\n"),
        evacuated.join(", "),
      ]),
    ),
    table(
      "grants",
      ["service", "cluster", "port", "callers from other clusters"],
      grants.flatMap(({ cluster, namespace, name, ports, enforce }) =>
        ports.map(({ port, callers, routes = [] }) => [
          `${namespace}/${name}`,
          cluster,
          String(port),
          [
            ...callers,
            ...routes.flatMap((route) => route.callers.map((who) => `${who} (some requests)`)),
            ...(enforce === "audit" ? ["everybody else (audited)"] : []),
          ].join("\n") || "nobody",
        ]),
      ),
    ),
    table(
      "traffic",
      ["service", "port", "callers in", "goes to"],
      routes.map(({ cluster, namespace, name, port, backends }) => [
        `${namespace}/${name}`,
        String(port),
        cluster,
        backends.map(({ cluster: to, weight }) => `${to} ${weight}`).join(", "),
      ]),
    ),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function table(what: string, head: string[], rows: readonly string[][]): string {
  if (rows.length === 0) return "";
  const drawn = new Table({ head, style: { head: [], border: [], compact: true } });
  drawn.push(...rows);
  return `${rows.length} ${what}\n${drawn.toString()}`;
}
