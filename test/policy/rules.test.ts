import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CrossStackOutputs } from "../../fleet/stacks/crossStack";
import { analyze, type Judged, type RuleVerdict } from "../../policy/analyze";
import { type Profile, profile } from "../../policy/profile";
import { RULES } from "../../policy/rules";
import { meshConfig, meshPlan } from "../../testing/fleets";
import { deploy, split } from "../../testing/stacks";
import { CASES } from "./cases";
import { set } from "./changes";
import { judgedOf, judgedPlan } from "./judged";

let fleet: Judged[];
let preview: Judged[];
let prod: Profile;
const table: string[] = [];

beforeAll(async () => {
  // One after the other: mocks belong to the whole process.
  fleet = await judgedOf("examples/three-regions.yaml");
  preview = await judgedOf("examples/three-regions.yaml", { preview: true });
  prod = profile.parse(JSON.parse(readFileSync("policy/profiles/prod.json", "utf8")));
});
afterAll(() => console.log(`the rule that fires: for which one-line change\n${table.join("\n")}`));

const names = (verdicts: readonly RuleVerdict[]) => [...new Set(verdicts.map(({ rule }) => rule))];

it("a fleet as this program makes it keeps every rule", async () => {
  expect(await analyze(fleet, prod)).toEqual([]);
});

it.each([1, 2])("one stack of several keeps what the whole fleet keeps, in round %s", async (round) => {
  const config = split(meshConfig(4), (name) => (name < "c003" ? "one" : "two"));
  const whole = names(await analyze(await judgedPlan(meshPlan(4)), profile.parse({})));
  const crossStack = new Map<string, CrossStackOutputs>();
  const plans = Array.from({ length: round }, () => deploy(config, ["one", "two"], crossStack));
  for (const plan of plans.at(-1)?.values() ?? []) {
    const verdicts = await analyze(await judgedPlan(plan, { crossStack }), profile.parse({}));
    expect(names(verdicts), JSON.stringify(verdicts)).toEqual(whole);
  }
});

it("the networks of probes are let in to a route, and to nothing else", async () => {
  const targetRef = { group: "policy.linkerd.io", kind: "Server", name: "fleet.payments.admin" };
  const opened = fleet.map((one) =>
    one.name.endsWith("-probes")
      ? { ...one, inputs: { ...one.inputs, spec: { ...Object(one.inputs.spec), targetRef } } }
      : one,
  );
  expect(names(await analyze(opened, prod))).toEqual(["callers-authenticated"]);
});

it("a service that the profile names may be audited, and no other", async () => {
  const audited = fleet.map((one) =>
    one.name === "prod-us-shop-checkout-grant-http"
      ? { ...one, inputs: { ...one.inputs, spec: { ...Object(one.inputs.spec), accessPolicy: "audit" } } }
      : one,
  );
  const naming = (...services: string[]) =>
    profile.parse({ resources: { rules: { "no-audit": { services } } } });
  expect(names(await analyze(audited, naming("shop/checkout")))).toEqual([]);
  expect(names(await analyze(audited, naming("bi/checkout")))).toEqual(["no-audit"]);
});

it("a profile may refuse the Gateway API of Linkerd's chart", async () => {
  const from = (version: string) =>
    profile.parse({ resources: { rules: { "gateway-api-version": { from: version } } } });
  const messages = (await analyze(fleet, from("1.2.1"))).map(({ rule, message }) => `${rule}: ${message}`);
  expect(messages).toHaveLength(3);
  expect(messages[0]).toMatch(
    /^gateway-api-version: .*version 1\.1\.1, and not 1\.2\.1 or later and below 1\.6\.0/,
  );
  expect(await analyze(fleet, from("1.1.1"))).toEqual([]);
});

it.each(["", "blue-"])("an anchor of a Fleet may go once it is retiring (%strust-2026)", async (prefix) => {
  const named = fleet.map((one) => {
    const isAnchor = one.urn.includes("linkerd-fleet:trust:TrustAnchor$");
    return isAnchor ? { ...one, name: prefix + one.name, protect: false } : one;
  });
  expect(names(await analyze(named, prod))).toEqual(["anchor-protected"]);
  const retiring = set("test", ["plan", "anchors", 0, "state"], "retiring").apply(named);
  expect(names(await analyze(retiring, prod))).not.toContain("anchor-protected");
});

it("every rule has a case", () => {
  const rules = Object.values(RULES).flatMap((group) => group.map(({ name }) => name));
  expect([...new Set(CASES.map(({ rule }) => rule))].sort()).toEqual(rules.sort());
});

describe.each(CASES)("$rule", ({ rule, broken, unknown, beside = broken }) => {
  it(`fires alone for ${broken.line}`, async () => {
    const verdicts = await analyze(broken.apply(fleet), prod);
    expect(names(verdicts), verdicts.map(({ message }) => message).join("\n")).toEqual([rule]);
    expect(verdicts.every(({ level }) => level === "mandatory")).toBe(true);
    table.push(`  ${rule}: ${broken.line.replaceAll("\\n", " ")}`);
  });

  it(`does not take for broken, nor for kept, ${unknown.line}`, async () => {
    const verdicts = await analyze(unknown.apply(fleet), prod);
    expect(names(verdicts)).toEqual(["waits-for-up"]);
    expect(verdicts[0]?.level).toBe("advisory");
    expect(verdicts[0]?.message).toContain(`  ${rule}: `);
  });

  it("judges what is known beside an unknown", async () => {
    const verdicts = await analyze(beside.apply(preview), prod);
    expect(names(verdicts)).toContain("waits-for-up");
    expect(names(verdicts)).toContain(rule);
  });
});
