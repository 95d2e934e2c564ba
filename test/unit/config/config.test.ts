import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { list, map } from "../../../fleet/config/json";
import { parseFleetConfig } from "../../../fleet/config/parse";
import { formatProblems } from "../../../fleet/config/problems";
import { planFleet } from "../../../fleet/plan";
import { configOf, fleetInputs } from "../../../testing/arbitraries";
import { problemsOf, type Sections, soundFleet } from "../../../testing/mistakes/sound";

describe("a stack file", () => {
  it("that is spoilt by the refusal tests is sound before", () => {
    expect(problemsOf(soundFleet())).toEqual([]);
  });

  it("with ten different mistakes prints ten messages, each with its path", () => {
    const sections = soundFleet();
    sections.topolgy = { kind: "mesh" };
    sections.linkerd.chanel = "edge";
    sections.linkerd.version = "^2026.8.3";
    sections.trust.issuer = { lifetimeHours: 720 };
    sections.trust.anchors[0].id = 2026;
    sections.clusters.eu.wave = "1";
    sections.clusters.apac.linkerd = { namespace: "mesh" };
    sections.topology.links.push({ source: "us", target: "us" });
    sections.services[0].headless = true;
    sections.leftover = "x";
    const text = formatProblems(problemsOf(sections));
    expect(text).toMatch(/^The stack file has 10 problems:\n/);
    for (const path of [
      "topolgy",
      "linkerd.chanel",
      "linkerd.version",
      "trust.issuer.renewBeforeHours",
      "trust.anchors[0].id",
      "clusters.eu.wave",
      "clusters.apac.linkerd.namespace",
      "topology.links[0].target",
      "services[0].headless",
      "leftover",
    ]) {
      expect(text).toContain(`\n  ${path}\n`);
    }
    expect(text).not.toMatch(/\n\s+at .*\.ts/);
  });

  it("hides nothing behind a mistake in another entry", () => {
    const sections = soundFleet();
    sections.clusters.us.apiServer = 1;
    sections.clusters["b.c"] = { context: "bc", wave: -1, apiServer: "https://bc" };
    sections.topology = { kind: "ring", links: [{ source: "eu", target: "eu" }, { source: "eu" }] };
    sections.services.push(
      { name: "x" },
      { name: "y", namespace: "y", mode: "federated", headless: true, in: ["us", "uk"], ports: [80] },
    );
    expect(problemsOf(sections).map(({ path }) => path)).toEqual([
      "clusters.us.apiServer",
      'clusters["b.c"]',
      'clusters["b.c"].wave',
      "services[1].in",
      "services[1].mode",
      "services[1].namespace",
      "services[1].ports",
      "services[2].headless",
      "services[2].in[1]",
      "topology.kind",
      "topology.links[0].target",
      "topology.links[1].target",
    ]);
  });

  it("is told what is wrong, and not what follows from it", () => {
    const sections = soundFleet();
    sections.clusters.us = "us";
    delete sections.clusters.apac.network;
    sections.services.push({ name: "y", namespace: "y", mode: "flat", in: ["eu", "us"], ports: [80] });
    sections.topology = { kind: "links", links: [{ source: "us", target: "eu" }] };
    expect(problemsOf(sections)).toMatchObject([
      { path: "clusters.us", problem: "is text, not a map of settings" },
    ]);
  });

  it("of the kind the documentation opens with is a small one", () => {
    const file = parseYaml(`
linkerd: { channel: edge, version: 2026.8.3, ha: true }
trust:
  anchors: [{ id: "2026", state: active }]
clusters:
  prod-us:   { context: prod-us,   region: us,   network: backbone, apiServer: https://api.us.example.com, podNetworks: [10.1.0.0/16] }
  prod-eu:   { context: prod-eu,   region: eu,   network: backbone, apiServer: https://api.eu.example.com, podNetworks: [10.2.0.0/16] }
  prod-apac: { context: prod-apac, region: apac, apiServer: https://api.apac.example.com, gateway: { type: static, address: gw.apac.example.com } }
topology: { kind: mesh }
services:
  - { name: checkout, namespace: shop, mode: federated, in: [prod-us, prod-eu], ports: [http], allow: [{ serviceAccount: web, namespace: shop }] }
  - { name: reports,  namespace: bi,   mode: gateway,   in: [prod-apac], ports: [http], allowGateway: true }
`);
    const plan = planFleet(configOf(file));
    expect(plan.links.map(({ source, target, modes }) => `${source}>${target} ${modes}`)).toEqual([
      "prod-apac>prod-eu gateway",
      "prod-apac>prod-us gateway",
      "prod-eu>prod-apac gateway",
      "prod-eu>prod-us gateway,flat,federated",
      "prod-us>prod-apac gateway",
      "prod-us>prod-eu gateway,flat,federated",
    ]);
    expect(plan.exports).toHaveLength(3);
  });

  it("of the lab is valid", () => {
    const { config } = parseYaml(readFileSync("Pulumi.dev.yaml", "utf8"));
    const sections = Object.entries(map(config)).map(([key, value]) => [
      key.replace(/^linkerd-fleet:/, ""),
      value,
    ]);
    expect(problemsOf(Object.fromEntries(sections))).toEqual([]);
  });
});

