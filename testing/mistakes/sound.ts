import { parseFleetConfig } from "../../fleet/config/parse";
import type { Problem } from "../../fleet/config/problems";
import { stack } from "../arbitraries";

/** Sections that a test changes anywhere, also against their types. */
// biome-ignore lint/suspicious/noExplicitAny: a stack file may hold anything
export type Sections = Record<string, any>;

/** One mistake: how it is made in `soundFleet()`, where it is told, and a word of its remedy. */
export type Mistake = readonly [mistake: string, make: (f: Sections) => void, path: string, word: string];

/** A valid fleet, to be spoilt in one place. */
export function soundFleet(): Sections {
  const cluster = (name: string, at: number) => ({
    context: name,
    network: "backbone",
    region: name,
    podNetworks: [`10.${at}.0.0/16`],
    apiServer: `https://api.${name}.example.com`,
  });
  return {
    linkerd: { version: "2026.8.3" },
    trust: { anchors: [{ id: "2026", state: "active" }] },
    clusters: { us: cluster("us", 1), eu: cluster("eu", 2), apac: cluster("apac", 3) },
    topology: { kind: "mesh", links: [] },
    services: [{ name: "checkout", namespace: "shop", mode: "federated", in: ["us", "eu"], ports: [8080] }],
  };
}

/** What is wrong with a stack of these sections and encrypted keys. */
export function problemsOf(sections: Sections, secrets: Record<string, unknown> = {}): readonly Problem[] {
  return parseFleetConfig(stack(sections, secrets)).problems ?? [];
}

/** The same, a line for each problem. */
export function told(sections: Sections, secrets: Record<string, string> = {}): string[] {
  return problemsOf(sections, secrets).map(({ path, problem, fix }) => `${path}: ${problem} → ${fix}`);
}

/** What is said of the sound fleet after one change to it. */
export function toldAfter(change: (f: Sections) => void, secrets: Record<string, string> = {}): string[] {
  const sections = soundFleet();
  change(sections);
  return told(sections, secrets);
}
