import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import {
  auditsSince,
  NEEDED_NODE,
  NEEDED_PULUMI,
  nodeProblem,
  pulumiProblem,
} from "../../../fleet/neededVersions";
import { goTools, toolVersion } from "../../../lab/toolchain/tools";

const root = join(__dirname, "..", "..", "..");

it.each([
  ["20.20.2", true],
  ["22.9.0", true],
  ["22.18.9", true],
  ["22.19.0", false],
  ["22.100.0", false],
  ["26.0.0", false],
])("Node.js %s is too old: %s", (version, isOld) => {
  expect(nodeProblem(version)?.includes(version) ?? false).toBe(isOld);
});

it.each([
  ["v3.68.0", true],
  ["v3.275.5-dev.0+dirty", true],
  ["v3.276.0", false],
  ["3.1000.0", false],
  ["", false],
])("the Pulumi CLI %s is too old: %s", (version, isOld) => {
  expect(pulumiProblem(version) !== undefined).toBe(isOld);
});

it.each([
  ["2024.7.4", "2024.7.5"],
  ["2024.7.5", undefined],
  ["2024.10.1", undefined],
  ["2026.8.3", undefined],
  ["2.15.9", "2.16.0"],
  ["2.16.0", undefined],
  ["3.0.0", undefined],
  ["0.0.0-dev", undefined],
  ["mine", undefined],
])("Linkerd %s audits since %s", (version, since) => {
  expect(auditsSince(version)).toBe(since);
});

it("the tests run with the oldest Pulumi CLI that is taken", () => {
  const pulumi = goTools.find(({ name }) => name === "pulumi");
  expect(pulumi && toolVersion(pulumi)).toBe(`v${NEEDED_PULUMI}`);
});

it("package.json asks for the same Node.js", () => {
  const shape = z.object({ engines: z.object({ node: z.string() }) });
  const { engines } = shape.parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  expect(`${engines.node.replace(">=", "")}.0`).toBe(NEEDED_NODE);
});

it.each([
  [
    "the command",
    [join(root, "ops", "fleet.cjs"), "--help"],
    3,
    /^fleet needs Node\.js 22\.19\.0 or later, and this is 20\.20\.2: .*\n$/,
  ],
  [
    "the policy pack",
    ["--import", "tsx", join(root, "policy", "index.ts")],
    1,
    /^This program needs Node\.js 22\.19\.0 or later, .* is 20\.20\.2\.\n$/,
  ],
])("%s says so in one line, before it loads anything", (_, program, code, words) => {
  const folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-node-"));
  const file = join(folder, "older.cjs");
  writeFileSync(file, OLDER_NODE);
  const ran = spawnSync(process.execPath, ["--require", file, ...program], { encoding: "utf8", cwd: root });
  rmSync(folder, { recursive: true });
  expect(ran.stderr).toMatch(words);
  expect(ran.status).toBe(code);
});

const OLDER_NODE =
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });\n";
