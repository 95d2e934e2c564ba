import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { pulumi } from "../../lab/engine";
import { type Lab, openLab, repository } from "../../lab/env";
import { ensureToolchain, type Toolchain } from "../../lab/toolchain";

let folder: string;
let lab: Lab;
let tools: Toolchain;

beforeAll(async () => {
  tools = await ensureToolchain({ log: (line) => console.log(line) });
  folder = mkdtempSync(join(tmpdir(), "linkerd-fleet-mistakes-"));
  lab = { ...openLab({ LINKERD_FLEET_LAB: folder, LINKERD_FLEET_PROJECT: folder }), state: folder };
  const project = { name: "linkerd-fleet", runtime: "nodejs", main: join(repository, "index.ts") };
  writeFileSync(join(folder, "Pulumi.yaml"), stringify(project));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `pulumi preview` says of a stack file. */
async function preview(config: object): Promise<{ code: number; output: string }> {
  rmSync(lab.stackFile, { force: true });
  await pulumi(lab, tools, ["stack", "rm", "dev", "--yes", "--force"]);
  writeFileSync(lab.stackFile, stringify({ config }));
  const made = await pulumi(lab, tools, ["stack", "init", "dev"]);
  if (made.code !== 0) throw new Error(made.stderr);
  const ran = await pulumi(lab, tools, ["preview"]);
  return { code: ran.code, output: ran.stdout + ran.stderr };
}

it("a stack file with ten mistakes prints ten messages, each with its path, and no stack trace", async () => {
  const { code, output } = await preview({
    "linkerd-fleet:linkerd": { version: "^2026.8.3", chanel: "edge" },
    "linkerd-fleet:trust": { anchors: [{ id: "2026", state: "staged" }] },
    "linkerd-fleet:clusters": {
      us: { context: "shared", network: "a", apiServer: "https://us.example.com" },
      eu: { context: "shared", network: "b", apiServer: "https://eu.example.com" },
      "ap.ac": { context: "apac", apiServer: "https://apac.example.com" },
      edge: { context: "edge", apiServer: "http://edge.example.com", gateway: { type: "none" } },
    },
    "linkerd-fleet:topology": {
      kind: "mesh",
      links: [
        { source: "us", target: "us" },
        { source: "us", target: "mars" },
      ],
    },
    "linkerd-fleet:services": [
      { name: "checkout", namespace: "shop", mode: "federated", in: ["us", "eu"], ports: [80] },
      { name: "reports", namespace: "bi", mode: "gateway", in: ["edge"], ports: [80], allowGateway: true },
    ],
  });
  expect(code).not.toBe(0);
  expect(output).toMatch(/The stack file has 1\d problems/);
  for (const path of [
    "linkerd.version",
    "linkerd.chanel",
    "trust.anchors",
    "clusters.us.context",
    'clusters["ap.ac"]',
    "clusters.edge.apiServer",
    "topology.links[0]",
    "topology.links[1].target",
    "services[0]",
    "services[1]",
  ]) {
    expect(output).toContain(path);
  }
  expect(output).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
  expect(output).not.toContain("node_modules");
});

it("an empty stack file says which sections to write", async () => {
  const { code, output } = await preview({});
  expect(code).not.toBe(0);
  for (const section of ["linkerd", "trust", "clusters"]) expect(output).toContain(section);
  expect(output).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
});

it("a secret in plain text is refused without being repeated", async () => {
  const { code, output } = await preview({
    "linkerd-fleet:linkerd": { version: "2026.8.3" },
    "linkerd-fleet:trust": { anchors: [{ id: "2026", state: "active" }] },
    "linkerd-fleet:clusters": {
      us: { kubeconfig: { secret: "kubeconfig-us" }, apiServer: "https://us.example.com" },
    },
    "linkerd-fleet:kubeconfig-us": "token: PLANTED-SECRET",
  });
  expect(code).not.toBe(0);
  expect(output).toContain("pulumi config set --secret");
  expect(output).not.toContain("PLANTED-SECRET");
});
