import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { stack } from "../../../testing/arbitraries";
import { CHARTS } from "../../../testing/mistakes/charts";
import { ACCESSES, CLUSTERS, TOPOLOGY } from "../../../testing/mistakes/fleet";
import { GRANTS } from "../../../testing/mistakes/grants";
import { ISSUERS } from "../../../testing/mistakes/issuers";
import { PREFERENCES } from "../../../testing/mistakes/preferences";
import { RESTART } from "../../../testing/mistakes/restart";
import { SECRETS } from "../../../testing/mistakes/secrets";
import { SERVICES } from "../../../testing/mistakes/services";
import { REFERENCES, SHAPES } from "../../../testing/mistakes/shapes";
import { type Mistake, problemsOf, type Sections, soundFleet } from "../../../testing/mistakes/sound";
import { TRAFFIC } from "../../../testing/mistakes/traffic";
import { good, other, rsa, TRUST } from "../../../testing/mistakes/trust";

const TABLES: Readonly<Record<string, readonly Mistake[]>> = {
  shapes: SHAPES,
  references: REFERENCES,
  clusters: CLUSTERS,
  topology: TOPOLOGY,
  accesses: ACCESSES,
  services: SERVICES,
  grants: GRANTS,
  traffic: TRAFFIC,
  preferences: PREFERENCES,
  trust: TRUST,
  issuers: ISSUERS,
  restart: RESTART,
  secrets: SECRETS,
  charts: CHARTS,
};

const KUBECONFIG = {
  clusters: [{ name: "one", cluster: { server: "https://one" } }],
  contexts: [{ name: "one", context: { cluster: "one", user: "me" } }],
  users: [{ name: "me", user: { token: "planted" } }],
};

/** Values that are encrypted, for mistakes that refer to them. */
const STORED = {
  stored: "not a private key",
  kubeconfigs: JSON.stringify(KUBECONFIG).replace("{", "{ # YAML\n"),
  "kubeconfig-json": KUBECONFIG,
  "cut-short": "{ users: [{ token: planted",
};

/** The sound fleet with these mistakes, and the encrypted values they refer to. */
function spoilt(...mistakes: readonly Mistake[]): [Sections, Record<string, unknown>] {
  const sections = soundFleet();
  for (const [, make] of mistakes) make(sections);
  const text = JSON.stringify(sections);
  return [sections, Object.fromEntries(Object.entries(STORED).filter(([key]) => text.includes(`"${key}"`)))];
}

describe("a stack file", () => {
  it("that the mistakes are made in is sound", () => {
    expect(problemsOf(soundFleet())).toEqual([]);
  });

  describe.each(Object.entries(TABLES))("is refused, once and with a remedy (%s), for", (_, mistakes) => {
    it.each(mistakes)("%s", (...mistake) => {
      const [, , path, word] = mistake;
      const problems = problemsOf(...spoilt(mistake));
      expect(problems.map((problem) => problem.path)).toEqual([path]);
      expect(problems[0]?.problem).not.toBe("");
      expect(problems[0]?.fix).toContain(word);
    });
  });

  it.each([
    ["ECDSA", good],
    ["RSA", rsa],
  ])("may bring its own trust anchor, with its key as a secret (%s)", (_, { pem, key }) => {
    const sections = soundFleet();
    sections.trust.anchors[0] = {
      id: "own",
      state: "active",
      certificate: pem,
      privateKey: { secret: "root" },
    };
    expect(problemsOf(sections, { root: key })).toEqual([]);
    expect(problemsOf(sections, { root: other.key })).toMatchObject([
      { path: "trust.anchors[0].privateKey", problem: "is not the key of this certificate" },
    ]);
  });

  it("may not encrypt what a preview must show", () => {
    const { problems } = parseFleetConfig({ ...stack(soundFleet()), secretKeys: new Set(["clusters"]) });
    expect(problems).toMatchObject([{ path: "clusters" }]);
  });
});

/** What is wrong only between sections: a mistake in one of these may leave nothing to judge. */
const BETWEEN_SECTIONS = new Set([
  "another control-plane namespace in one cluster",
  "links that carry nothing",
  "an export to which no link leads",
  "a federated member on no network",
  "a federated member on another network",
  "two mirrors of one name",
  "a mirror with the name of a service",
  "two releases of one name in a cluster",
  "no weight at all",
  "gateways that stand by for each other",
  "headless services of one cluster in both modes",
  "probe networks that keep out the probes of a gateway's sources",
  "the evacuation of all members but a draining one",
  "an adopted cluster whose pods cannot trust the new anchor",
]);

describe("several mistakes", () => {
  it("in different sections are all told", () => {
    const bySection = new Map<string, Mistake[]>();
    for (const mistake of Object.values(TABLES).flat()) {
      const [section, more] = touchedSections(mistake);
      if (section === undefined || more !== undefined || BETWEEN_SECTIONS.has(mistake[0])) continue;
      bySection.set(section, [...(bySection.get(section) ?? []), mistake]);
    }
    expect([...bySection.keys()]).toEqual(expect.arrayContaining(Object.keys(soundFleet())));
    const one = [...bySection.values()].map((mistakes) => fc.constantFrom(...mistakes));
    fc.assert(
      fc.property(fc.tuple(...one), (mistakes) => {
        const told = problemsOf(...spoilt(...mistakes)).map(({ path }) => path);
        expect(told).toEqual(expect.arrayContaining(mistakes.map(([, , path]) => path)));
      }),
      { numRuns: 300 },
    );
  });
});

function touchedSections(mistake: Mistake): string[] {
  const sound = soundFleet();
  const [sections] = spoilt(mistake);
  return Object.keys({ ...sound, ...sections }).filter(
    (key) => JSON.stringify(sound[key]) !== JSON.stringify(sections[key]),
  );
}
