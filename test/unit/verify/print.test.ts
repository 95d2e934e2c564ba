import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { differences } from "../../../ops/verify/differences";
import type { Result } from "../../../ops/verify/judge";
import { junit, table } from "../../../ops/verify/print";
import { compareRights, readRules } from "../../../ops/verify/rights";

describe("what is printed", () => {
  const finding = { message: "it is <broken>", remedy: "mend it", runbook: "restore" } as const;
  const results: Result[] = [
    { check: "a & b", subject: "us", outcome: "ok", findings: [] },
    { check: "a & b", subject: "eu", outcome: "error", findings: [{ severity: "error", ...finding }] },
    ...["x", "y"].map((subject): Result => {
      const unknown = { severity: "unknown", ...finding, message: "nobody knows" } as const;
      return { check: "c", subject, outcome: "unknown", findings: [unknown] };
    }),
  ];

  it("names every failure with its remedy and its runbook, and one reason not to know once", () => {
    const lines = table(results, "the end").split("\n");
    expect(lines.slice(-5)).toEqual([
      "failed: eu: it is <broken>",
      "    → mend it (docs/runbooks/restore.md)",
      "not known: x, y: nobody knows",
      "    → mend it (docs/runbooks/restore.md)",
      "the end",
    ]);
  });

  it("for CI is one case for each cluster, link or service", () => {
    expect(junit(results)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="a &amp; b" tests="2" failures="1" skipped="0">
    <testcase name="us" classname="a &amp; b"></testcase>
    <testcase name="eu" classname="a &amp; b"><failure message="it is &lt;broken&gt;">it is &lt;broken&gt;
→ mend it</failure></testcase>
  </testsuite>
  <testsuite name="c" tests="2" failures="0" skipped="2">
    <testcase name="x" classname="c"><skipped message="nobody knows"/></testcase>
    <testcase name="y" classname="c"><skipped message="nobody knows"/></testcase>
  </testsuite>
</testsuites>
`);
  });
});

it("differences are named by their paths, and what is absent is as good as undefined", () => {
  const planned = { a: 1, b: { c: [1, 2], d: undefined } };
  expect(differences(planned, { a: 1, b: { c: [1, 2] } })).toEqual([]);
  expect(differences(planned, { a: 2, b: { c: [1, 3] }, e: 1 })).toEqual(["a", "b.c[1]", "e"]);
  expect(differences(planned, { a: 1, b: { c: [1] } })).toEqual(["b.c"]);
});

it("rights are compared one by one, besides those that everybody has", () => {
  const pods = { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] };
  const self = {
    apiGroups: ["authorization.k8s.io"],
    resources: ["selfsubjectrulesreviews"],
    verbs: ["create"],
  };
  expect(
    compareRights([pods], [self, { ...pods, verbs: ["list"] }, { ...pods, verbs: ["get"] }]),
  ).toBeUndefined();
  expect(compareRights([pods], [{ ...pods, resources: ["*"] }])).toBe(
    "may also get *, list *; may not get pods, list pods",
  );
  const paths = { verbs: ["get"], nonResourceURLs: ["/metrics"] };
  expect(compareRights([pods], readRules([pods, paths]))).toBe("may also get /metrics");
  expect(compareRights([pods], readRules([pods, { ...paths, apiGroups: [], resources: [] }]))).toBe(
    "may also get /metrics",
  );
  expect(readRules(null)).toEqual([]);
});

it("every runbook that a finding may name exists", () => {
  const text = readdirSync("ops/verify", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join("ops/verify", name), "utf8"))
    .join("\n");
  const named = [...text.matchAll(/runbook: "([\w-]+)"/g)].map(([, name]) => `${name}.md`);
  expect(new Set(named).size).toBeGreaterThan(3);
  expect(readdirSync("docs/runbooks")).toEqual(expect.arrayContaining([...new Set(named)]));
});