describe("any stack file", () => {
  it("that describes a sound fleet is accepted", () => {
    fc.assert(
      fc.property(fleetInputs(), (input) => {
        expect(problemsOf(input)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("is answered, whatever it holds", () => {
    const sections = fc.record(
      {
        linkerd: fc.jsonValue(),
        trust: fc.oneof(fc.jsonValue(), fc.record({ anchors: fc.array(fc.jsonValue()) })),
        clusters: fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())),
        topology: fc.oneof(
          fc.jsonValue(),
          fc.record({
            kind: fc.constantFrom("islands", "hub"),
            links: fc.jsonValue(),
            bridges: fc.jsonValue(),
          }),
        ),
        services: fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())),
        other: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(sections, fc.subarray(["linkerd", "clusters", "other"]), (values, secretKeys) => {
        const { config, problems } = parseFleetConfig({ values, secretKeys: new Set(secretKeys) });
        expect(config === undefined).toBe((problems ?? []).length > 0);
        for (const { path, problem, fix } of problems ?? []) expect([path, problem, fix]).not.toContain("");
      }),
      { numRuns: 300 },
    );
  });

  it("is refused for a key that means nothing, wherever it stands", () => {
    fc.assert(
      fc.property(
        fleetInputs(),
        fc.nat(),
        fc.string().map((s) => `x${s}`),
        fc.jsonValue(),
        (input, at, key, value) => {
          const sections: Sections = structuredClone(input);
          const places = settingsMaps(sections);
          const place = places[at % places.length] ?? sections;
          place[key] = value;
          expect(problemsOf(sections).length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    ['"version"', "linkerd.__proto__"],
    ['"domain"', "linkerd.charts.crds.values.__proto__"],
  ])("is refused for the key that object literals lose (before %s)", (before, path) => {
    const sections = soundFleet();
    sections.linkerd.charts = { crds: { values: { domain: "x" } } };
    const text = JSON.stringify(sections).replace(before, `"__proto__":{"a":1},${before}`);
    expect(problemsOf(JSON.parse(text))).toMatchObject([{ path }]);
  });

  it("never has a secret of it repeated in a message", () => {
    const body = fc.stringMatching(/^[A-Za-z0-9+/]{20,40}$/);
    const secret = fc.oneof(
      body.map((text) => ({
        text,
        planted: `-----BEGIN EC PRIVATE KEY-----\n${text}\n-----END EC PRIVATE KEY-----\n`,
      })),
      body.map((text) => ({ text, planted: `kind: Config\nusers:\n- user:\n    token: ${text}\n` })),
      body.map((text) => ({
        text: text.replace(/[+/]/g, "_"),
        planted: `eyJhbGciOi.eyJhdWQi.${text.replace(/[+/]/g, "_")}`,
      })),
      body.map((text) => ({ text: `${text}:=`, planted: `${text}:=` })),
    );
    fc.assert(
      fc.property(fleetInputs(), fc.nat(), fc.boolean(), secret, (input, at, asKey, { text, planted }) => {
        const sections: Sections = structuredClone(input);
        const places = everyPlace(sections);
        const { holder, key } = places[at % places.length] ?? { holder: sections, key: "linkerd" };
        const isList: boolean = Array.isArray(holder);
        if (asKey && !isList) {
          holder[planted] = holder[key];
          delete holder[key];
        } else {
          holder[key] = planted;
        }
        expect(formatProblems(problemsOf(sections))).not.toContain(text);
      }),
      { numRuns: 400 },
    );
  });
});

/** Every map whose keys are settings. */
function settingsMaps(f: Sections): Sections[] {
  const clusters: Sections[] = Object.values(f.clusters);
  return [
    f,
    f.linkerd,
    f.trust,
    f.topology,
    ...f.trust.anchors,
    ...clusters,
    ...clusters.map((cluster) => cluster.gateway),
    ...list(f.topology.links).map((link) => link as Sections),
    ...f.services,
  ];
}

/** Every place of a value, at any depth. */
function everyPlace(holder: Sections): { holder: Sections; key: string }[] {
  return Object.keys(holder).flatMap((key) => {
    const value: unknown = holder[key];
    const inner = typeof value === "object" && value !== null ? everyPlace(value) : [];
    return [{ holder, key }, ...inner];
  });
}
