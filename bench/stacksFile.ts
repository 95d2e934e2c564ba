import { cluster } from "../testing/fleets";

/** In each stack. */
export const CLUSTERS = 10;
/** Makes the trust anchor and has no cluster. */
export const TRUST = "trust";

export type Shape = "hub of hubs" | "islands";

/** A stack and the clusters in it, the hub of each first. */
export type Stacks = ReadonlyMap<string, readonly string[]>;

/** Each stack is a hub with its spokes. In a hub of hubs, the other hubs are linked to the first. */
export function hubsFile(stacks: Stacks, shape: Shape) {
  const [first = "", ...others] = [...stacks.values()].map(([hub = ""]) => hub);
  const pairs = [
    ...[...stacks.values()].flatMap(([hub = "", ...spokes]) => spokes.map((spoke) => [hub, spoke] as const)),
    ...(shape === "islands" ? [] : others.map((hub) => [first, hub] as const)),
  ];
  const links = pairs.flatMap(([a, b]) => [
    { source: a, target: b },
    { source: b, target: a },
  ]);
  // What the others link to goes first, so that they need one round.
  const wave = (hub: string | undefined) => (shape === "islands" || hub === first ? 0 : 1);
  const clusters = [...stacks].flatMap(([stack, names]) =>
    names.map((name) => [name, cluster(name, { stack, wave: wave(names[0]) })] as const),
  );
  return {
    linkerd: { version: "2026.8.3" },
    trust: { stack: TRUST, anchors: [{ id: "2026", state: "active" }] },
    clusters: Object.fromEntries(clusters),
    topology: { kind: "links", links },
  };
}

export function stacksOf(count: number): Stacks {
  const names = Array.from({ length: count }, (_, at) => `s${String(at + 1).padStart(3, "0")}`);
  return new Map(
    names.map((stack) => [stack, Array.from({ length: CLUSTERS }, (_, at) => `${stack}-${at}`)]),
  );
}
