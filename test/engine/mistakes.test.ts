import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { LoneProject } from "../../testing/loneProject";

let project: LoneProject;
beforeAll(async () => {
  project = await LoneProject.create();
});
afterAll(() => project?.remove());

/** What `pulumi preview` says of a stack file. */
async function preview(config: object): Promise<{ code: number; output: string }> {
  await project.newStack(config);
  const ran = await project.pulumi("preview");
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

it("a Node.js that is too old is named in one line, with the one that is needed", async () => {
  const older = join(project.folder, "older.cjs");
  const versions = "{ value: { ...process.versions, node: '20.20.2' } }";
  writeFileSync(older, `Object.defineProperty(process, "versions", ${versions});\n`);
  vi.stubEnv("NODE_OPTIONS", `--require ${older}`);
  const { code, output } = await preview({});
  vi.unstubAllEnvs();
  expect(code).not.toBe(0);
  expect(output).toContain(
    "This program needs Node.js 22.19.0 or later, and `node` on the PATH of `pulumi` is 20.20.2.",
  );
  expect(output).not.toContain("The stack file");
  expect(output).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
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
